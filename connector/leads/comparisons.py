"""The check of one comparison: symbols that an enum does not have, and types that never meet."""

from __future__ import annotations

from typing import TypeAlias

from jinja2 import nodes

from connector.leads.findings import Finding, nearest_or_all
from connector.leads.shapes import Shapes, elements_of, solid

SIGNS = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<=", "in": "in", "notin": "not in"}
"""Jinja2's names for operators, as they are written."""
EQUAL = frozenset({"eq", "ne"})
MEMBER = frozenset({"in", "notin"})
TEST_OPERATORS = {
    "eq": "eq", "==": "eq", "equalto": "eq", "ne": "ne", "!=": "ne", "in": "in", "gt": "gt", "greaterthan": "gt",
    ">": "gt", "ge": "gteq", ">=": "gteq", "lt": "lt", "lessthan": "lt", "<": "lt", "le": "lteq", "<=": "lteq",
}  # fmt: skip
"""Tests (``is eq('x')``, ``selectattr('a', 'eq', 'x')``) that compare."""

_GROUPS = {
    **dict.fromkeys(("boolean", "int", "long", "float", "double", "decimal"), "number"),
    **dict.fromkeys(("string", "enum"), "text"),
    **dict.fromkeys(("bytes", "fixed"), "bytes"),
    **dict.fromkeys(("record", "map"), "object"),
}
"""Kinds whose values can be equal; the others are equal to their own kind only."""
_NO_ORDER = frozenset({"object"})
_NOTHING: frozenset[str] = frozenset()
_WAYS_OUT = {
    frozenset({"text", "number"}): "a number stands without quotes; | int makes one of text, | string text of one",
    frozenset({"text", "timestamp"}): "| iso makes text of a time",
    frozenset({"text", "uuid"}): "| string makes text of a UUID",
}


Side: TypeAlias = "tuple[nodes.Node, Shapes | None]"
"""One side of a comparison as it is written, and what it can be."""


def compare_findings(operator: str, left: Side, right: Side) -> list[Finding]:
    """What is wrong with ``left operator right``, as far as that is certain."""
    (here, known), (there, others) = left, right
    if operator in MEMBER:
        items = there.items if isinstance(there, nodes.List | nodes.Tuple) else []
        return [found for item in items for found in _symbol_findings(known, item)] or _no_member(known, others)
    if operator in EQUAL and (found := _symbol_findings(known, there) or _symbol_findings(others, here)):
        return found
    return _type_findings(operator, known, others)


def _symbol_findings(shapes: Shapes | None, node: nodes.Node) -> list[Finding]:
    """A text beside an enum must be one of its symbols."""
    known = solid(shapes or ())
    if not known or not isinstance(node, nodes.Const) or not isinstance(node.value, str):
        return []
    if any(shape.kind != "enum" for shape in known):
        return []
    symbols = [symbol for shape in known for symbol in shape.symbols]
    if node.value in symbols:
        return []
    return [(f"the enum has no symbol {node.value!r}", nearest_or_all(node.value, symbols))]


def _type_findings(operator: str, left: Shapes | None, right: Shapes | None) -> list[Finding]:
    here, there = solid(left or ()), solid(right or ())
    if not here or not there:
        return []
    groups, others = _groups(here), _groups(there)
    if (groups & others) - (_NOTHING if operator in EQUAL else _NO_ORDER):
        return []
    kinds = f"{_kinds(here)} with {_kinds(there)}"
    what = "which are never equal" if operator in EQUAL else "which always fails"
    return [(f"{SIGNS[operator]} compares {kinds}, {what}", _WAYS_OUT.get(groups | others, ""))]


def _no_member(left: Shapes | None, right: Shapes | None) -> list[Finding]:
    elements = elements_of(right or ())
    return [
        (message.replace("== compares", "in compares"), hint) for message, hint in _type_findings("eq", left, elements)
    ]


def _groups(shapes: Shapes) -> frozenset[str]:
    return frozenset(_GROUPS.get(shape.kind, shape.kind) for shape in shapes)


def _kinds(shapes: Shapes) -> str:
    return " or ".join(sorted({shape.kind for shape in shapes}))
