"""Which places of an event an expression reads, as far as its syntax tells.

A place is a way through the event: fields, indices, and items of a list that are picked by a field of theirs. What an
expression does with the value on its way (``| lower``, ``.strip()``) is looked through: whoever makes an event by these
places tries it with the real mapper, so a place that is read wrongly costs a try and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from jinja2 import TemplateError, nodes
from jinja2.parser import Parser

from connector.leads.expressions import is_function, is_template
from connector.leads.jinja import ENVIRONMENT
from connector.leads.spec import YamlValue


class Pick(NamedTuple):
    """An item of a list: the first whose ``field`` is what ``wanted`` gives. ``about``: the texts in ``wanted``, which
    say what the item is about."""

    field: str
    wanted: nodes.Expr
    about: tuple[str, ...] = ()


Step: TypeAlias = "str | int | Pick"
Place: TypeAlias = "tuple[Step, ...]"

_UNREADABLE = (TemplateError, RecursionError, SyntaxError, ValueError, OverflowError, MemoryError)
"""As in ``leads.expressions``; whoever made the mapper has said so before."""
_EQUALS = frozenset({"eq", "==", "equalto"})
_OPAQUE = frozenset({"dictsort", "items", "reject", "rejectattr", "select"})
"""Filters that do not lead to one place."""


def parsed(value: YamlValue) -> Iterator[nodes.Node]:
    """The syntax trees of all expressions and templates in a value of the mapping."""
    if isinstance(value, str):
        try:
            yield ENVIRONMENT.parse(value) if is_template(value) else _expression(value)
        except _UNREADABLE:
            return
    elif isinstance(value, list):
        for each in value:
            yield from parsed(each)
    elif isinstance(value, dict) and not is_function(value):
        for each in value.values():
            yield from parsed(each)


def _expression(source: str) -> nodes.Expr:
    return Parser(ENVIRONMENT, source, state="variable").parse_expression()


def place_of(node: nodes.Node | None) -> Place | None:
    """The place whose value a node is, or is made of; None where there is no such single place."""
    match node:
        case nodes.Name():
            return (node.name,)
        case nodes.Getattr():
            return _step(node.node, node.attr)
        case nodes.Getitem():
            if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
                return _step(node.node, node.arg.value)
            return place_of(node.node)  # a slice
        case nodes.Call():
            return place_of(node.node.node) if isinstance(node.node, nodes.Getattr) else None
        case nodes.Filter():
            return _filtered(node)
        case _:
            return None


def _step(node: nodes.Node, step: Step) -> Place | None:
    before = place_of(node)
    return None if before is None else (*before, step)


def _filtered(node: nodes.Filter) -> Place | None:
    arguments = [each.value if isinstance(each, nodes.Const) else None for each in node.args]
    keywords = {str(each.key): each.value for each in node.kwargs}
    match node.name, arguments:
        case "pick", [str(field), _]:
            return _step(node.node, _pick(field, node.args[1])) if node.node is not None else None
        case "selectattr", [str(field), str(test), _] if test in _EQUALS and node.node is not None:
            return _step(node.node, _pick(field, node.args[2]))
        case "selectattr", _:
            place = place_of(node.node)
            return place if place is None or (place and isinstance(place[-1], Pick)) else (*place, 0)
        case "first" | "last" | "min" | "max", _:
            place = place_of(node.node)
            return place if place is None or isinstance(place[-1], Pick) else (*place, 0)
        case "map", [] if isinstance(attribute := keywords.get("attribute"), nodes.Const):
            place = place_of(node.node)
            if place is None:
                return None
            steps = [int(each) if each.isdigit() else each for each in str(attribute.value).split(".")]
            return (*place, *(() if isinstance(place[-1], Pick) else (0,)), *steps)
        case name, _ if name in _OPAQUE:
            return None
        case _:
            return place_of(node.node)


def places_in(node: nodes.Node) -> Iterator[Place]:
    """Every place that a tree reads; those that another place depends on come before it."""
    place = place_of(node)
    for child in node.iter_child_nodes() if place is None else _arguments(node):
        yield from places_in(child)
    if place is not None:
        yield place


def _arguments(node: nodes.Node) -> Iterator[nodes.Node]:
    """What stands in the brackets of the filters and calls along a place."""
    if isinstance(node, nodes.Filter | nodes.Call):
        if node.node is not None:
            yield from _arguments(node.node)
        yield from node.args
    elif isinstance(node, nodes.Getattr | nodes.Getitem):
        yield from _arguments(node.node)


def filters_in(node: nodes.Node) -> Iterator[nodes.Filter]:
    """Every use of a filter."""
    if isinstance(node, nodes.Filter):
        yield node
    yield from node.find_all(nodes.Filter)


def _pick(field: str, wanted: nodes.Expr) -> Pick:
    texts = [wanted] if isinstance(wanted, nodes.Const) else wanted.find_all(nodes.Const)
    return Pick(field, wanted, tuple(each.value for each in texts if isinstance(each.value, str)))


def settled(place: Place, document: object) -> Place | None:
    """The place with what its picks want read from the event; None where the event does not say."""
    steps: list[Step] = []
    for step in place:
        if isinstance(step, Pick) and not isinstance(step.wanted, nodes.Const):
            inner = place_of(step.wanted)
            value = None if inner is None else read(inner, document)
            if value is None:
                return None
            steps.append(step._replace(wanted=nodes.Const(value)))
        else:
            steps.append(step)
    return tuple(steps)


def read(place: Place, document: object) -> object:
    """What stands there in an event of JSON; None where nothing does."""
    found = settled(place, document)
    value = document
    for step in found or ("",):
        if isinstance(step, Pick):
            wanted = step.wanted.value if isinstance(step.wanted, nodes.Const) else None
            items = value if isinstance(value, list) else []
            value = next((each for each in items if isinstance(each, dict) and each.get(step.field) == wanted), None)
        elif isinstance(step, int):
            value = value[step] if isinstance(value, list) and -len(value) <= step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
