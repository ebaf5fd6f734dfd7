"""Durations and sizes as people write them: ``100ms``, ``1h30m``, ``256KiB``."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from connector.config.problems import quote, refuse
from connector.config.section import Shown

LONGEST = timedelta(days=3650)
_UNITS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}
_PART = r"[0-9]{1,12}(?:\.[0-9]{1,6})?(?:ms|s|m|h|d)"
_PARTS = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,6})?)(ms|s|m|h|d)")
_DURATION = re.compile(f"(?:{_PART})+")
_DURATION_HINT = "Write a number with its unit (ms, s, m, h, d), for example 100ms, 10s, 2m, 1h30m, 3d"

_MULTIPLES = {
    "B": 1,
    "kB": 10**3,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "KiB": 2**10,
    "MiB": 2**20,
    "GiB": 2**30,
}
_SIZE = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?) ?(B|kB|KB|MB|GB|KiB|MiB|GiB)?")
_SIZE_HINT = "Write whole bytes, or a number with its unit (KiB, MiB, GiB, kB, MB, GB), for example 262144 or 256KiB"


def parse_duration(value: Any) -> timedelta:
    """Read a duration. A number without a unit is refused (100 what?), except 0.

    Raises PydanticCustomError in plain words.
    """
    if isinstance(value, timedelta):
        return value
    if value in (0, "0") and not isinstance(value, bool):
        return timedelta(0)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        raise refuse(f"{quote(value)} has no unit", f"Write {quote(value)}ms or {quote(value)}s")
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        raise refuse(f"{quote(value)} is not a duration", _DURATION_HINT)
    parts = _PARTS.findall(value)
    units = [unit for _, unit in parts]
    if units != sorted(set(units), key=list(_UNITS).index):
        raise refuse(f"{quote(value)} is not a duration", "Give every unit once, the largest first, for example 1h30m")
    milliseconds = sum(Decimal(number) * _UNITS[unit] for number, unit in parts)
    if milliseconds > LONGEST // timedelta(milliseconds=1):
        raise refuse(f"{quote(value)} is longer than {LONGEST.days}d", _DURATION_HINT)
    return timedelta(milliseconds=float(milliseconds))


def parse_positive_duration(value: Any) -> timedelta:
    """Read a duration of at least 1 ms. Raises PydanticCustomError."""
    duration = parse_duration(value)
    if duration < timedelta(milliseconds=1):
        raise refuse("must be at least 1ms", _DURATION_HINT)
    return duration


def parse_size(value: Any) -> int:
    """Read a size into bytes. Raises PydanticCustomError in plain words."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise refuse(f"{quote(value)} is not a size", _SIZE_HINT)
    size = Decimal(match[1]) * _MULTIPLES[match[2] or "B"]
    if size != int(size):
        raise refuse(f"{quote(value)} is not a whole number of bytes", _SIZE_HINT)
    return int(size)


def format_duration(value: timedelta) -> str:
    """Write a duration the way it is read: ``1h30m``, ``100ms``."""
    left, text = round(value / timedelta(milliseconds=1)), ""
    for unit, milliseconds in _UNITS.items():
        count, left = divmod(left, milliseconds)
        text += f"{count}{unit}" if count else ""
    return text or "0s"


def _whole_number(value: Any) -> Any:
    # pydantic would take true for 1.
    if isinstance(value, bool):
        raise refuse(f"must be a whole number, not {quote(value)}")
    return value


_DURATION_SCHEMA = {
    "type": ["string", "integer"],
    "pattern": f"^(?:0|(?:{_PART})+)$",
    "maximum": 0,
    "minimum": 0,
    "examples": ["100ms", "10s", "2m", "1h30m", "3d"],
}
_POSITIVE_SCHEMA = {"type": "string", "pattern": f"^(?:{_PART})+$", "examples": ["100ms", "10s", "2m", "1h30m", "3d"]}
_SIZE_SCHEMA = {
    "type": ["string", "integer"],
    "minimum": 0,
    "pattern": f"^{_SIZE.pattern}$",
    "examples": ["256KiB", "16MiB", "1MB", 262144],
}

Duration: TypeAlias = Annotated[
    timedelta, BeforeValidator(parse_duration), WithJsonSchema(_DURATION_SCHEMA), Shown("duration")
]
"""A time span; may be 0."""
PositiveDuration: TypeAlias = Annotated[
    timedelta, BeforeValidator(parse_positive_duration), WithJsonSchema(_POSITIVE_SCHEMA), Shown("duration")
]
"""A time span of at least 1 ms."""
Size: TypeAlias = Annotated[int, BeforeValidator(parse_size), WithJsonSchema(_SIZE_SCHEMA), Shown("size")]
"""A number of bytes; each field says from how many (a minimum here would take precedence over the field's own)."""
Count: TypeAlias = Annotated[int, Field(ge=1), BeforeValidator(_whole_number), Shown("whole number")]
"""How many of something: 1 or more."""
