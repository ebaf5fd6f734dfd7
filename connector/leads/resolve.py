"""Whether a writer's schema can be read as the reader schema, and as what.

fastavro resolves datum by datum and finds out only when a lead is at hand. Here it is found out once, so that the
reason does not depend on the lead. Source: Apache Avro 1.12 specification, "Schema Resolution".

fastavro also applies the *writer's* logical types, where the specification has the reader's: a plain ``long`` read as
timestamp would stay a number, and a ``uuid`` read as string would become an object. `fit` writes the writer's schema
over so that a lead always has the reader's types.

Of a union that has several branches for a datum, fastavro takes the first, as the specification says: a ``long`` for
which there is ``double`` before ``long`` becomes 59899123456.0, and one of two records of the same name in different
namespaces is read as the other. Here the branch of the very same type comes first, as in Avro's own implementation for
Java (``Resolver``), so that resolving gives what reading without it would.
"""

from __future__ import annotations

from connector.leads.avro_schema import KEPT, PRIMITIVES, RECORDS, AvroSchema, Node, kind_of, logical_of

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
    {"timestamp-millis", "timestamp-micros", "timestamp-nanos"},
    {"local-timestamp-millis", "local-timestamp-micros", "local-timestamp-nanos"},
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
    """The writer's schema written over such that resolving it to the `distinct` reader's gives the reader's types.

    Raises Unfit when no datum of it could be read. Where only some can (a union's branch or an enum's symbol that the
    reader lacks), the datum decides.
    """
    return AvroSchema(_Fit(writer, reader).fit(writer.root, reader.root), writer.names)


def distinct(schema: AvroSchema) -> AvroSchema:
    """Make a reader's schema one that fastavro can only match by full name, **in place**: it has types in place of
    references, names without dots and no aliases. What matches is decided by `fit`, which names the writer's alike."""
    root = _distinct(schema.root, schema, set())
    return AvroSchema(root, schema.names)


def _distinct(node: Node, schema: AvroSchema, seen: set[int]) -> Node:
    node = schema.definition(node)
    if id(node) in seen:
        return node
    seen.add(id(node))
    if isinstance(node, list):
        node[:] = [_distinct(branch, schema, seen) for branch in node]
    elif isinstance(node, dict):
        for key in ("items", "values"):
            if key in node:
                node[key] = _distinct(node[key], schema, seen)
        for field in node.get("fields", []):
            field["type"] = _distinct(field["type"], schema, seen)
            field.pop("aliases", None)
        if "name" in node:
            node["name"] = _undotted(node["name"])
            node.pop("aliases", None)
    return node


def _undotted(name: str) -> str:
    """The full name such that fastavro, which compares what is behind the last dot, compares all of it."""
    return name.replace(".", " ")


class _Fit:
    """Makes new nodes: what fails in one branch of a union leaves nothing behind in the others. References become the
    types that they name, each made once."""

    def __init__(self, writer: AvroSchema, reader: AvroSchema) -> None:
        self._writer = writer
        self._reader = reader
        self._records: dict[tuple[int, int], dict[str, Node]] = {}

    def fit(self, writer: Node, reader: Node) -> Node:
        theirs, ours = self._writer.definition(writer), self._reader.definition(reader)
        if isinstance(theirs, list):
            return self._fit_union(theirs, reader)
        if isinstance(ours, list):
            return self._fit_branch(theirs, ours)
        if not self._match(theirs, ours):
            raise Unfit(f"{_name(theirs)} cannot be read as {_name(ours)}")
        match kind_of(theirs):
            case "array":
                return {**theirs, "items": self.fit(theirs["items"], ours["items"])}
            case "map":
                return {**theirs, "values": self.fit(theirs["values"], ours["values"])}
            case "enum":
                if ours.get("default") is None and not set(theirs["symbols"]) & set(ours["symbols"]):
                    raise Unfit(f"{_name(theirs)} and {_name(ours)} have no symbol in common")
                return {**theirs, "name": _undotted(ours["name"])}
            case kind if kind in RECORDS:
                return self._fit_record(theirs, ours)
            case "fixed":
                return {**_with_logical_type(theirs, ours), "name": _undotted(ours["name"])}
            case _:
                return _with_logical_type(theirs, ours)

    def _fit_union(self, branches: list[Node], reader: Node) -> list[Node]:
        fitted: list[Node] = []
        failure: Unfit | None = None
        for branch in branches:
            try:
                fitted.append(self.fit(branch, reader))
            except Unfit as unfit:
                failure = unfit
                fitted.append(_UNREADABLE)
        if failure is not None and all(branch is _UNREADABLE for branch in fitted):
            raise failure
        return fitted

    def _fit_branch(self, writer: Node, branches: list[Node]) -> Node:
        """A type that is read as one branch of a union: the same type if there is one, else the first that matches."""
        matching = [branch for branch in map(self._reader.definition, branches) if self._match(writer, branch)]
        if not matching:
            raise Unfit(f"{_name(writer)} is in no branch of {' or '.join(_name(branch) for branch in branches)}")
        chosen = next((branch for branch in matching if _same(writer, branch)), matching[0])
        if kind_of(writer) == "int" and kind_of(chosen) in {"float", "double"}:
            chosen = next((branch for branch in matching if kind_of(branch) == "long"), chosen)
        fitted = self.fit(writer, chosen)
        if chosen is not matching[0] and kind_of(writer) in PRIMITIVES and logical_of(fitted) is None:
            return {"type": kind_of(writer), "logicalType": KEPT}
        return fitted

    def _fit_record(self, writer: dict[str, Node], reader: dict[str, Node]) -> dict[str, Node]:
        known = self._records.get((id(writer), id(reader)))
        if known is not None:
            return known
        written = {field["name"]: field for field in writer["fields"]}
        read = {field["name"] for field in reader["fields"]}
        fitted: dict[str, dict[str, Node]] = {}
        for field in reader["fields"]:
            names = [field["name"], *(alias for alias in field.get("aliases", []) if alias not in read)]
            found = next((written[name] for name in names if name in written), None)
            try:
                if found is not None:
                    fitted[found["name"]] = {
                        **found, "name": field["name"], "type": self.fit(found["type"], field["type"])
                    }  # fmt: skip
                elif "default" not in field:
                    raise Unfit("the reader needs it, and the writer does not have it")
            except Unfit as unfit:
                unfit.path.append(field["name"])
                raise
        # What is left is skipped, also where the reader has it as an alias: during a renaming, writers have both.
        fields = [fitted.get(each["name"]) or {**each, "name": f" {each['name']}"} for each in writer["fields"]]
        known = {**writer, "name": _undotted(reader["name"]), "fields": fields}
        self._records[id(writer), id(reader)] = known
        return known

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
            return same_name(theirs, ours) and theirs.get("size") == ours.get("size")
        return True


def _same(writer: Node, reader: Node) -> bool:
    """Whether two types that match are the very same: of one kind, and where they have names, of one full name."""
    if kind_of(writer) in _NAMED:
        return bool(writer["name"] == reader["name"])
    return _plain_kind(writer) == _plain_kind(reader)


def same_name(writer: dict[str, Node], reader: dict[str, Node]) -> bool:
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
