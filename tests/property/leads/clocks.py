"""The clocks of the world by the standard library's ``zoneinfo``: an oracle that shares no code with the connector.

It reads the files of the ``tzdata`` package, whatever the machine has. Times are whole seconds since the epoch. PEP 495
gives the two rules for nothing: fold=0 in a fold is the earlier time, and in a gap the offset before it, so forward.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
FIRST = 0
LAST = int((datetime(2101, 1, 1, tzinfo=UTC) - EPOCH).total_seconds()) - 1
"""The last second of the year 2100."""
_STEP = 4 * 86_400
"""No zone changes its clocks and back within four days."""

NAMES: tuple[str, ...] = tuple((files("tzdata") / "zones").read_text("utf-8").split())
ODD: tuple[str, ...] = (
    "Australia/Lord_Howe",  # half an hour
    "Pacific/Apia",  # skipped 30 December 2011
    "Pacific/Kwajalein",  # skipped 21 August 1993
    "Pacific/Kiritimati",  # skipped 31 December 1994
    "America/Havana",  # the gap begins at midnight
    "America/Asuncion",  # and so it did here,
    "America/Sao_Paulo",  # and here, where the fold was at midnight
    "Africa/Cairo",  # the gap begins on a Friday at midnight
    "Africa/Casablanca",  # back for Ramadan, by a table until 2087
    "Africa/El_Aaiun",
    "Asia/Gaza",  # Ramadan too
    "Europe/Dublin",  # negative summer time
    "Antarctica/Troll",  # two hours
    "Antarctica/Casey",  # up to three hours, to and fro
    "Pacific/Chatham",  # 12:45
    "Asia/Kathmandu",  # 05:45
    "Africa/Monrovia",  # 44 minutes and 30 seconds until 1972
    "Asia/Pyongyang",
    "America/Caracas",
    "Europe/Volgograd",
    "America/Nuuk",  # changes on Saturday evening
    "America/Vancouver",
    "America/New_York",
    "Europe/Madrid",
)


class Change(NamedTuple):
    """A change of a clock: the first second after it, and the offsets from UTC around it."""

    second: int
    before: timedelta
    after: timedelta

    @property
    def shift(self) -> timedelta:
        """Positive at a gap, negative at a fold."""
        return self.after - self.before


@cache
def zone(name: str) -> ZoneInfo:
    """The zone as the package has it."""
    with (files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def local(second: int, name: str) -> datetime:
    """What the clock shows: a naive datetime, whose fold tells the second of two times."""
    return datetime.fromtimestamp(second, zone(name)).replace(tzinfo=None)


def offset(second: int, name: str) -> timedelta:
    """The offset from UTC."""
    found = datetime.fromtimestamp(second, zone(name)).utcoffset()
    assert found is not None
    return found


def read(wall: datetime, name: str) -> int:
    """The second at which the clock shows ``wall``: the earlier of two; of none, that one later by the gap."""
    return (wall.replace(tzinfo=zone(name), fold=0) - EPOCH) // SECOND


def exists(wall: datetime, name: str) -> bool:
    """False inside a gap."""
    return local(read(wall, name), name) == wall


def comes_twice(wall: datetime, name: str) -> bool:
    """True inside a fold."""
    later = (wall.replace(tzinfo=zone(name), fold=1) - EPOCH) // SECOND
    return exists(wall, name) and later != read(wall, name)


@cache
def changes(name: str) -> tuple[Change, ...]:
    """All changes from 1970 to 2100, found by looking at the clock every few days."""
    found: list[Change] = []
    start, before = FIRST, offset(FIRST, name)
    for end in range(FIRST, LAST + _STEP, _STEP):
        after = offset(min(end, LAST), name)
        if after != before:
            low, high = start, min(end, LAST)
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle, name) == before else (low, middle)
            found.append(Change(high, before, after))
        start, before = end, after
    return tuple(found)


def inside(wall: datetime, days: frozenset[int], start: int, end: int) -> bool:
    """Whether a local time is in a contact window: days from 1 (Monday), minutes from midnight."""
    return wall.isoweekday() in days and start <= wall.hour * 60 + wall.minute < end


def next_opening(second: int, name: str, days: frozenset[int], start: int, end: int) -> int | None:
    """The first second from ``second`` on at which a window opens, looked for minute by minute."""
    today = local(second, name).date()
    for day in (today + count * DAY for count in range(16)):
        opening = _opening(day, name, start, end) if day.isoweekday() in days else None
        if opening is not None and opening >= second:
            return opening
    return None


def _opening(day: date, name: str, start: int, end: int) -> int | None:
    """The first second of a day's window that the clock shows: Monrovia's clock went on at a half minute."""
    midnight = datetime(day.year, day.month, day.day)
    for minute in range(start, end):
        wall = midnight + minute * MINUTE
        if exists(wall + 59 * SECOND, name):
            seconds = (wall + second * SECOND for second in range(60))
            return next(read(each, name) for each in seconds if exists(each, name))
    return None


def distinct() -> list[str]:
    """One name for each clock: aliases have the same file."""
    by_content: dict[bytes, str] = {}
    for name in NAMES:
        by_content.setdefault((files("tzdata") / "zoneinfo").joinpath(*name.split("/")).read_bytes(), name)
    return sorted(by_content.values())
