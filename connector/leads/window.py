"""The contact window: the hours and days in which a person may be called, on the person's clock."""

from __future__ import annotations

from whenever import Date, Time, ZonedDateTime

from connector.leads.spec import ContactWindow

_DAY_MINUTES = 24 * 60
_SEARCH_DAYS = 15
"""Two weeks and a day: every weekday comes, even if one whole day or hour is skipped by a change of the clocks."""


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
    """``moment`` itself when inside, else the next start of the window.

    None when a change of the clocks leaves none in two weeks (a window of minutes inside a gap).
    """
    if inside(moment, window):
        return moment
    minute = moment.hour * 60 + moment.minute
    day = moment.date() if minute < window.start_minute else moment.date().add(days=1)
    for _ in range(_SEARCH_DAYS):
        if day.day_of_week().value in window.days:
            start = _start(day, window, moment)
            # A start in a gap moves forward, perhaps out of the window or (Apia, 2011) to another day.
            if inside(start, window):
                return start
        day = day.add(days=1)
    return None


def _start(day: Date, window: ContactWindow, moment: ZonedDateTime) -> ZonedDateTime:
    hour, minute = divmod(window.start_minute, 60)
    return day.at(Time(hour, minute)).assume_tz(str(moment.tz_id), disambiguation="compatible")
