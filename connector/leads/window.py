"""The contact window: the hours and days in which a person may be called, on the person's clock."""

from __future__ import annotations

from whenever import Date, Time, ZonedDateTime

from connector.leads.spec import ContactWindow

_DAY_MINUTES = 24 * 60
_SEARCH_DAYS = 15
"""Two weeks and a day: every weekday comes, even if a change of the clocks skips one whole day or opening."""


def window_problem(window: ContactWindow) -> str:
    """What is wrong with a window, or empty."""
    if not window.days or not window.days <= frozenset(range(1, 8)):
        return "days are from 1 (Monday) to 7 (Sunday), at least one"
    if not 0 <= window.start_minute < window.end_minute <= _DAY_MINUTES:
        return "the start is before the end, on the same day"
    return ""


def inside(moment: ZonedDateTime, window: ContactWindow) -> bool:
    """True when the local time is in the window: from its start, up to but not including its end."""
    minute = moment.hour * 60 + moment.minute
    return moment.day_of_week().value in window.days and window.start_minute <= minute < window.end_minute


def next_allowed(moment: ZonedDateTime, window: ContactWindow) -> ZonedDateTime | None:
    """``moment`` itself when inside, else the next opening of the window.

    It opens once on each of its days. In a fold that is the first time: text without an offset is read as that one.
    None when a change of the clocks leaves no opening in two weeks (a window of minutes inside a gap).
    """
    if inside(moment, window):
        return moment
    minute = moment.hour * 60 + moment.minute
    day = moment.date() if minute < window.start_minute else moment.date().add(days=1)
    for _ in range(_SEARCH_DAYS):
        if day.day_of_week().value in window.days:
            opening = _opening(day, window, str(moment.tz_id))
            # The end of a gap may be past the window's end, or (Apia, 2011) on another day.
            if opening >= moment and inside(opening, window):
                return opening
        day = day.add(days=1)
    return None


def _opening(day: Date, window: ContactWindow, zone: str) -> ZonedDateTime:
    """The start of the window on a day; the end of the gap where the clocks skip the start."""
    local = day.at(Time(*divmod(window.start_minute, 60)))
    opening = local.assume_tz(zone, disambiguation="compatible")
    if opening.to_plain() == local:
        return opening
    return local.assume_tz(zone, disambiguation="earlier").next_transition() or opening
