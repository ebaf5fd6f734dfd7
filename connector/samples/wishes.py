"""What an event must be like for a condition to hold, or not to hold: a list of ways, each a list of wishes.

It is found by the condition's syntax. What is not understood makes no wish, so a way is a try and not a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from itertools import islice, product
from typing import NamedTuple, TypeAlias

from jinja2 import nodes

from connector.leads.comparisons import TEST_OPERATORS
from connector.leads.spec import YamlValue
from connector.samples.places import Place, parsed, place_of

MOST_WAYS = 24
"""Kept of one condition."""


class Want(Enum):
    """What is wished of the value in a place."""

    THERE = auto()
    """It is not null, nor is anything on the way to it."""
    EQUAL = auto()
    DIFFERENT = auto()
    HOLDS = auto()
    """A list or text with this in it."""
    TRUE = auto()
    """It counts as true: neither empty nor nought."""
    FALSE = auto()
    ROLE = auto()
    """It is used as this ``made_up.Role``."""


class Wish(NamedTuple):
    """One wish; ``value`` is what the place's is compared with."""

    place: Place
    want: Want
    value: object = None


Way: TypeAlias = "tuple[Wish, ...]"

_ANY_WAY: list[Way] = [()]
_NUMBERS = {"gt": (1, 0), "gteq": (0, -1), "lt": (-1, 0), "lteq": (0, 1)}
"""What to add to the other side for a comparison to hold, and not to hold."""
_MIRRORED = {"gt": "lt", "gteq": "lteq", "lt": "gt", "lteq": "gteq"}
_TEXT_TESTS = frozenset({"startswith", "endswith"})


def ways(condition: YamlValue, *, holds: bool) -> list[Way]:
    """The ways in which the ``when`` of a route or filter comes out as ``holds``; empty where it never does."""
    if condition is None or isinstance(condition, bool):
        return list(_ANY_WAY) if (condition is not False) is holds else []
    trees = list(parsed(condition)) if isinstance(condition, str) else []
    return _ways(trees[0], holds) if trees else list(_ANY_WAY)  # a function of Python's: any event may do


def _ways(node: nodes.Node, holds: bool) -> list[Way]:
    match node:
        case nodes.Not():
            return _ways(node.node, not holds)
        case nodes.And() | nodes.Or():
            if isinstance(node, nodes.And) is holds:
                both = product(_ways(node.left, holds), _ways(node.right, holds))
                return [one + other for one, other in islice(both, MOST_WAYS)]
            return (_ways(node.left, holds) + _ways(node.right, holds))[:MOST_WAYS]
        case nodes.Const():
            return list(_ANY_WAY) if bool(node.value) is holds else []
        case nodes.Compare() if len(node.ops) == 1:
            return _compared(node.ops[0].op, node.expr, node.ops[0].expr, holds)
        case nodes.Test():
            return _tested(node, holds)
        case nodes.Call() if isinstance(node.node, nodes.Getattr) and node.node.attr in _TEXT_TESTS:
            argument = node.args[0] if node.args else None
            value = argument.value if isinstance(argument, nodes.Const) else None
            return _wish(node.node.node, Want.EQUAL if holds else Want.DIFFERENT, value)
        case _:
            return _wish(node, Want.TRUE if holds else Want.FALSE)


def _wish(node: nodes.Node | None, want: Want, value: object = None) -> list[Way]:
    place = place_of(node)
    return list(_ANY_WAY) if place is None else [(*_on_the_way(node), Wish(place, want, value))]


def _on_the_way(node: nodes.Node | None) -> Way:
    """What filters ask of the items that they let pass: ``selectattr('granted')``."""
    if isinstance(node, nodes.Filter):
        before = _on_the_way(node.node)
        place = place_of(node)
        field = node.args[0].value if node.args and isinstance(node.args[0], nodes.Const) else None
        if node.name == "selectattr" and len(node.args) == 1 and place is not None and isinstance(field, str):
            return (*before, Wish((*place, field), Want.TRUE))
        return before
    return _on_the_way(node.node) if isinstance(node, nodes.Getattr | nodes.Getitem) else ()


def _compared(operator: str, left: nodes.Expr, right: nodes.Expr, holds: bool) -> list[Way]:
    if operator in ("ne", "notin"):
        return _compared({"ne": "eq", "notin": "in"}[operator], left, right, not holds)
    if operator == "in":
        return _member(left, right, holds)
    if isinstance(left, nodes.Const) and not isinstance(right, nodes.Const):
        return _compared(_MIRRORED.get(operator, operator), right, left, holds)
    if not isinstance(right, nodes.Const):
        return list(_ANY_WAY)
    if operator == "eq":
        return _wish(left, Want.EQUAL if holds else Want.DIFFERENT, right.value)
    if operator in _NUMBERS and isinstance(right.value, int | float):
        if isinstance(left, nodes.Filter) and left.name in ("length", "count"):
            return _wish(left, Want.TRUE if holds is (operator in ("gt", "gteq")) else Want.FALSE)
        return _wish(left, Want.EQUAL, right.value + _NUMBERS[operator][0 if holds else 1])
    return list(_ANY_WAY)


def _member(left: nodes.Expr, right: nodes.Expr, holds: bool) -> list[Way]:
    if isinstance(left, nodes.Const):
        return _wish(right, Want.HOLDS, left.value) if holds else list(_ANY_WAY)
    items: Sequence[nodes.Expr] = right.items if isinstance(right, nodes.List | nodes.Tuple) else ()
    values = [each.value for each in items if isinstance(each, nodes.Const)]
    if holds:
        return [way for value in values for way in _wish(left, Want.EQUAL, value)][:MOST_WAYS] or list(_ANY_WAY)
    each_differs = [_wish(left, Want.DIFFERENT, value) for value in values]
    return [tuple(wish for [way] in each_differs for wish in way)]


def _tested(node: nodes.Test, holds: bool) -> list[Way]:
    match node.name:
        case "defined":
            return _wish(node.node, Want.THERE) if holds else _wish(node.node, Want.EQUAL)
        case "none" | "undefined":
            return _wish(node.node, Want.EQUAL) if holds else _wish(node.node, Want.THERE)
        case name if (operator := TEST_OPERATORS.get(name)) is not None and node.args:
            return _compared(operator, node.node, node.args[0], holds)
        case _:
            return list(_ANY_WAY)
