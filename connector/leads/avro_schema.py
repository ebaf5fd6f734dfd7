"""Avro schemas as text, made safe to decode with.

fastavro parses; this module adds what hostile bytes make necessary (see ``_Survey``) and never lets anything but
`SchemaError` out. Source: Apache Avro 1.12 specification, "Schema Declaration" and "Schema fingerprints".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import fastavro
import orjson
from fastavro.schema import SchemaParseException, UnknownType, fingerprint, to_parsing_canonical_form

Node: TypeAlias = Any
"""A schema as fastavro parses it: a name (str), a union (list) or a definition (dict)."""

PRIMITIVES = frozenset({"null", "boolean", "int", "long", "float", "double", "bytes", "string"})
RECORDS = frozenset({"record", "error"})
LOGICAL_TYPES = frozenset(
    {
        *("bytes-decimal", "fixed-decimal", "string-uuid", "fixed-uuid"),
        *("int-date", "int-time-millis", "long-time-micros"),
        *("long-timestamp-millis", "long-timestamp-micros", "long-timestamp-nanos"),
        *("long-local-timestamp-millis", "long-local-timestamp-micros", "long-local-timestamp-nanos"),
    }
)
"""All but ``duration``, as kind and logical type; what is not here is ignored (specification, "Logical Types").
fastavro knows most of them, ``datum`` adds the rest."""

KEPT = "lead-connector-kept"
"""Logical type of a value that fastavro is to leave as it is; see ``resolve``."""
BOUNDED_DECIMAL = "lead-connector-decimal"
"""In place of ``decimal`` where a schema is decoded with; see ``datum``."""
BOUNDED_INT = "lead-connector-int"
"""Of an ``int`` there."""

UUID_SIZE = 16
"""Bytes that a ``fixed`` needs for being a uuid; of another size it is only a ``fixed``."""

MAX_DEPTH = 100
"""Nested types. fastavro recurses in C, where too deep a nesting ends the process."""
MAX_NODES = 100_000
"""Types after every name is expanded: bounds the work of one datum that takes no bytes at all."""
MAX_PRECISION = 1_000
"""Decimal digits; turning an integer into a decimal takes quadratic time."""

_BUILT_IN = PRIMITIVES | RECORDS | {"enum", "fixed", "array", "map", "union", "error_union", "request"}
_MESSAGE_LENGTH = 200

_PARSE_ERRORS = (SchemaParseException, ValueError, LookupError, TypeError, AttributeError, RecursionError)


class SchemaError(ValueError):
    """The text is not an Avro schema that this connector can use; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class AvroSchema:
    """A parsed schema. ``root`` is for fastavro; ``names`` has every named type's definition by full name."""

    root: Node
    names: dict[str, dict[str, Node]]

    @property
    def fullname(self) -> str:
        """The record's full name, or the kind of a schema that is none (``union``, ``string``)."""
        return str(self.root["name"]) if kind_of(self.root) in RECORDS else kind_of(self.root)

    def definition(self, node: Node) -> Node:
        """What a name stands for; anything else is itself."""
        return self.names.get(node, node) if isinstance(node, str) else node


def kind_of(node: Node) -> str:
    """``record``, ``union``, ``string`` … of a node that is not a reference to a named type."""
    if isinstance(node, list):
        return "union"
    return str(node["type"]) if isinstance(node, dict) else str(node)


def logical_of(node: Node) -> str | None:
    """The logical type of a node, if it is one of LOGICAL_TYPES there."""
    if not isinstance(node, dict):
        return None
    logical = node.get("logicalType")
    if f"{node['type']}-{logical}" not in LOGICAL_TYPES:
        return None
    return None if node["type"] == "fixed" and logical == "uuid" and node.get("size") != UUID_SIZE else logical


def parse_schema(text: str, references: Sequence[tuple[str, str]] = ()) -> AvroSchema:
    """Parse a schema and the schemas it refers to by name (as (name, text), each after those it needs itself).

    Raises SchemaError for anything that is not an Avro schema, or one that a datum could misuse.
    """
    names: dict[str, dict[str, Node]] = {}
    try:
        referred = [fastavro.parse_schema(orjson.loads(reference), names) for _, reference in references]
        root = fastavro.parse_schema(orjson.loads(text), names)
    except orjson.JSONDecodeError as error:
        raise SchemaError(f"not JSON (line {error.lineno}, column {error.colno})") from None
    except UnknownType as error:
        raise SchemaError(f"it refers to the type {error.name}, which nothing before it defines") from None
    except _PARSE_ERRORS as error:
        raise SchemaError(f"not an Avro schema: {_brief(error)}") from None
    _require(not names.keys() & _BUILT_IN, "a type has the name of a built-in type")
    # fastavro keeps names with a record at the root; below a union at the root, or for a mere name there (several
    # record types on one topic are registered so), the definition has to stand in the name's place.
    roots = {schema["name"]: schema for schema in referred if isinstance(schema, dict) and "name" in schema}
    if isinstance(root, list):
        root = [roots.get(branch, branch) if isinstance(branch, str) else branch for branch in root]
    elif isinstance(root, str):
        root = roots.get(root, root)
    schema = AvroSchema(root, names)
    _Survey(schema).visit(root, 0)
    return schema


def canonical_fingerprint(raw: Node) -> bytes:
    """The CRC-64-AVRO fingerprint of the parsing canonical form of a valid schema: 8 bytes, little-endian, as
    single-object encoding carries it."""
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(raw), "CRC-64-AVRO"))


