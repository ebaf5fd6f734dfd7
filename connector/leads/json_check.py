"""Natural JSON checked against an Avro schema.

``compile_check`` turns a schema into nested functions, one per type. Unions are written untagged; the tagged form of
Avro's own JSON encoding (``{"string": "x"}``) is understood too. Fields that the schema does not know are ignored (the
writer may be newer), absent ones take their default.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from connector.leads.avro_schema import RECORDS, AvroSchema, Node, SchemaError, kind_of, logical_of
from connector.leads.json_types import (
    LOGICAL_READERS,
    PRIMITIVE_READERS,
    Mismatch,
    Reader,
    decimal,
    decimal_of_bytes,
    fixed,
    read_fixed_uuid,
)

_ABSENT = object()


def compile_check(schema: AvroSchema) -> Reader:
    """A function from a JSON value to what fastavro gives for the same datum; it raises Mismatch.

    Defaults in ``schema`` become such values **in place**: fastavro hands a default out as it stands in the schema, and
    0 is no timestamp. They are shared between leads, so a decoded lead is to be read and not written to.
    Raises SchemaError for a default that does not fit its field.
    """
    return _Compiler(schema).compile(schema.root)


class _Compiler:
    def __init__(self, schema: AvroSchema, decimals: Callable[[int, int], Reader] = decimal) -> None:
        self._schema = schema
        self._decimals = decimals
        self._named: dict[str, Reader] = {}

    def compile(self, node: Node) -> Reader:
        if isinstance(node, list):
            return self._union(node)
        definition = self._schema.definition(node)
        name = definition.get("name") if isinstance(definition, dict) else None
        if name is None:
            return self._unnamed(definition)
        if name not in self._named:
            self._named[name] = self._definition(definition)
        return self._named[name]

    def _unnamed(self, node: Node) -> Reader:
        kind, logical = kind_of(node), logical_of(node)
        if kind == "array":
            return _array(self.compile(node["items"]))
        if kind == "map":
            return _map(self.compile(node["values"]))
        if logical == "decimal":
            return self._decimals(node["precision"], node.get("scale", 0))
        return LOGICAL_READERS[logical] if logical in LOGICAL_READERS else PRIMITIVE_READERS[kind]

    def _definition(self, node: dict[str, Node]) -> Reader:
        if kind_of(node) in RECORDS:
            return self._record(node)
        if kind_of(node) == "enum":
            return _enum(node["name"], node["symbols"], node.get("default"))
        if logical_of(node) == "decimal":
            return self._decimals(node["precision"], node.get("scale", 0))
        return read_fixed_uuid if logical_of(node) == "uuid" else fixed(node["size"])

    def _record(self, node: dict[str, Node]) -> Reader:
        fields: list[tuple[str, str, Reader, object, list[str]]] = []
        for field in node["fields"]:
            name, check, default = field["name"], self.compile(field["type"]), _ABSENT
            if "default" in field and self._decimals is decimal_of_bytes:
                default = field["default"]  # made a value before
            elif "default" in field:
                try:
                    default = field["default"] = self._default(field, check)
                except Mismatch as mismatch:
                    raise SchemaError(f"the default of {node['name']}.{name} does not fit: {mismatch}") from None
            fields.append((name, f".{name}", check, default, field.get("aliases", [])))
        record_name = node["name"]

        def read(value: Any) -> dict[str, object]:
            if type(value) is not dict:
                raise Mismatch(f"{record_name} (object)")
            result: dict[str, object] = {}
            step = ""
            try:
                for name, step, check, default, aliases in fields:  # noqa: B007 - the handler needs the last step
                    found = value.get(name, _ABSENT)
                    if found is _ABSENT and aliases:
                        found = next((value[alias] for alias in aliases if alias in value), _ABSENT)
                    if found is not _ABSENT:
                        result[name] = check(found)
                    elif default is not _ABSENT:
                        result[name] = default
                    else:
                        raise Mismatch(_wanted(check), missing=True)
            except Mismatch as mismatch:
                mismatch.path.append(step)
                raise
            return result

        return read

    def _default(self, field: dict[str, Node], check: Reader) -> object:
        """As Avro's JSON encoding has it too, where a decimal is the characters of its bytes: "\\u0000" for nought."""
        try:
            return check(field["default"])
        except Mismatch:
            return _Compiler(self._schema, decimal_of_bytes).compile(field["type"])(field["default"])

    def _union(self, node: list[Node]) -> Reader:
        if len(node) == 2 and "null" in node:  # by far the most frequent
            return self._nullable(node[1] if node[0] == "null" else node[0])
        return _Union([self._branch(branch) for branch in node])

    def _nullable(self, node: Node) -> Reader:
        branch = self._branch(node)
        check, union = branch.check, _Union([branch])

        def read(value: Any) -> Any:
            if value is None:
                return None
            return union(value) if type(value) is dict else check(value)

        return read

    def _branch(self, node: Node) -> _Branch:
        definition = self._schema.definition(node)
        kind = kind_of(definition)
        name = str(definition.get("name", kind)) if isinstance(definition, dict) else kind
        fields = frozenset(field["name"] for field in definition["fields"]) if kind in RECORDS else None
        return _Branch(name, kind, self.compile(node), fields)


