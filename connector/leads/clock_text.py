"""Dates and times as text by a pattern (``%d/%m/%Y``), the same on every machine.

The C library's ``strftime`` is not used: ``%s`` reads the machine's zone, ``%c``, ``%x`` and the names its locale, and
``%-d`` is not known everywhere. What is not in the table below is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

MAX_PATTERN = 200
"""Characters of a pattern."""


class Names(NamedTuple):
    """The words of a language: Monday and January come first."""

    days: tuple[str, ...]
    short_days: tuple[str, ...]
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    halves: tuple[str, str]
    """Before and after noon."""


ENGLISH = Names(
    ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    (
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ),
    ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    ("AM", "PM"),
)  # fmt: skip

_Write: TypeAlias = Callable[[Any, Names], str]


def _number(width: int, of: Callable[[Any], int]) -> _Write:
    return lambda moment, _names: f"{of(moment):0{width}}"


def _offset(moment: datetime, _names: Names) -> str:
    offset = moment.utcoffset()
    if offset is None:
        return ""
    seconds = int(offset.total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02}{minutes:02}"


_OF_DATE: dict[str, _Write] = {
    "Y": _number(4, lambda moment: moment.year),
    "y": _number(2, lambda moment: moment.year % 100),
    "m": _number(2, lambda moment: moment.month),
    "d": _number(2, lambda moment: moment.day),
    "j": _number(3, lambda moment: moment.timetuple().tm_yday),
    "u": _number(1, lambda moment: moment.isoweekday()),
    "G": _number(4, lambda moment: moment.isocalendar().year),
    "V": _number(2, lambda moment: moment.isocalendar().week),
    "A": lambda moment, names: names.days[moment.weekday()],
    "a": lambda moment, names: names.short_days[moment.weekday()],
    "B": lambda moment, names: names.months[moment.month - 1],
    "b": lambda moment, names: names.short_months[moment.month - 1],
    "F": lambda moment, _names: f"{moment.year:04}-{moment.month:02}-{moment.day:02}",
}
_OF_TIME: dict[str, _Write] = {
    "H": _number(2, lambda moment: moment.hour),
    "I": _number(2, lambda moment: (moment.hour - 1) % 12 + 1),
    "M": _number(2, lambda moment: moment.minute),
    "S": _number(2, lambda moment: moment.second),
    "f": _number(6, lambda moment: moment.microsecond),
    "p": lambda moment, names: names.halves[moment.hour >= 12],
    "R": lambda moment, _names: f"{moment.hour:02}:{moment.minute:02}",
    "T": lambda moment, _names: f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}",
}
_OF_BOTH: dict[str, _Write] = {"z": _offset}
_WRITERS = {**_OF_DATE, **_OF_TIME, **_OF_BOTH}
_WITHOUT_ZEROS = frozenset("mdjVHIMS")
_DIRECTIVE = re.compile(r"%(-?)(.|$)", re.DOTALL)
_INSTEAD = {
    "s": "epoch_s gives the seconds since 1970", "c": "write %F %T", "x": "write %F, or %d/%m/%Y", "X": "write %T",
    "Z": "write %z", "e": "write %-d", "h": "write %b", "D": "write %m/%d/%y", "w": "write %u", "k": "write %-H",
    "l": "write %-I", "r": "write %I:%M:%S %p",
}  # fmt: skip
DIRECTIVES = "%" + " %".join(sorted(_WRITERS, key=str.casefold))


class PatternError(ValueError):
    """The pattern cannot be used; ``hint`` is the way out."""

    def __init__(self, message: str, hint: str = f"there are {DIRECTIVES}, and %-d without a zero in front") -> None:
        super().__init__(message)
        self.hint = hint


class Pattern(NamedTuple):
    """A pattern that was read: text and directives in turn, and which of date and time it asks for."""

    parts: tuple[str | _Write, ...]
    wants_date: bool
    wants_time: bool

    def write(self, moment: date | time, names: Names = ENGLISH) -> str:
        """The text. Raises PatternError where a date has no time of day, or a time no date."""
        if self.wants_time and not isinstance(moment, datetime | time):
            raise PatternError("a date has no time of day")
        if self.wants_date and isinstance(moment, time):
            raise PatternError("a time of day has no date")
        return "".join([part if isinstance(part, str) else part(moment, names) for part in self.parts])


@lru_cache(maxsize=256)
def read_pattern(pattern: str) -> Pattern:
    """The pattern as it is used. Raises PatternError."""
    if len(pattern) > MAX_PATTERN:
        raise PatternError(f"a pattern has at most {MAX_PATTERN} characters")
    parts: list[str | _Write] = []
    used: set[str] = set()
    end = 0
    for found in _DIRECTIVE.finditer(pattern):
        parts.append(pattern[end : found.start()])
        parts.append(_writer(found[0], found[1] == "-", found[2]))
        used.add(found[2])
        end = found.end()
    parts.append(pattern[end:])
    kept = tuple(part for part in parts if part != "")
    return Pattern(kept, not used.isdisjoint(_OF_DATE), not used.isdisjoint({*_OF_TIME, *_OF_BOTH}))


def _writer(directive: str, bare: bool, letter: str) -> str | _Write:
    if directive == "%%":
        return "%"
    write = _WRITERS.get(letter)
    if write is None:
        raise PatternError(f"{directive} is not available in a pattern", *filter(None, [_INSTEAD.get(letter)]))
    if not bare:
        return write
    if letter not in _WITHOUT_ZEROS:
        raise PatternError(f"{directive} is not available in a pattern", f"write %{letter}")
    return lambda moment, names: write(moment, names).lstrip("0") or "0"


def strftime(moment: date | time, pattern: object) -> str:
    """Stands in for the method of that name, in English. Raises PatternError, and TypeError for what is no text."""
    if not isinstance(pattern, str):
        raise TypeError("strftime takes a pattern")
    return read_pattern(pattern).write(moment)
