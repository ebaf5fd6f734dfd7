"""One Avro datum in binary, read by fastavro with nothing but `Undecodable` coming out.

Bounds (checked with fastavro 1.13): a length or count beyond the bytes at hand ends in EOFError without allocating;
what the bytes cannot bound is refused with the schema (``avro_schema``) or here (decimals).
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Context, Decimal
from io import BytesIO
from typing import Any
from uuid import UUID

import fastavro
from fastavro.read import LOGICAL_READERS, SchemaResolutionError

from connector.leads.avro_schema import (
    BOUNDED_DECIMAL,
    BOUNDED_INT,
    KEPT,
    PRIMITIVES,
    UUID_SIZE,
    AvroSchema,
    Node,
    logical_of,
)

_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (EOFError, "the bytes end too early"),
    (UnicodeDecodeError, "a string is not UTF-8"),
    (LookupError, "a union's or an enum's index is out of range"),
    (RecursionError, "it is nested too deep"),
    (MemoryError, "it takes too much memory"),
    (ValueError, "a value is out of its type's range"),
    (ArithmeticError, "a value is out of its type's range"),
    (struct.error, "the bytes end too early"),
    (TypeError, "the bytes make no sense"),
    (AttributeError, "the bytes make no sense"),
)
_ERRORS = tuple(error for error, _ in _REASONS)


class Undecodable(Exception):
    """The bytes are no datum of the schema; the message says why and quotes none of them."""


class Unresolvable(Exception):
    """The datum uses a part of the writer's schema that has no counterpart in the reader's."""


def prepare(schema: AvroSchema) -> AvroSchema:
    """Make a schema's decimals and 32-bit integers bounded, **in place**: fastavro rounds a decimal that has too many
    digits, and takes 85 seconds for one of a megabyte; an ``int`` it reads as a ``long``. Uses fastavro's own way to
    add logical types."""
    return AvroSchema(_bound(schema.root, schema), schema.names)


def read_datum(value: bytes, offset: int, writer: Node, reader: Node | None) -> dict[str, object]:
    """Read the record that fills ``value`` from ``offset`` to its end.

    ``reader`` is None where the writer's schema is the one to read. Both have gone through `prepare`.
    Raises Undecodable or Unresolvable, nothing else, whatever the bytes.
    """
    stream = BytesIO(value)
    stream.seek(offset)
    try:
        datum: Any = fastavro.schemaless_reader(stream, writer, reader)
    except SchemaResolutionError:
        raise Unresolvable from None
    except _ERRORS as error:
        raise Undecodable(next(reason for kind, reason in _REASONS if isinstance(error, kind))) from None
    left = len(value) - stream.tell()
    if left:
        raise Undecodable(f"{left} bytes are left over after the record")
    if type(datum) is not dict:
        raise Undecodable("it is no record")
    return datum


def read_branch(value: bytes, offset: int) -> tuple[int, int]:
    """The place of a union's branch that stands at ``offset``, and where its datum begins. Raises Undecodable."""
    number = 0
    for place, byte in enumerate(value[offset : offset + 10]):
        number |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return (number >> 1) ^ -(number & 1), offset + place + 1  # zig-zag
    raise Undecodable("the bytes end too early")


def _bound(node: Node, schema: AvroSchema) -> Node:
    """What is to stand in the node's place: mostly itself."""
    if node == "int":
        return {"type": "int", "logicalType": BOUNDED_INT}
    definition = schema.definition(node)
    if isinstance(definition, list):
        definition[:] = [_bound(branch, schema) for branch in definition]
    elif isinstance(definition, dict):
        logical = logical_of(definition)
        if logical == "decimal":
            definition["logicalType"] = BOUNDED_DECIMAL
        elif logical is None and definition["type"] == "int" and definition.get("logicalType") != KEPT:
            definition["logicalType"] = BOUNDED_INT
        for key in ("items", "values"):
            if key in definition:
                definition[key] = _bound(definition[key], schema)
        for field in definition.get("fields", []):
            field["type"] = _bound(field["type"], schema)
    return node


def _keep_int(data: int, _writer_schema: Any = None, _reader_schema: Any = None) -> int:
    if not -_INT32 <= data < _INT32:
        raise ValueError("an int has more than 32 bits")
    return data


def _read_int(data: int, _writer_schema: Any = None, reader_schema: Any = None) -> int | float:
    """What has a logical type fastavro does not promote."""
    kind = reader_schema["type"] if isinstance(reader_schema, dict) else reader_schema
    return float(_keep_int(data)) if kind in ("float", "double") else _keep_int(data)


def _within_a_day(read: Callable[..., time], units: int) -> Callable[..., time]:
    """fastavro's reader of a time of day, for those that there are: it takes what is below nought for another."""

    def read_time(data: int, writer_schema: Any = None, reader_schema: Any = None) -> time:
        if not 0 <= data < units:
            raise ValueError("a time of day is beyond the day")
        return read(data, writer_schema, reader_schema)

    return read_time


def _read_decimal(data: bytes, writer_schema: Any = None, _reader_schema: Any = None) -> Decimal:
    precision, scale = writer_schema["precision"], writer_schema.get("scale", 0)
    unscaled = int.from_bytes(data, byteorder="big", signed=True)
    if abs(unscaled) >= 10**precision:
        raise ValueError("decimal has too many digits")
    return Decimal(unscaled).scaleb(-scale, Context(prec=precision))


_INT32 = 1 << 31
_DAY = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)


def _read_nanos(data: int, _writer_schema: Any = None, _reader_schema: Any = None) -> datetime:
    """A moment to the microsecond, which is all that a datetime holds."""
    return _EPOCH + timedelta(microseconds=data // 1_000)


def _read_local_nanos(data: int, _writer_schema: Any = None, _reader_schema: Any = None) -> datetime:
    return _LOCAL_EPOCH + timedelta(microseconds=data // 1_000)


def _read_fixed_uuid(data: bytes, _writer_schema: Any = None, _reader_schema: Any = None) -> UUID | bytes:
    return UUID(bytes=data) if len(data) == UUID_SIZE else data


def _keep(data: Any, _writer_schema: Any = None, _reader_schema: Any = None) -> Any:
    return data


# Of Avro 1.12; fastavro 1.13 leaves their values as they are.
LOGICAL_READERS["long-timestamp-nanos"] = _read_nanos
LOGICAL_READERS["long-local-timestamp-nanos"] = _read_local_nanos
LOGICAL_READERS["fixed-uuid"] = _read_fixed_uuid
for kind in PRIMITIVES:
    LOGICAL_READERS[f"{kind}-{KEPT}"] = _keep
LOGICAL_READERS[f"int-{KEPT}"] = _keep_int
LOGICAL_READERS[f"int-{BOUNDED_INT}"] = _read_int
LOGICAL_READERS["int-time-millis"] = _within_a_day(LOGICAL_READERS["int-time-millis"], _DAY)
LOGICAL_READERS["long-time-micros"] = _within_a_day(LOGICAL_READERS["long-time-micros"], 1_000 * _DAY)
LOGICAL_READERS[f"bytes-{BOUNDED_DECIMAL}"] = _read_decimal
LOGICAL_READERS[f"fixed-{BOUNDED_DECIMAL}"] = _read_decimal
