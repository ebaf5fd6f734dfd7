"""Makes a value what a wish wants it to be, if its type can be that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from connector.leads.avro_schema import RECORDS, Node, kind_of, logical_of
from connector.samples.made_up import Role
from connector.samples.wishes import Want, Wish

_NUMBERS = frozenset({"int", "long", "float", "double"})
_OTHER = "something else"


class Makes(Protocol):
    """Makes values of a schema's types."""

    def make(self, node: Node, names: tuple[str, ...], role: Role | None = None) -> Any:
        """A value, as there as it can be."""

    def definition(self, node: Node) -> Node:
        """What a type's name stands for."""


Grant: TypeAlias = Callable[[Node, Any, "tuple[str, ...]"], Any]
"""From a type, its present value and the names on the way to it to the value as wished, or as it was."""


def granting(maker: Makes, wish: Wish) -> Grant:
    """The change that grants a wish."""

    def grant(node: Node, value: Any, names: tuple[str, ...]) -> Any:
        branches = [maker.definition(branch) for branch in node] if isinstance(node, list) else [node]
        match wish.want:
            case Want.THERE:
                return _there(maker, branches, value, names)
            case Want.ROLE:
                return _used(maker, branches, value, names, wish.value)
            case Want.EQUAL:
                fitting = (found for branch in branches if (found := _fitted(branch, wish.value)) is not _UNFIT)
                return next(fitting, value)
            case Want.DIFFERENT:
                return value if value != wish.value else _different(branches, value)
            case Want.HOLDS:
                return _holding(maker, branches, value, wish.value)
            case Want.TRUE:
                return value or _true(maker, branches, names)
            case Want.FALSE:
                return _false(branches, value)

    return grant


_UNFIT = object()


def _fitted(node: Node, wanted: object) -> object:
    """The value as this type has it, or _UNFIT."""
    kind = kind_of(node)
    if wanted is None:
        return None if kind == "null" else _UNFIT
    if kind == "enum":
        return wanted if wanted in node["symbols"] else _UNFIT
    if kind == "boolean":
        return wanted if isinstance(wanted, bool) else _UNFIT
    if kind == "string":
        number = isinstance(wanted, int | float) and not isinstance(wanted, bool)
        return str(wanted) if number else wanted if isinstance(wanted, str) else _UNFIT  # a number: behind | int
    if logical_of(node) == "decimal":
        return str(wanted) if isinstance(wanted, int | float) else _UNFIT
    if kind in _NUMBERS and logical_of(node) is None and isinstance(wanted, int | float):
        if kind in ("float", "double"):
            return wanted
        bound = 1 << (31 if kind == "int" else 63)
        return int(wanted) if -bound <= wanted < bound else _UNFIT
    return _UNFIT


def _there(maker: Makes, branches: list[Node], value: Any, names: tuple[str, ...]) -> Any:
    solid = [branch for branch in branches if kind_of(branch) != "null"]
    return maker.make(solid[0], names) if value is None and solid else value


def _used(maker: Makes, branches: list[Node], value: Any, names: tuple[str, ...], role: object) -> Any:
    solid = [branch for branch in branches if kind_of(branch) not in ("null", "map") and kind_of(branch) not in RECORDS]
    return maker.make(solid[0], names, role) if solid and isinstance(role, Role) else value


def _different(branches: list[Node], value: Any) -> Any:
    for branch in branches:
        match kind_of(branch):
            case "boolean" if isinstance(value, bool):
                return not value
            case "enum":
                return next((symbol for symbol in branch["symbols"] if symbol != value), value)
            case "string" if isinstance(value, str):
                return _OTHER
            case kind if kind in _NUMBERS and isinstance(value, int | float):
                return value - 1 if value > 0 else value + 1
    return None if any(kind_of(branch) == "null" for branch in branches) else value


def _holding(maker: Makes, branches: list[Node], value: Any, wanted: object) -> Any:
    for branch in branches:
        match kind_of(branch):
            case "array" if isinstance(value, list):
                items = maker.definition(branch["items"])
                item = _fitted(items, wanted) if not isinstance(items, list) else _UNFIT
                return value if item is _UNFIT or item in value else [item, *value]
            case "map" if isinstance(value, dict) and isinstance(wanted, str):
                return {wanted: maker.make(branch["values"], (wanted,)), **value}
            case "string" if isinstance(value, str) and isinstance(wanted, str):
                return value if wanted in value else wanted
    return value


def _true(maker: Makes, branches: list[Node], names: tuple[str, ...]) -> Any:
    for branch in branches:
        match kind_of(branch):
            case "null":
                continue
            case "boolean":
                return True
            case "map":
                return {"sample": maker.make(branch["values"], (*names, "sample"))}
            case kind if kind in _NUMBERS and logical_of(branch) is None:
                return 1
            case _:
                return maker.make(branch, names)
    return None


def _false(branches: list[Node], value: Any) -> Any:
    kinds = {kind_of(branch) for branch in branches}
    if "null" in kinds:
        return None
    empty: tuple[tuple[str, object], ...] = (("boolean", False), ("string", ""), ("array", []), ("map", {}))
    for kind, nothing in empty:
        if kind in kinds and logical_of(branches[0]) is None:
            return nothing
    return 0 if kinds & _NUMBERS else value
