"""Reading a call-back time: an instant, a wall time with its zone, an ISO string (DESIGN.md, "Schedule").

Gap (a local time the clocks skip): shifted forward by the gap. Fold (a local time that comes twice): the earlier
offset.
"""

from __future__ import annotations

import re
from datetime import datetime

from whenever import Instant, PlainDateTime, ZonedDateTime

from connector.leads.outcome import Reason
from connector.leads.refusal import RefusalError
from connector.leads.values import instant_ms
from connector.leads.zones import resolve_zone

MIN_MS = 0
MAX_MS = 4_133_980_800_000
"""From 1970 up to, not including, 2101-01-01 UTC."""
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?)"
    r"(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


def own_zone(value: object) -> str | None:
    """The zone a wall time record brings (``WallTime`` in schemas/lead_event.avsc), or None where it brings none.

    Raises RefusalError (invalid_schedule) when it names an unknown zone: another zone would be another time.
    """
    if not isinstance(value, dict):
        return None
    name = value.get("timezone")
    if name is None or name == "":
        return None
    zone = resolve_zone(name) if isinstance(name, str) else None
    if zone is None:
        raise _invalid("the wall time's own zone is no IANA time zone")
    return zone


def is_wall_time(value: object) -> bool:
    """True for a time on a clock (see ``read_moment``), which means no instant before a zone is known."""
    if isinstance(value, str):
        match = _ISO.fullmatch(value.strip())
        return match is not None and not match[3]
    return isinstance(value, dict) or (isinstance(value, datetime) and value.tzinfo is None)


def read_moment(value: object, zone: str) -> ZonedDateTime:
    """The time that ``value`` means, in ``zone``.

    ``value`` is an instant (aware datetime, or int: milliseconds since the epoch), or a time on the clock of ``zone``
    (naive datetime, ISO text without offset, a record with ``local``), or ISO text with an offset. Raises RefusalError
    (invalid_schedule) for anything else and outside the years 1970 to 2100.
    """
    if isinstance(value, dict):
        local = value.get("local")
        if not isinstance(local, str):
            raise _invalid("the wall time has no local time")
        match = _ISO.fullmatch(local)
        if match is None or match[3]:
            raise _invalid("the wall time's local time is not ISO 8601 date and time without an offset")
        return _in_range(_wall(match, zone))
    if isinstance(value, str):
        match = _ISO.fullmatch(value.strip())
        if match is None:
            raise _invalid("not ISO 8601 date and time")
        return _in_range(_offset(match, zone) if match[3] else _wall(match, zone))
    if isinstance(value, datetime):
        if value.tzinfo is not None:
            return _instant(instant_ms(value), zone)
        return _in_range(_placed(PlainDateTime(value), zone))
    if isinstance(value, int) and not isinstance(value, bool):
        return _instant(value, zone)
    raise _invalid("neither a time nor ISO text")


def moment_of(milliseconds: int, zone: str) -> ZonedDateTime:
    """An instant on the clock of ``zone``."""
    return Instant.from_timestamp(milliseconds, unit="millisecond").to_tz(zone)


def _instant(milliseconds: int, zone: str) -> ZonedDateTime:
    if not MIN_MS <= milliseconds < MAX_MS:
        raise _invalid("outside the years 1970 to 2100")
    return moment_of(milliseconds, zone)


def _wall(match: re.Match[str], zone: str) -> ZonedDateTime:
    try:
        local = PlainDateTime(f"{match[1]}T{match[2]}")
    except ValueError:
        raise _invalid("no such date or time of day") from None
    return _placed(local, zone)


def _placed(local: PlainDateTime, zone: str) -> ZonedDateTime:
    try:
        return local.assume_tz(zone, disambiguation="compatible")
    except ValueError:
        raise _invalid("outside the years 1970 to 2100") from None


def _offset(match: re.Match[str], zone: str) -> ZonedDateTime:
    try:
        return Instant(f"{match[1]}T{match[2]}{match[3]}").to_tz(zone)
    except ValueError:
        raise _invalid("no such date, time of day or offset") from None


def _in_range(moment: ZonedDateTime) -> ZonedDateTime:
    if not MIN_MS <= moment.timestamp(unit="millisecond") < MAX_MS:
        raise _invalid("outside the years 1970 to 2100")
    return moment


def _invalid(why: str) -> RefusalError:
    return RefusalError(Reason.INVALID_SCHEDULE, f"scheduleDate: {why}")
