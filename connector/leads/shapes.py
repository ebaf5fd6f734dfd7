"""What the reader schema says a value can be: the Avro schema as a graph that paths can be checked against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

_PRIMITIVES = frozenset({"boolean", "int", "long", "float", "double", "bytes", "string"})
_LOGICAL = {
    ("long", "timestamp-millis"): "timestamp",
    ("long", "timestamp-micros"): "timestamp",
    ("long", "timestamp-nanos"): "timestamp",
    ("long", "local-timestamp-millis"): "local timestamp",
    ("long", "local-timestamp-micros"): "local timestamp",
    ("long", "local-timestamp-nanos"): "local timestamp",
    ("int", "date"): "date",
    ("int", "time-millis"): "time",
    ("long", "time-micros"): "time",
    ("bytes", "decimal"): "decimal",
    ("fixed", "decimal"): "decimal",
    ("string", "uuid"): "uuid",
}


@dataclass(slots=True, eq=False)
class Shape:
    """One Avro type: ``kind`` is the primitive's or logical type's name, record, map, array, enum, fixed or null.

    ``fields`` is a record's; ``element`` what an array or map holds; ``symbols`` an enum's. ``hollow`` is an array
    each of whose items may be null. Filled in place, because types may be recursive.
    """

    kind: str
    fields: dict[str, Shapes] = field(default_factory=dict)
    element: Shapes = ()
    symbols: tuple[str, ...] = ()
    hollow: bool = False


Shapes: TypeAlias = tuple[Shape, ...]
"""The branches of a union; one shape where there is no union. NULL is among them where the value may be absent."""

NULL = Shape("null")
"""Null, or a field of another branch of the union."""


def solid(shapes: Shapes) -> Shapes:
    """What a value can be when it is there."""
    return tuple(shape for shape in shapes if shape is not NULL)


def nullable(shapes: Shapes | None) -> bool:
    """True where the schema says that the value may be absent; False where it does not, or nothing is known."""
    return shapes is not None and NULL in shapes


def array_of(items: list[Shapes | None]) -> Shape:
    """A list that is written down, item by item."""
    known = [solid(shapes) for shapes in items if shapes is not None]
    element = sum(known, ()) if len(known) == len(items) else ()
    hollow = bool(items) and all(nullable(shapes) or _is_hollow(shapes) for shapes in items)
    return Shape("array", element=element, hollow=hollow)


def elements_of(shapes: Shapes) -> Shapes:
    """What an item of a list can be; empty where that is not known."""
    known = solid(shapes)
    found = sum((shape.element for shape in known), ())
    return (*found, NULL) if found and any(shape.hollow for shape in known) else found


def _is_hollow(shapes: Shapes | None) -> bool:
    return bool(shapes) and all(shape.hollow for shape in shapes or ())


class ShapeError(ValueError):
    """The reader schema is not an Avro record schema that can be read."""


def record_shape(schema: Mapping[str, object]) -> Shape:
    """The shape of a reader schema (parsed JSON). Raises ShapeError when it is no record or names an unknown type."""
    shapes = _Reader().read(dict(schema), "")
    if len(shapes) != 1 or shapes[0].kind != "record":
        raise ShapeError("the reader schema must be a record")
    return shapes[0]


class _Reader:
    """Walks a schema once; named types are remembered by full name (Avro specification, "Names")."""

    def __init__(self) -> None:
        self._named: dict[str, Shape] = {}

    def read(self, schema: object, namespace: str) -> Shapes:
        if isinstance(schema, str):
            return self._reference(schema, namespace)
        if isinstance(schema, list):
            return tuple(shape for branch in schema for shape in self.read(branch, namespace))
        if not isinstance(schema, dict) or "type" not in schema:
            raise ShapeError("not an Avro schema: a type's name, a list, or an object with a type is expected")
        return self._declared(schema, namespace)

    def _reference(self, name: str, namespace: str) -> Shapes:
        if name == "null":
            return (NULL,)
        if name in _PRIMITIVES:
            return (Shape(name),)
        for full in (f"{namespace}.{name}" if namespace and "." not in name else name, name):
            if full in self._named:
                return (self._named[full],)
        raise ShapeError(f"the schema uses the type {name!r} before it is defined")

    def _declared(self, schema: dict[str, object], namespace: str) -> Shapes:
        kind = schema["type"]
        if not isinstance(kind, str):
            return self.read(kind, namespace)
        if kind == "array":
            return (Shape("array", element=self.read(schema.get("items"), namespace)),)
        if kind == "map":
            return (Shape("map", element=self.read(schema.get("values"), namespace)),)
        logical = _LOGICAL.get((kind, str(schema.get("logicalType"))))
        if kind in {"record", "error", "enum", "fixed"}:
            return (self._defined(schema, kind, logical, namespace),)
        return (Shape(logical),) if logical else self._reference(kind, namespace)

    def _defined(self, schema: dict[str, object], kind: str, logical: str | None, namespace: str) -> Shape:
        name = str(schema.get("name", ""))
        if "." in name:
            namespace, _, name = name.rpartition(".")
        else:
            namespace = str(schema.get("namespace", namespace))
        if logical is None and kind == "fixed" and schema.get("logicalType") == "uuid" and schema.get("size") == 16:
            logical = "uuid"
        shape = Shape(logical or ("record" if kind == "error" else kind))
        self._named[f"{namespace}.{name}" if namespace else name] = shape
        symbols = schema.get("symbols")
        if shape.kind == "enum" and isinstance(symbols, list):
            shape.symbols = tuple(map(str, symbols))
        if shape.kind == "record":
            fields = schema.get("fields")
            for each in fields if isinstance(fields, list) else ():
                if not isinstance(each, dict) or "name" not in each:
                    raise ShapeError(f"a field of {name!r} has no name")
                shape.fields[str(each["name"])] = self.read(each.get("type"), namespace)
        return shape