class _Branch:
    """One type of a union: its tag in Avro's JSON encoding, its check, a record's field names."""

    __slots__ = ("check", "fields", "kind", "name")

    def __init__(self, name: str, kind: str, check: Reader, fields: frozenset[str] | None) -> None:
        self.name = name
        self.kind = kind
        self.check = check
        self.fields = fields


class _Union:
    """The first branch that takes the value; among records the one that knows most of its keys.

    A tag counts when no branch takes the value as it stands, or when it is a dotted full name (no field has one): a
    record with defaults only would take any object and lose what is in it.
    """

    def __init__(self, branches: list[_Branch]) -> None:
        self._branches = branches
        self._tags = {branch.name: branch for branch in branches}
        self._has_map = any(branch.kind == "map" for branch in branches)
        self._expected = " or ".join(branch.name for branch in branches)

    def __call__(self, value: Any) -> Any:
        tagged = self._tagged(value)
        if tagged is not None and "." in tagged.name and not self._has_map:
            return tagged.check(next(iter(value.values())))
        taken: list[tuple[int, Any]] = []
        failures: list[Mismatch] = []
        for branch in self._branches:
            try:
                result = branch.check(value)
            except Mismatch as mismatch:
                if type(value) is dict and branch.fields is not None:
                    failures.append(mismatch)
                continue
            if branch.fields is None:
                return result
            taken.append((len(value.keys() - branch.fields), result))
        if taken:
            return min(taken, key=lambda candidate: candidate[0])[1]
        if tagged is not None:
            return tagged.check(next(iter(value.values())))
        if len(failures) == 1:  # an object can only have meant the one record: its own complaint says more
            raise failures[0]
        raise Mismatch(self._expected)

    def _tagged(self, value: Any) -> _Branch | None:
        if type(value) is not dict or len(value) != 1:
            return None
        return self._tags.get(next(iter(value)))


def _array(check: Reader) -> Reader:
    def read(value: Any) -> list[object]:
        if type(value) is not list:
            raise Mismatch("array")
        result: list[object] = []
        try:
            for item in value:
                result.append(check(item))  # noqa: PERF401 - the handler needs how far it came
        except Mismatch as mismatch:
            mismatch.path.append(f"[{len(result)}]")
            raise
        return result

    return read


def _map(check: Reader) -> Reader:
    def read(value: Any) -> dict[str, object]:
        if type(value) is not dict:
            raise Mismatch("map (object)")
        try:
            return {key: check(item) for key, item in value.items()}
        except Mismatch as mismatch:
            mismatch.path.append("[*]")  # the key may be personal data
            raise

    return read


def _enum(name: str, symbols: list[str], default: object) -> Reader:
    known = frozenset(symbols)

    def read(value: Any) -> object:
        if type(value) is str:
            if value in known:
                return value
            if default is not None:
                return default
        raise Mismatch(f"{name} (one of its symbols)")

    return read


def _wanted(check: Reader) -> str:
    """What a check expects, in its own words: what it says to something that no type takes."""
    try:
        check(_ABSENT)
    except Mismatch as mismatch:
        return mismatch.expected
    return "a value"
