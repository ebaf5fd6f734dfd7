"""From Avro values to JSON values and to text.

Leads hold what fastavro decodes: aware datetimes, dates, Decimal, UUID, dict, list and the primitives. This module says
what each becomes in a contact (DESIGN.md, "Mapping side": a timestamp becomes ISO 8601 in UTC with milliseconds):

- an instant: ``2026-01-15T15:00:00.000Z``; a local timestamp the same without the ``Z``; a date and a time as ISO 8601;
- a decimal: text with all its digits, because a JSON number would be read as binary floating point and lose some;
- a UUID: its text;
- bytes, NaN, infinities and integers beyond 64 bits: refused, they have no faithful JSON value;
- null: left out of objects and lists, never sent.
"""

from __future__ import annotations

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

from jinja2.runtime import Undefined

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INT64 = 1 << 63
_UINT64 = 1 << 64
MAX_DEPTH = 64

MAX_TEXT = 1 << 20
"""Characters that a text may grow to."""
MAX_EXPONENT = 1000
"""Digits of a decimal before or behind the point: one of 10^9 digits is a few bytes until it is written out."""


class UnsendableError(TypeError):
    """A value that has no JSON form. The message names types only, never the value."""


def absent(value: object) -> bool:
    """Null, or nothing at all."""
    return value is None or isinstance(value, Undefined)


def instant_ms(value: datetime) -> int:
    """Milliseconds since the epoch of an aware datetime, rounded down. Raises TypeError for a naive one."""
    if value.tzinfo is None:
        raise TypeError("a local timestamp is no instant: it has no zone")
    return (value - _EPOCH) // _MILLISECOND


def iso_text(value: date | datetime | time) -> str:
    """ISO 8601; an instant in UTC, datetimes with milliseconds (what is finer is cut off)."""
    if isinstance(value, datetime):
        if value.tzinfo is None:
            return value.isoformat(timespec="milliseconds")
        if value.tzinfo is not UTC:
            value = value.astimezone(UTC)
        return value.isoformat(timespec="milliseconds")[:-6] + "Z"
    return value.isoformat()


def text(value: object) -> str:
    """A value inside a text (template, ``~``, text filters): null and absent are empty, booleans ``true`` / ``false``.

    Raises UnsendableError for lists, records, maps and bytes: there is no one text for them (join does lists).
    """
    if type(value) is str:
        return value
    if value is None or isinstance(value, Undefined):
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | UUID):
        return str(value)
    if isinstance(value, Decimal):
        return _digits(value)
    if isinstance(value, date | time):
        return iso_text(value)
    raise UnsendableError(f"a value of type {type(value).__name__} has no text form")


def replaced(value: str, old: str, new: str, count: int = -1) -> str:
    """``old`` replaced by ``new``, as often as ``count`` says or everywhere. Raises ValueError where the text would
    grow without measure: two long fields of one event would fill the memory."""
    size = len(value) + value.count(old) * (len(new) - len(old))
    if size > max(MAX_TEXT, len(value)):
        raise ValueError(f"a text of more than {MAX_TEXT:,} characters")
    return value.replace(old, new, count)


def _digits(value: Decimal) -> str:
    """All digits of a decimal. Raises UnsendableError for one that would fill the memory."""
    if value.is_finite() and not (value.adjusted() < MAX_EXPONENT and int(value.as_tuple().exponent) > -MAX_EXPONENT):
        raise UnsendableError(f"a decimal of more than {MAX_EXPONENT} digits")
    return format(value, "f")


def plain(value: object, depth: int = 0) -> object:
    """The JSON value (str, int, float, bool, None, list, dict with text keys) of what an expression gave.

    Nulls inside lists and objects are dropped. Raises UnsendableError for what JSON cannot carry faithfully.
    """
    kind = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if isinstance(value, dict):
        return _plain_object(value, depth)
    if isinstance(value, int):
        if not -_INT64 <= value < _UINT64:
            raise UnsendableError("an integer beyond 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise UnsendableError("a number that is not finite")
        return value
    if isinstance(value, list | tuple):
        _check_depth(depth)
        return [kept for each in value if (kept := plain(each, depth + 1)) is not None]
    return text(value)


def _check_depth(depth: int) -> None:
    if depth >= MAX_DEPTH:
        raise UnsendableError(f"nested more than {MAX_DEPTH} deep")


def _plain_object(value: dict[object, object], depth: int) -> dict[str, object]:
    """An object without its nulls. Raises UnsendableError for a key that is not text."""
    _check_depth(depth)
    result: dict[str, object] = {}
    for key, each in value.items():
        if type(each) is str and type(key) is str:
            result[key] = each
            continue
        if not isinstance(key, str):
            raise UnsendableError(f"an object's key of type {type(key).__name__}")
        kept = plain(each, depth + 1)
        if kept is not None:
            result[key] = kept
    return result
