"""From a record's bytes to a lead that satisfies the reader schema.

`Decoder` is pure: where it lacks a writer's schema it says so with a `SchemaKey`; the caller asks the registry, tells
it with `Decoder.learn`, and decodes again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal
from uuid import UUID

import orjson

from connector.leads.avro_schema import SchemaError, canonical_fingerprint, parse_schema
from connector.leads.cloud_event import CloudEvent, Damaged, open_event
from connector.leads.datum import Undecodable, Unresolvable, read_branch, read_datum
from connector.leads.framing import Format, Frame, Headers, detect, unframe
from connector.leads.json_types import Mismatch
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.leads.reader_schema import ReaderSchema
from connector.leads.scope import CLOUD_EVENT
from connector.leads.writers import Branches, NotRead, Readers, RecordLead, Writer

__all__ = ["Decoder", "Format", "ReaderSchema", "SchemaError", "SchemaKey"]

AVRO = "AVRO"
_OTHER_LANGUAGES = {
    "PROTOBUF": "is a Protobuf schema, and Protobuf is not read",
    "JSON": "is a JSON Schema, and JSON in a registry's frame is not read",
}
MAX_MESSAGE = 500
"""Characters of a reason: it may quote the names in a schema, which are as long as its author, or whoever writes to the
registry, made them, and is told for each record."""
MAX_UNKNOWN = 1_000
"""Ids remembered as unknown to the registry. More can come from hostile records; the oldest is forgotten first."""


@dataclass(frozen=True, slots=True)
class SchemaKey:
    """What a record names its writer's schema by: a registry id, or a GUID as lower-case text with hyphens."""

    kind: Literal["id", "guid"]
    value: int | str

    def __str__(self) -> str:
        return f"schema {self.kind} {self.value}"


