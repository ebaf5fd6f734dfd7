"""When to call: ``scheduleDate`` and ``timezone`` of a contact (DESIGN.md, "Schedule").

``scheduleDate`` is ``yyyy-MM-dd HH:mm:ss`` on the clock of the zone sent as ``timezone`` (API page, "Propiedades de
fresh leads"); parts of a second are cut off. Left out, it means as soon as possible.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

from whenever import ZonedDateTime

from connector.leads.moments import moment_of, own_zone, read_moment
from connector.leads.outcome import Reason
from connector.leads.refusal import RefusalError
from connector.leads.spec import PastDates, ScheduleSpec
from connector.leads.window import next_allowed

_MILLISECOND = timedelta(milliseconds=1)


class Plan(NamedTuple):
    """What to send; None is left out."""

    timezone: str | None
    schedule_date: str | None


def plan(value: object, find_zone: Callable[[], str | None], rules: ScheduleSpec, now_ms: int) -> Plan:
    """Decides zone and date of one lead.

    ``value`` is what the route's scheduleDate gave (see ``moments.read_moment``; None or "": none was asked for),
    ``find_zone`` the first valid candidate for the zone, ``now_ms`` milliseconds since the epoch. A wall time's own
    zone goes before the candidates. Raises RefusalError: no_timezone, invalid_schedule.
    """
    asked = value is not None and value != ""
    zone = (own_zone(value) if asked else None) or find_zone()
    if zone is None:
        if asked:
            raise RefusalError(Reason.NO_TIMEZONE, "scheduleDate: no time zone to express it in; add a default zone")
        if rules.window is not None:
            raise RefusalError(Reason.NO_TIMEZONE, "timezone: the contact window needs one; add a default zone")
        return Plan(None, None)
    moment = _not_past(read_moment(value, zone), rules, now_ms) if asked else None
    if rules.window is None or (moment is not None and moment.timestamp(unit="millisecond") <= now_ms):
        return Plan(zone, None if moment is None else local_text(moment))
    return Plan(zone, _moved(moment, zone, rules, now_ms))


def local_text(moment: ZonedDateTime) -> str:
    """``yyyy-MM-dd HH:mm:ss`` on the clock of the moment's zone."""
    return moment.to_plain().format_iso(sep=" ", unit="second")


def _not_past(moment: ZonedDateTime, rules: ScheduleSpec, now_ms: int) -> ZonedDateTime | None:
    """The moment; None where it has passed and the person is called now. Raises RefusalError where that is refused."""
    late = now_ms - moment.timestamp(unit="millisecond")
    if late < 0:
        return moment
    if late <= rules.grace // _MILLISECOND or rules.past_dates is PastDates.ASAP:
        return None
    if rules.past_dates is PastDates.REJECT:
        raise RefusalError(Reason.INVALID_SCHEDULE, "scheduleDate: in the past, which the route refuses")
    return moment


def _moved(moment: ZonedDateTime | None, zone: str, rules: ScheduleSpec, now_ms: int) -> str | None:
    """The text of the next allowed time; None for now, inside the window. ``rules.window`` is set."""
    wanted = moment or moment_of(now_ms, zone)
    allowed = next_allowed(wanted, rules.window) if rules.window else wanted
    if allowed is None:
        raise RefusalError(Reason.INVALID_SCHEDULE, "scheduleDate: the contact window does not open")
    return None if moment is None and allowed is wanted else local_text(allowed)
