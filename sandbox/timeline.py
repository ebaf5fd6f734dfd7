"""The scheduled calls as they lie in the days of those who are called: by date and zone, at the local time. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.schedule import zone

DAYS_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Mark:
    """So many leads of a hub at one local time. ``minute`` counts from midnight by the clock on the wall, so that a day
    of 23 or 25 hours has a mark where its people see it."""

    minute: int
    hub: str
    leads: int


@dataclass(frozen=True, slots=True)
class Day:
    """One date in one zone. ``now`` is the minute that it is there, None on other dates."""

    date: str
    zone: str
    leads: int
    now: int | None
    marks: tuple[Mark, ...]


def days(contacts: Iterable[Mapping[str, Any]], now_ms: int, limit: int = DAYS_SHOWN) -> list[Day]:
    """The first days with calls, by the first of them. ``contacts`` as ``Store.scheduled`` has them; ``now_ms`` is
    milliseconds since the epoch."""
    found: dict[tuple[str, str], Counter[tuple[int, str]]] = {}
    for contact in sorted(contacts, key=lambda each: each["due"]):
        local = datetime.fromisoformat(contact["local"])
        marks = found.setdefault((local.date().isoformat(), contact["zone"]), Counter())
        marks[local.hour * 60 + local.minute, contact["hub"]] += 1
    return [_day(date, name, marks, now_ms) for (date, name), marks in list(found.items())[:limit]]


def _day(date: str, name: str, marks: Counter[tuple[int, str]], now_ms: int) -> Day:
    now = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone(name))
    today = now.date().isoformat() == date
    each = tuple(Mark(minute, hub, leads) for (minute, hub), leads in sorted(marks.items()))
    return Day(date, name, marks.total(), now.hour * 60 + now.minute if today else None, each)
