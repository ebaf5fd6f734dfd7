"""Which reader schema a writer's is read as, and what is needed to do so.

With one reader schema, whatever resolves to it is a lead. With several, the full name of the writer's record decides
(DESIGN.md, "Avro side"): the reader of that name; else one that has it as an alias; else the only one whose name is the
same without the namespace (Apache Avro 1.12 specification, "Schema Resolution" and "Aliases").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connector.leads.avro_schema import AvroSchema, Node, SchemaError, shape
from connector.leads.datum import prepare
from connector.leads.reader_schema import ReaderSchema
from connector.leads.resolve import Unfit, fit, same_name


class NotRead(Exception):
    """The writer's schema is read as none of the readers'; the message says why."""


class RecordLead(dict[str, object]):
    """A lead of one of several record types; ``record`` is the full name of the reader schema that it satisfies."""

    __slots__ = ("record",)

    record: str


class Writer(NamedTuple):
    """A writer's schema ready to decode with; ``reader`` is None where resolving would change nothing.

    ``record`` is the full name of the reader schema, and ``tells`` says that leads have to say it.
    """

    name: str
    schema: Node
    reader: Node | None
    record: str
    tells: bool


class Branches(NamedTuple):
    """A writer's union of record types: what each is read with, or why it is not read."""

    writers: tuple[Writer | str, ...]


class Readers:
    """The reader schemas, the first of which is the main one. Raises SchemaError when two have one name."""

    def __init__(self, readers: Sequence[ReaderSchema]) -> None:
        self.first = readers[0]
        self.by_name = {reader.fullname: reader for reader in readers}
        if len(self.by_name) < len(readers):
            raise SchemaError("two reader schemas have the same full name")
        self.many = len(readers) > 1
        self._shapes = {reader.fullname: shape(reader.plain, reader.plain.root) for reader in readers}

    def own(self, reader: ReaderSchema) -> Writer:
        """A reader schema as the writer's."""
        return Writer(reader.fullname, reader.target.root, None, reader.fullname, self.many)

    def resolve(self, schema: AvroSchema) -> Writer | Branches:
        """What a writer's schema is read with. Raises NotRead when nothing written with it could be read."""
        return self._branches(schema) if self.many and isinstance(schema.root, list) else self._one(schema)

    def _one(self, schema: AvroSchema) -> Writer:
        reader = self._reader_of(schema) if self.many else self.first
        try:
            fitted = fit(schema, reader.plain)
        except Unfit as error:
            raise NotRead(f"does not resolve to {reader.fullname}: {error}") from None
        same = shape(fitted, fitted.root) == self._shapes[reader.fullname]
        target = None if same else reader.target.root
        return Writer(schema.fullname, prepare(fitted).root, target, reader.fullname, self.many)

    def _branches(self, schema: AvroSchema) -> Branches:
        writers: list[Writer | str] = []
        for branch in schema.root:
            try:
                writers.append(self._one(AvroSchema(schema.definition(branch), schema.names)))
            except NotRead as error:
                writers.append(str(error))
        if not any(isinstance(writer, Writer) for writer in writers):
            raise NotRead(f"has no branch that is read: it {writers[-1]}")
        return Branches(tuple(writers))

    def _reader_of(self, schema: AvroSchema) -> ReaderSchema:
        name = schema.fullname
        if name in self.by_name:
            return self.by_name[name]
        readers = [reader for reader in self.by_name.values() if _goes_by(schema.root, reader.parsed)]
        readers = [reader for reader in readers if name in _aliases(reader)] or readers
        if len(readers) == 1:
            return readers[0]
        if not readers:
            raise NotRead(f"is of the type {name}, which is none of those that are read ({', '.join(self.by_name)})")
        raise NotRead(f"is of the type {name}, which could be {' or '.join(each.fullname for each in readers)}")


def _goes_by(writer: Node, reader: Node) -> bool:
    return isinstance(writer, dict) and "name" in writer and same_name(writer, reader)


def _aliases(reader: ReaderSchema) -> frozenset[str]:
    """As full names: one without a dot is of the reader's own namespace."""
    namespace = reader.fullname.rpartition(".")[0]
    aliases = reader.parsed.get("aliases", [])
    return frozenset(alias if "." in alias or not namespace else f"{namespace}.{alias}" for alias in aliases)