class Decoder:
    """Decodes and checks records. Not thread-safe; blocks never."""

    def __init__(
        self,
        reader: ReaderSchema,
        *,
        others: Sequence[ReaderSchema] = (),
        default: Format = Format.AUTO,
        formats: Mapping[str, Format] = MappingProxyType({}),
        bare_writer: str | None = None,
        single_object_writers: Sequence[str] = (),
    ) -> None:
        """``others`` are the reader schemas of more record types.

        ``formats`` is by topic, ``default`` for all others. ``bare_writer`` (schema text) wrote bare Avro;
        ``single_object_writers`` (schema texts) are known by fingerprint, as the reader schema is anyway.

        Raises SchemaError when a schema is unusable or does not resolve, or bare Avro has no writer.
        """
        self._reader = reader
        self._readers = Readers((reader, *others))
        # A field of that name is the lead's own.
        self._without_event = {each.fullname for each in (reader, *others) if _has_field(each, CLOUD_EVENT)}
        self._default = default
        self._formats = dict(formats)
        self._bare = None if bare_writer is None else self._configured("the bare writer schema", bare_writer)
        if self._bare is None and Format.BARE in (default, *self._formats.values()):
            raise SchemaError(
                "format bare needs a writer schema: configure the schema that the values are written with"
            )
        self._fingerprints: dict[bytes, Writer | Branches] = {
            each.fingerprint: self._readers.own(each) for each in (reader, *others)
        }
        for text in single_object_writers:
            writer = self._configured("a single-object writer schema", text)
            self._fingerprints[canonical_fingerprint(orjson.loads(text))] = writer
        # Bare Avro can begin like a frame; see framing.detect.
        self._hint = "" if self._bare is None else "; if the topic carries bare Avro, set its format to bare"
        self._learnt: dict[int | bytes, Writer | Branches | SetAside] = {}
        self._unknown: OrderedDict[int | bytes, SetAside] = OrderedDict()

    def decode(self, topic: str, value: bytes | None, headers: Headers) -> dict[str, object] | SetAside | SchemaKey:
        """The lead as the reader schema has it, the reason why there is none, or the schema to learn first.

        Never raises, whatever the bytes; time and memory are bounded by their number. Leads may share default values:
        read them, do not write to them.
        """
        if value is None:
            return SetAside(Outcome.FILTERED, Stage.DECODE, Reason.TOMBSTONE, "the record has no value")
        form = self._formats.get(topic, self._default)
        if not headers and len(value) > 5 and value[0] == 0 and (form is Format.AUTO or form is Format.CONFLUENT):
            # What nearly every record is, found without building a frame.
            known = self._learnt.get(int.from_bytes(value[1:5], "big"))
            if isinstance(known, Writer):
                return self._read(value, 5, known)
        if form is Format.CLOUDEVENTS or (headers and form is Format.AUTO):
            try:
                event = open_event(value, headers, expected=form is Format.CLOUDEVENTS)
            except Damaged as damage:
                return _dead(Reason.UNDECODABLE, f"it is a CloudEvent that cannot be read: {damage}")
            if event is not None:
                return self._decode_event(event, headers if event.data is value else None)
        if form is Format.AUTO:
            frame = detect(value, headers, bare=self._bare is not None)
        else:
            frame = unframe(form, value, headers)
        if frame is None:
            return _dead(Reason.UNKNOWN_FORMAT, _unknown_format(form, value))
        return self._decode_frame(frame, value)

    def _decode_event(self, event: CloudEvent, headers: Headers) -> dict[str, object] | SetAside | SchemaKey:
        """A CloudEvent's data is told by its bytes, as with ``auto``; what they leave open, its content type says."""
        if event.data is None:
            lead: dict[str, object] | SetAside | SchemaKey = self._check_json(event.document, event)
        else:
            frame = detect(event.data, headers, bare=self._bare is not None and not event.is_json)
            if frame is None and not event.is_json:
                return _dead(
                    Reason.UNKNOWN_FORMAT, f"the data of its CloudEvent are {_unknown_format(Format.AUTO, event.data)}"
                )
            lead = self._decode_frame(frame or Frame(Format.JSON, None, 0), event.data, event)
        if isinstance(lead, dict):
            record = lead.record if isinstance(lead, RecordLead) else self._reader.fullname
            if record not in self._without_event:
                lead[CLOUD_EVENT] = event.attributes
        return lead

    def _decode_frame(
        self, frame: Frame, value: bytes, event: CloudEvent | None = None
    ) -> dict[str, object] | SetAside | SchemaKey:
        if frame.format is Format.JSON:
            return self._decode_json(value, event)
        writer = self._writer_of(frame)
        if isinstance(writer, Branches):
            return self._read_branch(value, frame.offset, writer)
        return self._read(value, frame.offset, writer) if isinstance(writer, Writer) else writer

    def _read_branch(self, value: bytes, offset: int, union: Branches) -> dict[str, object] | SetAside:
        try:
            place, offset = read_branch(value, offset)
        except Undecodable as error:
            return _dead(Reason.UNDECODABLE, f"it does not decode as a union: {error}")
        if not 0 <= place < len(union.writers):
            return _dead(Reason.UNDECODABLE, "it does not decode as a union: the index is out of range")
        writer = union.writers[place]
        if isinstance(writer, str):
            return _dead(Reason.INCOMPATIBLE_SCHEMA, f"its branch of its writer's schema {writer}")
        return self._read(value, offset, writer)

    def _read(self, value: bytes, offset: int, writer: Writer) -> dict[str, object] | SetAside:
        try:
            lead = read_datum(value, offset, writer.schema, writer.reader)
            return _telling(lead, writer.record) if writer.tells else lead
        except Undecodable as error:
            return _dead(Reason.UNDECODABLE, f"it does not decode as {writer.name}: {error}")
        except Unresolvable:
            return _dead(
                Reason.INCOMPATIBLE_SCHEMA,
                f"it uses a type or symbol of its writer's schema {writer.name} that {writer.record} lacks",
            )

    def learn(
        self, key: SchemaKey, schema: str | None, references: Sequence[tuple[str, str]] = (), kind: str = AVRO
    ) -> None:
        """Remember the schema of ``key``: its text, and those it refers to as (name, text), dependencies first.

        ``kind`` is what the registry calls its language (``AVRO``, ``JSON``, ``PROTOBUF``); only Avro is read.
        None says that the registry has none; that is remembered for the last MAX_UNKNOWN of them and until `forget`.
        Never raises for any text: the records of an unusable schema are set aside with the reason.
        """
        place = _place(key)
        if schema is None:
            self._unknown[place] = _dead(Reason.UNKNOWN_SCHEMA, f"the registry knows no {key}{self._hint}")
            self._unknown.move_to_end(place)
            if len(self._unknown) > MAX_UNKNOWN:
                self._unknown.popitem(last=False)
            return
        self._unknown.pop(place, None)
        if kind.upper() != AVRO:
            self._learnt[place] = _dead(Reason.INCOMPATIBLE_SCHEMA, f"{key} {_other_language(kind)}")
            return
        try:
            self._learnt[place] = self._readers.resolve(parse_schema(schema, references))
        except SchemaError as error:
            self._learnt[place] = _dead(Reason.INCOMPATIBLE_SCHEMA, f"{key} is not usable: {error}")
        except NotRead as error:
            self._learnt[place] = _dead(Reason.INCOMPATIBLE_SCHEMA, f"{key} {error}")

    def refusal(self, key: SchemaKey) -> SetAside | None:
        """Why every record with this schema is set aside; None where they are not, or it was never learnt."""
        known = self._learnt.get(_place(key))
        return known if isinstance(known, SetAside) else None

    def forget_unknown(self, keys: Iterable[SchemaKey] | None = None) -> None:
        """Have ids that the registry did not know asked for again: all, or the given ones."""
        if keys is None:
            self._unknown.clear()
        else:
            for key in keys:
                self._unknown.pop(_place(key), None)

    def _writer_of(self, frame: Frame) -> Writer | Branches | SetAside | SchemaKey:
        match frame:
            case Frame(Format.CONFLUENT, int() | bytes() as schema, _):
                known = self._learnt.get(schema) or self._unknown.get(schema)
                return known or _key(schema)
            case Frame(Format.SINGLE_OBJECT, bytes() as fingerprint, _):
                return self._fingerprints.get(fingerprint) or _dead(
                    Reason.UNKNOWN_SCHEMA,
                    f"no schema is configured for the single-object fingerprint {fingerprint.hex()}{self._hint}",
                )
            case _:
                return self._bare or _dead(Reason.UNKNOWN_SCHEMA, "no writer schema is configured for bare Avro")

    def _decode_json(self, value: bytes, event: CloudEvent | None) -> dict[str, object] | SetAside:
        try:
            document = orjson.loads(value)
        except orjson.JSONDecodeError as error:
            return _dead(Reason.UNDECODABLE, f"it is not JSON (line {error.lineno}, column {error.colno})")
        return self._check_json(document, event)

    def _check_json(self, document: Any, event: CloudEvent | None) -> dict[str, object] | SetAside:
        """JSON names no type. With several, it is the one whose full name is the only key (as Avro's JSON encoding tags
        a union), or the CloudEvent's type; else the first."""
        reader = self._reader
        if self._readers.many:
            tag = next(iter(document)) if type(document) is dict and len(document) == 1 else ""
            if tag in self._readers.by_name:
                reader, document = self._readers.by_name[tag], document[tag]
            elif event is not None:
                reader = self._readers.by_name.get(event.attributes["type"], reader)
        try:
            lead: dict[str, object] = reader.check(document)
        except Mismatch as mismatch:
            return SetAside(Outcome.DEAD_LETTER, Stage.CHECK, Reason.INVALID_LEAD, _brief(str(mismatch)))
        return _telling(lead, reader.fullname) if self._readers.many else lead

    def _configured(self, what: str, text: str) -> Writer | Branches:
        try:
            return self._readers.resolve(parse_schema(text))
        except (SchemaError, NotRead) as error:
            raise SchemaError(f"{what}: {error}") from None


