"""JSON values read as Avro's primitive and logical types.

Each reader takes a value as orjson gives it and returns what fastavro gives for the same datum (aware datetimes,
Decimal, UUID, date …), or raises `Mismatch`. Nothing is rounded or guessed, except that an instant finer than its unit
loses the rest. Sources: Apache Avro 1.12 specification, "JSON Encoding" and "Logical Types".
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal, DecimalException
from typing import Any, TypeAlias
from uuid import UUID

Reader: TypeAlias = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH = datetime(1970, 1, 1)  # a time on an unnamed clock has no zone
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?", re.ASCII)
_MOMENT = re.compile(rf"{_DATE.pattern}[Tt ]{_TIME.pattern}(?P<offset>[Zz]|[+-]\d{{2}}:?\d{{2}})?", re.ASCII)
_NUMBER = re.compile(r"-?\d{1,1000}(\.\d{1,1000})?([eE][+-]?\d{1,4})?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)

_ERRORS = (ValueError, ArithmeticError)  # OverflowError and decimal's own are ArithmeticErrors


class Mismatch(Exception):
    """A value is not of the type; ``path`` leads to it from the inside outwards. Never holds the value."""

    def __init__(self, expected: str, *, missing: bool = False) -> None:
        super().__init__(expected)
        self.expected = expected
        self.missing = missing
        self.path: list[str] = []

    def __str__(self) -> str:
        place = "".join(reversed(self.path)).removeprefix(".") or "the record"
        return f"{place}: {'missing, ' if self.missing else ''}expected {self.expected}"


def read_null(value: Any) -> None:
    if value is not None:
        raise Mismatch("null")


def read_boolean(value: Any) -> bool:
    if value is True or value is False:
        return bool(value)
    raise Mismatch("boolean")


def read_string(value: Any) -> str:
    if type(value) is str:
        return value
    raise Mismatch("string")


def integer(name: str, bits: int) -> Reader:
    """An integer in range; 3.0 is refused, as is true."""
    bound = 1 << (bits - 1)

    def read(value: Any) -> int:
        if type(value) is int and -bound <= value < bound:
            return value
        raise Mismatch(f"{name} ({bits}-bit integer)")

    return read


read_int = integer("int", 32)
read_long = integer("long", 64)


def read_double(value: Any) -> float:
    if type(value) is float or type(value) is int:
        return float(value)
    raise Mismatch("double (number)")


def read_float(value: Any) -> float:
    """A number at 32-bit precision, which is all that the binary encoding keeps."""
    if type(value) is float or type(value) is int:
        try:
            return float(struct.unpack("<f", struct.pack("<f", value))[0])
        except (OverflowError, struct.error):
            pass
    raise Mismatch("float (32-bit number)")


def read_bytes(value: Any) -> bytes:
    """Bytes as a string of the characters U+0000 to U+00FF."""
    if type(value) is str:
        try:
            return value.encode("latin-1")
        except UnicodeEncodeError:
            pass
    raise Mismatch("bytes (string of characters up to U+00FF)")


def fixed(size: int) -> Reader:
    def read(value: Any) -> bytes:
        if type(value) is str and len(value) == size:
            return read_bytes(value)
        raise Mismatch(f"fixed (string of {size} characters up to U+00FF)")

    return read


def decimal(precision: int, scale: int) -> Reader:
    """A number, or a string that reads as one, that fits the precision and scale without rounding."""
    context = Context(prec=precision)
    unit = Decimal(1).scaleb(-scale)
    expected = f"decimal ({precision} digits, {scale} after the point; a string or number)"

    def read(value: Any) -> Decimal:
        text = value if type(value) is str else str(value) if type(value) in (int, float) else ""
        if _NUMBER.fullmatch(text):
            try:
                exact = Decimal(text)
                fitted = exact.quantize(unit, context=context)
                if fitted == exact:
                    return fitted
            except DecimalException:
                pass
        raise Mismatch(expected)

    return read


def decimal_of_bytes(precision: int, scale: int) -> Reader:
    """The bytes of a decimal (two's complement, big-endian) as a string of the characters U+0000 to U+00FF."""

    def read(value: Any) -> Decimal:
        unscaled = int.from_bytes(read_bytes(value), "big", signed=True)
        if abs(unscaled) >= 10**precision:
            raise Mismatch(f"decimal ({precision} digits)")
        return Decimal(unscaled).scaleb(-scale, Context(prec=precision))

    return read


def read_uuid(value: Any) -> UUID:
    if type(value) is str and _UUID.fullmatch(value):
        return UUID(value)
    raise Mismatch("uuid (string)")


def read_fixed_uuid(value: Any) -> UUID:
    """The text of a uuid, or its 16 bytes as a string of the characters U+0000 to U+00FF."""
    if type(value) is str and len(value) == 16:
        return UUID(bytes=read_bytes(value))
    return read_uuid(value)


def read_date(value: Any) -> date:
    """``2026-03-08``, or days since 1970-01-01."""
    try:
        if type(value) is str and _DATE.fullmatch(value):
            return date.fromisoformat(value)
        if type(value) is int:
            return _LOCAL_EPOCH.date() + timedelta(days=value)
    except _ERRORS:
        pass
    raise Mismatch("date (ISO 8601 string or days since 1970-01-01)")


def time_of_day(microseconds: int) -> Reader:
    """``09:30:00.000``, or units since midnight; ``microseconds`` is the unit."""

    def read(value: Any) -> time:
        try:
            if type(value) is str and _TIME.fullmatch(value):
                exact = time.fromisoformat(value)
                return exact.replace(microsecond=exact.microsecond // microseconds * microseconds)
            if type(value) is int and 0 <= value * microseconds < 86_400_000_000:
                return (_LOCAL_EPOCH + timedelta(microseconds=value * microseconds)).time()
        except _ERRORS:
            pass
        raise Mismatch("time of day (ISO 8601 string or units since midnight)")

    return read


def timestamp(nanoseconds: int) -> Reader:
    """ISO 8601 with an offset, or units (``nanoseconds`` each) since the epoch; gives an aware datetime in UTC."""

    def read(value: Any) -> datetime:
        try:
            if type(value) is int:
                return _EPOCH + timedelta(microseconds=value * nanoseconds // 1_000)
            if type(value) is str and (found := _MOMENT.fullmatch(value)) and found["offset"]:
                return _whole_units(datetime.fromisoformat(value.upper()).astimezone(UTC), nanoseconds)
        except _ERRORS:
            pass
        raise Mismatch("timestamp (ISO 8601 string with an offset, or units since the epoch)")

    return read


def local_timestamp(nanoseconds: int) -> Reader:
    """ISO 8601 without an offset, or units since midnight of 1970-01-01 on that clock; gives a naive datetime."""

    def read(value: Any) -> datetime:
        try:
            if type(value) is int:
                return _LOCAL_EPOCH + timedelta(microseconds=value * nanoseconds // 1_000)
            if type(value) is str and (found := _MOMENT.fullmatch(value)) and not found["offset"]:
                return _whole_units(datetime.fromisoformat(value.upper()), nanoseconds)
        except _ERRORS:
            pass
        raise Mismatch("local timestamp (ISO 8601 string without an offset, or units since the epoch)")

    return read


def _whole_units(exact: datetime, nanoseconds: int) -> datetime:
    microseconds = max(nanoseconds // 1_000, 1)  # a datetime holds no less
    return exact.replace(microsecond=exact.microsecond // microseconds * microseconds)


PRIMITIVE_READERS: dict[str, Reader] = {
    "null": read_null,
    "boolean": read_boolean,
    "int": read_int,
    "long": read_long,
    "float": read_float,
    "double": read_double,
    "bytes": read_bytes,
    "string": read_string,
}

LOGICAL_READERS: dict[str, Reader] = {
    "uuid": read_uuid,
    "date": read_date,
    "time-millis": time_of_day(1_000),
    "time-micros": time_of_day(1),
    "timestamp-millis": timestamp(1_000_000),
    "timestamp-micros": timestamp(1_000),
    "timestamp-nanos": timestamp(1),
    "local-timestamp-millis": local_timestamp(1_000_000),
    "local-timestamp-micros": local_timestamp(1_000),
    "local-timestamp-nanos": local_timestamp(1),
}