def shape(schema: AvroSchema, node: Node) -> object:
    """All of a schema that decides what a datum decodes to: kinds, field names, symbols, sizes, logical types.

    Documentation, defaults, aliases and the names of types are not in it, nor the digits of a decimal: with schemas of
    equal shape, resolving the writer's to the reader's changes nothing.
    """
    node = schema.definition(node)
    match kind_of(node):
        case "union":
            return tuple(shape(schema, branch) for branch in node)
        case "array":
            return ("array", shape(schema, node["items"]))
        case "map":
            return ("map", shape(schema, node["values"]))
        case "enum":
            return ("enum", *node["symbols"])
        case kind if kind in RECORDS:
            return ("record", *((field["name"], shape(schema, field["type"])) for field in node["fields"]))
        case kind:
            size = node["size"] if kind == "fixed" else None
            return (kind, size, logical_of(node))


class _Survey:
    """Checks what fastavro takes on trust, and refuses what lets few bytes cost much time, memory or the process:

    - types that contain themselves: a megabyte of nesting overflows the C stack (seen with fastavro 1.13)
    - arrays of items that take no bytes: six bytes can announce 2**40 of them
    - types that multiply when names are expanded, and very long decimals
    """

    def __init__(self, schema: AvroSchema) -> None:
        self._schema = schema
        self._open: list[str] = []
        self._known: dict[str, tuple[int, int]] = {}

    def visit(self, node: Node, depth: int) -> tuple[int, int]:
        """The number of types in ``node`` with names expanded; the fewest bytes a datum of it takes (1 for more)."""
        if depth > MAX_DEPTH:
            raise SchemaError(f"types are nested more than {MAX_DEPTH} deep")
        if isinstance(node, str):
            return self._visit_name(node, depth)
        if isinstance(node, list):
            tags = [branch if isinstance(branch, str) else self._tag(branch) for branch in node]
            _require(node and len(set(tags)) == len(tags), "a union is empty or has two branches of the same type")
            nodes = [self.visit(branch, depth + 1)[0] for branch in node]
            return self._bounded(1 + sum(nodes)), 1
        match kind_of(node):
            case "array":
                nodes_inside, least = self.visit(node["items"], depth + 1)
                if not least:
                    raise SchemaError("an array's items take no bytes, so a few bytes could announce billions of them")
                return self._bounded(1 + nodes_inside), 1
            case "map":
                return self._bounded(1 + self.visit(node["values"], depth + 1)[0]), 1
            case "enum":
                _require(_texts(node["symbols"]) and node["symbols"], f"the symbols of {node['name']} are no names")
                return 1, 1
            case "fixed":
                return 1, min(self._fixed_size(node), 1)
            case kind if kind in RECORDS:
                return self._visit_record(node, depth)
            case kind:
                _check_decimal(node)
                return 1, 0 if kind == "null" else 1

    def _visit_name(self, name: str, depth: int) -> tuple[int, int]:
        if name in PRIMITIVES:
            return 1, 0 if name == "null" else 1
        if name in self._open:
            raise _recursive(name)
        if name not in self._schema.names:
            raise SchemaError(f"unknown type {name}")
        if name not in self._known:
            self._known[name] = self.visit(self._schema.names[name], depth)
        return self._known[name]

    def _visit_record(self, node: dict[str, Node], depth: int) -> tuple[int, int]:
        name, fields = node["name"], node["fields"]
        if name in self._open:
            raise _recursive(name)
        field_names = [field["name"] for field in fields]
        _require(_texts(field_names), f"a field of {name} has no name")
        _require(len(set(field_names)) == len(field_names), f"{name} has two fields of the same name")
        _require(all(_texts(field.get("aliases", [])) for field in fields), f"aliases in {name} are no names")
        _require(_texts(node.get("aliases", [])), f"the aliases of {name} are no names")
        self._open.append(name)
        inside = [self.visit(field["type"], depth + 1) for field in fields]
        self._open.pop()
        return self._bounded(1 + sum(nodes for nodes, _ in inside)), min(sum(least for _, least in inside), 1)

    def _tag(self, branch: Node) -> str:
        kind = kind_of(branch)
        _require(kind != "union", "a union stands directly in a union")
        return str(branch.get("name", kind))

    def _fixed_size(self, node: dict[str, Node]) -> int:
        size = node["size"]
        _require(type(size) is int and size >= 0, f"the size of {node['name']} is not a number of bytes")
        _check_decimal(node)
        return int(size)

    def _bounded(self, nodes: int) -> int:
        if nodes > MAX_NODES:
            raise SchemaError(f"it has more than {MAX_NODES} types when every name is expanded")
        return nodes


def _recursive(name: str) -> SchemaError:
    return SchemaError(f"{name} contains itself, and recursive types are not read: leave that field out of the schema")


def _check_decimal(node: dict[str, Node]) -> None:
    _require(node.get("logicalType") != BOUNDED_DECIMAL, f"the logical type {BOUNDED_DECIMAL} is the connector's own")
    if logical_of(node) == "decimal":
        precision, scale = node.get("precision"), node.get("scale", 0)
        _require(
            type(precision) is int
            and type(scale) is int
            and 0 < precision <= MAX_PRECISION
            and 0 <= scale <= precision,
            f"a decimal needs a precision from 1 to {MAX_PRECISION} and a scale up to it",
        )


def _texts(names: object) -> bool:
    return isinstance(names, list) and all(isinstance(name, str) for name in names)


def _require(condition: object, message: str) -> None:
    if not condition:
        raise SchemaError(message)


def _brief(error: BaseException) -> str:
    message = f"missing {error}" if isinstance(error, KeyError) else str(error) or type(error).__name__
    return message if len(message) <= _MESSAGE_LENGTH else message[:_MESSAGE_LENGTH] + "…"
