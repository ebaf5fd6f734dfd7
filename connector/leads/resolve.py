"""Whether a writer's schema can be read as the reader schema, and as what.

fastavro resolves datum by datum and finds out only when a lead is at hand. Here it is found out once, so that the
reason does not depend on the lead. Source: Apache Avro 1.12 specification, "Schema Resolution".

fastavro also applies the *writer's* logical types, where the specification has the reader's: a plain ``long`` read as
timestamp would stay a number, and a ``uuid`` read as string would become an object. `fit` writes the writer's schema
over so that a lead always has the reader's types.
"""

from __future__ import annotations

from connector.leads.avro_schema import RECORDS, AvroSchema, Node, kind_of, logical_of

_PROMOTIONS = {
    ("int", "long"),
    ("int", "float"),
    ("int", "double"),
    ("long", "float"),
    ("long", "double"),
    ("float", "double"),
    ("string", "bytes"),
    ("bytes", "string"),
}
_SAME_BYTES = ({"int", "long"}, {"string", "bytes"})
"""Kinds whose encodings are alike, so that one may be decoded as the other."""
_SAME_VALUES = (
    {"timestamp-millis", "timestamp-micros"},
    {"local-timestamp-millis", "local-timestamp-micros"},
    {"time-millis", "time-micros"},
)
"""Logical types that differ in their unit only: the writer's is kept, so that the value stays right."""
_NAMED = RECORDS | {"enum", "fixed"}


_UNREADABLE = {"type": "record", "name": " unreadable", "fields": []}
"""In place of a union's branch that does not fit: it matches nothing, so fastavro refuses a datum that takes it."""


class Unfit(Exception):
    """The writer's schema does not resolve; the message names the field."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.path: list[str] = []

    def __str__(self) -> str:
        place = ".".join(reversed(self.path))
        return f"{place}: {self.args[0]}" if place else str(self.args[0])


def fit(writer: AvroSchema, reader: AvroSchema) -> AvroSchema:
    """The writer's schema (changed **in place**) such that resolving it gives the reader's types.

    Raises Unfit when no datum of it could be read. Where only some can (a union's branch or an enum's symbol that the
    reader lacks), the datum decides.
    """
    return AvroSchema(_Fit(writer, reader).fit(writer.root, reader.root), writer.names)


class _Fit:
    def __init__(self, writer: AvroSchema, reader: AvroSchema) -> None:
        self._writer = writer
        self._reader = reader
        self._read_as: dict[str, str] = {}

    def fit(self, writer: Node, reader: Node) -> Node:
        theirs, ours = self._writer.definition(writer), self._reader.definition(reader)
        if isinstance(theirs, list):
            return self._fit_union(theirs, reader)
        if isinstance(ours, list):
            return self.fit(writer, self._branch_for(theirs, ours))
        if not self._match(theirs, ours):
            raise Unfit(f"{_name(theirs)} cannot be read as {_name(ours)}")
        match kind_of(theirs):
            case "array":
                theirs["items"] = self.fit(theirs["items"], ours["items"])
            case "map":
                theirs["values"] = self.fit(theirs["values"], ours["values"])
            case "enum":
                if ours.get("default") is None and not set(theirs["symbols"]) & set(ours["symbols"]):
                    raise Unfit(f"{_name(theirs)} and {_name(ours)} have no symbol in common")
            case kind if kind in RECORDS:
                self._fit_record(theirs, ours)
            case _:
                return _with_logical_type(theirs, ours)
        return writer

    def _fit_union(self, branches: list[Node], reader: Node) -> list[Node]:
        failure: Unfit | None = None
        fits = 0
        for place, branch in enumerate(branches):
            try:
                branches[place] = self.fit(branch, reader)
                fits += 1
            except Unfit as unfit:
                failure = unfit
                branches[place] = _UNREADABLE
        if failure is not None and not fits:
            raise failure
        return branches

    def _branch_for(self, writer: Node, branches: list[Node]) -> Node:
        for branch in branches:  # the first that matches, as fastavro takes it
            if self._match(writer, branch):
                return branch
        raise Unfit(f"{_name(writer)} is in no branch of {' or '.join(_name(branch) for branch in branches)}")

    def _fit_record(self, writer: dict[str, Node], reader: dict[str, Node]) -> None:
        name = writer["name"]
        if name in self._read_as:
            if self._read_as[name] != reader["name"]:
                raise Unfit(f"{name} would have to be read as two types")
            return
        written = {field["name"]: field for field in writer["fields"]}
        read = {field["name"] for field in reader["fields"]}
        for field in reader["fields"]:
            names = [field["name"], *(alias for alias in field.get("aliases", []) if alias not in read)]
            found = [written[name] for name in names if name in written]
            try:
                if found:
                    found[0]["type"] = self.fit(found[0]["type"], field["type"])
                elif "default" not in field:
                    raise Unfit("the reader needs it, and the writer does not have it")
            except Unfit as unfit:
                unfit.path.append(field["name"])
                raise
            # A field and its alias in one writer (during a renaming): fastavro fails on the second; have it skipped.
            for superfluous in found[1:]:
                superfluous["name"] = f" {superfluous['name']}"
        self._read_as[name] = reader["name"]

    def _match(self, writer: Node, reader: Node) -> bool:
        theirs, ours = self._writer.definition(writer), self._reader.definition(reader)
        if isinstance(theirs, list) or isinstance(ours, list):
            return True
        kind, our_kind = _plain_kind(theirs), _plain_kind(ours)
        if kind != our_kind:
            return (kind, our_kind) in _PROMOTIONS
        if kind == "array":
            return self._match(theirs["items"], ours["items"])
        if kind == "map":
            return self._match(theirs["values"], ours["values"])
        if kind in _NAMED:
            return _same_name(theirs, ours) and theirs.get("size") == ours.get("size")
        return True


def _same_name(writer: dict[str, Node], reader: dict[str, Node]) -> bool:
    """Names match without their namespaces, or by an alias of the reader's."""
    short = writer["name"].rpartition(".")[2]
    aliases = reader.get("aliases", [])
    return short == reader["name"].rpartition(".")[2] or writer["name"] in aliases or short in aliases


def _with_logical_type(writer: Node, reader: Node) -> Node:
    """A primitive or fixed type of the writer's with the logical type it is to be read as."""
    theirs, ours = logical_of(writer), logical_of(reader)
    kind, our_kind = kind_of(writer), kind_of(reader)
    if theirs == ours or any({theirs, ours} <= group for group in _SAME_VALUES):
        return writer
    if theirs is not None and ours is not None:
        raise Unfit(f"{theirs} cannot be read as {ours}")
    if ours is None:
        return _without_logical_type(writer)
    if kind == our_kind or any({kind, our_kind} <= group for group in _SAME_BYTES):
        return dict(reader) if isinstance(reader, dict) else reader
    return writer


def _without_logical_type(node: Node) -> Node:
    if kind_of(node) == "fixed":
        return {key: value for key, value in node.items() if key != "logicalType"}
    return kind_of(node)


def _plain_kind(node: Node) -> str:
    kind = kind_of(node)
    return "record" if kind in RECORDS else kind


def _name(node: Node) -> str:
    return str(node.get("name", node["type"])) if isinstance(node, dict) else kind_of(node)
