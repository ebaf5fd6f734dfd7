"""How a record says which schema wrote it.

- Confluent: a magic byte 0 and the schema's id (4 bytes, big-endian) before the datum; or a magic byte 1 and the
  schema's GUID (16 bytes). Either may stand in the header ``__value_schema_id`` instead, and the value is the bare
  datum (confluent-kafka, ``schema_registry``: ``dual_schema_id_deserializer``, ``SchemaId.from_bytes``).
- Avro single-object encoding: C3 01 and the fingerprint of the schema (8 bytes, little-endian) before the datum
  (Apache Avro 1.12 specification, "Single-object encoding").
- Bare Avro and JSON say nothing; configuration does.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Final, NamedTuple, TypeAlias

Headers: TypeAlias = "Sequence[tuple[str, bytes | str | None]] | None"

VALUE_SCHEMA_HEADER: Final = "__value_schema_id"
SINGLE_OBJECT_MARK: Final = b"\xc3\x01"
_BLANK: Final = b" \t\r\n"
_GUID_LENGTH: Final = 16


class Format(StrEnum):
    """What the values of a topic are."""

    AUTO = "auto"
    """Any of the others, told apart by `detect` (CloudEvents by their headers, see ``cloud_event``)."""
    CONFLUENT = "confluent"
    SINGLE_OBJECT = "single_object"
    BARE = "bare"
    JSON = "json"
    CLOUDEVENTS = "cloudevents"
    """An envelope, with data that is in any of the others."""


class Frame(NamedTuple):
    """A value taken out of its frame: the datum begins at ``offset``.

    ``schema`` names the writer's schema: an id (int) or GUID (16 bytes) of the registry, or a fingerprint (8 bytes);
    None for bare Avro and JSON.
    """

    format: Format
    schema: int | bytes | None
    offset: int


def detect(value: bytes, headers: Headers, *, bare: bool) -> Frame | None:
    """The frame of a value whose topic has no format configured; None when it is in none.

    In this order: the value-schema header; C3 01; a first byte 0 with at least five more; ``{`` as the first character
    that is not blank; bare Avro, if ``bare`` says that a writer schema is configured.

    A bare datum can begin like a frame (0 is an absent optional or an empty string). The frame wins, because a lead set
    aside by mistake can be replayed and one misread is sent; so a topic with bare Avro is better configured as such.
    """
    if (header := _value_schema_header(headers)) is not None:
        return _schema_named_by(header, offset_after=False)
    if value.startswith(SINGLE_OBJECT_MARK):
        return unframe(Format.SINGLE_OBJECT, value, None)
    if value[:1] == b"\0" and len(value) > 5:
        return _schema_named_by(value, offset_after=True)
    if value.lstrip(_BLANK)[:1] == b"{":
        return Frame(Format.JSON, None, 0)
    return Frame(Format.BARE, None, 0) if bare else None


def unframe(form: Format, value: bytes, headers: Headers) -> Frame | None:
    """The frame of a value whose topic has a format configured (not AUTO); None when the value is not in it."""
    match form:
        case Format.CONFLUENT:
            if (header := _value_schema_header(headers)) is not None:
                return _schema_named_by(header, offset_after=False)
            return _schema_named_by(value, offset_after=True)
        case Format.SINGLE_OBJECT:
            if not value.startswith(SINGLE_OBJECT_MARK) or len(value) < 10:
                return None
            return Frame(form, value[2:10], 10)
        case Format.CLOUDEVENTS:
            return None  # ``cloud_event`` has looked
        case _:
            return Frame(form, None, 0)


def _value_schema_header(headers: Headers) -> bytes | None:
    if headers:
        for name, value in headers:
            if name == VALUE_SCHEMA_HEADER and value is not None:
                return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    return None


def _schema_named_by(data: bytes, *, offset_after: bool) -> Frame | None:
    """Confluent's magic byte and what follows it; ``offset_after`` when the datum comes behind."""
    if data[:1] == b"\0" and len(data) >= 5:
        return Frame(Format.CONFLUENT, int.from_bytes(data[1:5], "big"), 5 if offset_after else 0)
    if data[:1] == b"\1" and len(data) >= 1 + _GUID_LENGTH:
        return Frame(Format.CONFLUENT, data[1 : 1 + _GUID_LENGTH], 1 + _GUID_LENGTH if offset_after else 0)
    return None