def _telling(lead: dict[str, object], record: str) -> RecordLead:
    told = RecordLead(lead)
    told.record = record
    return told


def _has_field(reader: ReaderSchema, name: str) -> bool:
    return any(field["name"] == name for field in reader.parsed["fields"])


def _key(schema: int | bytes) -> SchemaKey:
    return SchemaKey("id", schema) if isinstance(schema, int) else SchemaKey("guid", str(UUID(bytes=schema)))


def _place(key: SchemaKey) -> int | bytes:
    return key.value if isinstance(key.value, int) else UUID(key.value).bytes


def _dead(reason: Reason, message: str) -> SetAside:
    return SetAside(Outcome.DEAD_LETTER, Stage.DECODE, reason, _brief(message))


def _brief(message: str) -> str:
    return message if len(message) <= MAX_MESSAGE else f"{message[: MAX_MESSAGE - 1]}…"


def _other_language(kind: str) -> str:
    what = _OTHER_LANGUAGES.get(kind.upper(), f"is not an Avro schema ({kind[:20]!a})")
    return (
        f"{what}: have the leads produced as Avro, or as plain JSON (format: json), checked against the reader schema"
    )


def _unknown_format(form: Format, value: bytes) -> str:
    if form is Format.AUTO:
        return f"{len(value)} bytes in no format that can be told; configure the topic's format"
    if form is Format.CLOUDEVENTS:
        return "it is no CloudEvent: it has neither the header ce_specversion nor an envelope of JSON"
    return f"{len(value)} bytes that are not framed as {form.value}"
