"""What a condition says about null: which paths are certainly there where it holds, or where it does not."""

from __future__ import annotations

from typing import TypeAlias

from jinja2 import nodes

Way: TypeAlias = "tuple[str | int, ...]"
"""A path as it is written: ("person", "phones", 0)."""
Ways: TypeAlias = "frozenset[Way]"

_NOTHING: Ways = frozenset()
_ORDER = frozenset({"gt", "gteq", "lt", "lteq"})


def way_of(node: nodes.Node | None) -> Way:
    """The path that a node is, or an empty one."""
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        return (*way, node.attr) if (way := way_of(node.node)) else ()
    if isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
        return (*way, node.arg.value) if (way := way_of(node.node)) else ()
    return ()


def shown(way: Way) -> str:
    """A path for people."""
    first, *rest = way
    return str(first) + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in rest)


def there(node: nodes.Node, *, holds: bool) -> Ways:
    """The paths that are not null wherever the condition ``node`` came out as ``holds``."""
    if isinstance(node, nodes.Not):
        return there(node.node, holds=not holds)
    if isinstance(node, nodes.And if holds else nodes.Or):
        return there(node.left, holds=holds) | there(node.right, holds=holds)
    if isinstance(node, nodes.Test):
        absent = {"none": True, "undefined": True, "defined": False}.get(node.name)
        return _to(node.node) if absent is not None and absent is not holds else _NOTHING
    if isinstance(node, nodes.Compare):
        return _compared(node, holds=holds)
    return _to(node) if holds else _NOTHING


def _compared(node: nodes.Compare, *, holds: bool) -> Ways:
    if len(node.ops) != 1:
        return _NOTHING
    operator, left, right = node.ops[0].op, node.expr, node.ops[0].expr
    if operator in _ORDER:
        return _to(left) | _to(right)  # it would have failed
    if operator in ("eq", "ne"):
        equal = (operator == "eq") is holds
        return _equals(left, right, equal=equal) | _equals(right, left, equal=equal)
    if operator == "in" and holds and isinstance(right, nodes.List):
        return _to(left) if all(_is_value(each) for each in right.items) else _NOTHING
    return _NOTHING


def _equals(node: nodes.Expr, other: nodes.Expr, *, equal: bool) -> Ways:
    is_null = isinstance(other, nodes.Const) and other.value is None
    return _to(node) if (is_null and not equal) or (_is_value(other) and equal) else _NOTHING


def _is_value(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Const) and node.value is not None


def _to(node: nodes.Node) -> Ways:
    """The path and all that leads to it."""
    way = way_of(node)
    return frozenset(way[:end] for end in range(1, len(way) + 1))
