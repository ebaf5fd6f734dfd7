"""scheduleDate and timezone."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any

import pytest

from connector.leads.moments import MAX_MS, read_moment
from connector.leads.outcome import Outcome, Reason
from connector.leads.schedule import local_text
from connector.leads.spec import Channel, ContactWindow, PastDates, ScheduleSpec, YamlValue
from tests.unit.leads.samples import NOW_MS, ROOT, contact_of, lead, problems_of, route, set_aside

VECTORS: list[dict[str, Any]] = json.loads((ROOT / "tests" / "vectors" / "schedule.json").read_text("utf-8"))["rows"]
ZONES: YamlValue = ["person.timezone", "phone", "America/Montevideo"]
HOUR_MS = 3_600_000


def scheduled(zones: YamlValue = ZONES, at: YamlValue = "schedule.at", **rules: Any) -> Any:
    """A telephony route with a call-back time."""
    contact: dict[str, YamlValue] = {"clientIds": "person.phones", "timezone": zones, "scheduleDate": at}
    return route({k: v for k, v in contact.items() if v is not None}, schedule=ScheduleSpec(**rules))


def at(value: object, zone: str | None = "America/New_York", phones: list[str] | None = None) -> dict[str, Any]:
    """A lead that asks for a time."""
    return lead(schedule={"at": value}, person={"timezone": zone, "phones": phones or ["+34612345678"]})


def utc(text: str) -> datetime:
    """An instant as fastavro gives it."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['input']} {row['zone']}")
def test_the_exact_cases(row: dict[str, Any]) -> None:
    """Every row of the agreed vectors, read as a moment and through a whole mapping."""
    instant = row["kind"] == "instant"
    value = utc(row["input"]) if instant else {"local": row["input"], "timezone": row["zone"]}
    moment = read_moment(value, row["zone"])
    assert local_text(moment) == row["expect"]
    assert moment.to_instant().format_iso() == (row["input"] if instant else row["instant"])
    contact = contact_of(at(value, row["zone"]), scheduled(), now_ms=0)
    assert (contact["timezone"], contact["scheduleDate"]) == (row["zone"], row["expect"])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (utc("2026-07-01T16:00:00Z"), "2026-07-01 12:00:00"),
        (1_782_921_600_000, "2026-07-01 12:00:00"),
        ("2026-07-01T16:00:00Z", "2026-07-01 12:00:00"),
        ("2026-07-01T18:00:00+02:00", "2026-07-01 12:00:00"),
        ("2026-07-01T18:00:00+0200", "2026-07-01 12:00:00"),
        ("2026-07-01T18:00:00.999+02", "2026-07-01 12:00:00"),
        ("2026-07-01T12:00:00", "2026-07-01 12:00:00"),
        ("2026-07-01 12:00", "2026-07-01 12:00:00"),
        ("2026-06-30T23:59:60Z", "2026-06-30 19:59:59"),
        ("2026-06-30T23:59:60", "2026-06-30 23:59:59"),
        ("2028-02-29T12:00:00", "2028-02-29 12:00:00"),
        (datetime(2026, 7, 1, 12), "2026-07-01 12:00:00"),
        ({"local": "2026-07-01T12:00:00", "timezone": None}, "2026-07-01 12:00:00"),
    ],
)
def test_each_form_of_a_time(value: object, expected: str) -> None:
    """Instants, milliseconds, ISO with and without an offset, local timestamps and records give the local time.

    A leap second counts as the second before it: no clock of ours shows it.
    """
    contact = contact_of(at(value), scheduled())
    assert (contact["scheduleDate"], contact["timezone"]) == (expected, "America/New_York")


@pytest.mark.parametrize(
    "value",
    ["tomorrow", "2026-07-01", "2026-02-30T10:00", "2026-07-01T25:00", "12:00",
     "2026-07-01T12:00:00+99:00", "2026-07-01T12:00[UTC]", "٢٠٢٦-07-01T12:00",
     "2026-07-01T24:00", "2026-06-30T23:59:61Z", "2027-02-29T12:00", "2100-02-29T12:00Z", "1782921600000",
     "1969-12-31T23:59:59.999Z", "1969-12-31T18:59", "2101-01-01T00:00:00Z", "2100-12-31T19:00", "2101-06-01T00:00",
     "9999-12-31T23:59:59", "9999-12-31T23:59:59-05:00", "0001-01-01T00:00", "0001-01-01T00:00:00+05:00",
     "0000-01-01T00:00Z", -1, MAX_MS, -(2**63), 2**63, 10**30, True, 1.5, [], {},
     date(2026, 7, 1), time(12), datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=5))), datetime(1, 1, 1),
     datetime(9999, 12, 31, 23, tzinfo=timezone(timedelta(hours=-5))), datetime(9999, 12, 31, 23),
     {"local": None, "timezone": "UTC"}, {"local": "2026-07-01T12:00Z", "timezone": "UTC"},
     {"local": "2026-07-01T12:00", "timezone": "+03:00"}, {"local": "2026-07-01T12:00", "timezone": "Nowhere/City"},
     {"local": "2026-07-01T12:00", "timezone": 3}],
)  # fmt: skip
def test_what_is_no_time_sets_the_lead_aside(value: object) -> None:
    """Nonsense, impossible dates, years outside 1970 to 2100 and wall times in an unknown zone are never guessed."""
    aside = set_aside(at(value), scheduled())
    assert (aside.outcome, aside.reason) == (Outcome.DEAD_LETTER, Reason.INVALID_SCHEDULE)
    assert "2026" not in aside.message


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0, "1969-12-31 19:00:00"),
        ("1969-12-31T19:00", "1969-12-31 19:00:00"),
        (MAX_MS - 1, "2100-12-31 18:59:59"),
        ("2100-12-31T18:59:59.999", "2100-12-31 18:59:59"),
    ],
)
def test_the_years_are_counted_in_utc(value: object, expected: str) -> None:
    """The first and the last moment that is read, on New York's clock."""
    assert contact_of(at(value), scheduled(), now_ms=-1)["scheduleDate"] == expected


def test_a_wall_time_keeps_its_own_zone() -> None:
    """The zone of the wall time goes before all candidates, under its right name."""
    contact = contact_of(at({"local": "2026-07-01T12:00", "timezone": "europe/madrid"}), scheduled())
    assert (contact["scheduleDate"], contact["timezone"]) == ("2026-07-01 12:00:00", "Europe/Madrid")


@pytest.mark.parametrize(
    ("zone", "phones", "expected"),
    [
        ("Europe/Lisbon", ["+59899123456"], "Europe/Lisbon"),
        ("Pacific Standard Time", ["+59899123456"], "America/Los_Angeles"),
        ("+03:00", ["+14256715523", "+59899123456"], "America/Los_Angeles"),
        (None, ["+34612345678", "+59899123456"], "America/Asuncion"),
        ("", ["099123456"], "America/Asuncion"),
    ],
)
def test_the_first_valid_candidate_wins(zone: str | None, phones: list[str], expected: str) -> None:
    """Event field, then the first phone's zone if it has only one, then the route's literal."""
    event = at(None, zone, phones)
    assert contact_of(event, scheduled(["person.timezone", "phone", "America/Asuncion"]))["timezone"] == expected


def test_without_a_zone() -> None:
    """A date needs a zone; as soon as possible does not."""
    route_without = scheduled(["person.timezone", "phone"])
    assert set_aside(at(utc("2026-07-01T16:00:00Z"), None), route_without).reason is Reason.NO_TIMEZONE
    assert contact_of(at(None, None), route_without) == {"clientIds": ["+34612345678"]}
    assert set_aside(at(1, None), scheduled(None)).reason is Reason.NO_TIMEZONE
    wall = at({"local": "2026-07-01T12:00", "timezone": "UTC"}, None)
    assert contact_of(wall, scheduled(None))["timezone"] == "UTC"


@pytest.mark.parametrize(
    ("late_ms", "rules", "sent"),
    [
        (-1000, {"past_dates": PastDates.REJECT}, True),
        (0, {"past_dates": PastDates.ASAP}, False),
        (HOUR_MS, {"past_dates": PastDates.ASAP}, False),
        (HOUR_MS, {"past_dates": PastDates.KEEP}, True),
        (HOUR_MS, {"past_dates": PastDates.KEEP, "grace": timedelta(hours=1)}, False),
        (HOUR_MS, {"past_dates": PastDates.REJECT, "grace": timedelta(hours=1)}, False),
        (HOUR_MS + 1, {"past_dates": PastDates.KEEP, "grace": timedelta(hours=1)}, True),
    ],
)
def test_past_dates(late_ms: int, rules: dict[str, Any], sent: bool) -> None:
    """Within the grace or by asap the date is left out, by keep it is sent; the zone is sent in any case."""
    contact = contact_of(at(NOW_MS - late_ms), scheduled(**rules))
    assert ("scheduleDate" in contact) is sent
    assert contact["timezone"] == "America/New_York"


def test_a_past_date_is_refused_by_choice() -> None:
    """Reject: one millisecond beyond the grace."""
    aside = set_aside(at(NOW_MS - 1), scheduled(past_dates=PastDates.REJECT))
    assert aside.reason is Reason.INVALID_SCHEDULE


OFFICE = ContactWindow(frozenset({1, 2, 3, 4, 5}), 9 * 60, 18 * 60)


@pytest.mark.parametrize(
    ("now", "asked", "expected"),
    [
        ("2026-01-15T15:00:00Z", None, None),
        ("2026-01-15T13:59:00Z", None, "2026-01-15 09:00:00"),
        ("2026-01-15T14:00:00Z", None, None),
        ("2026-01-15T23:00:00Z", None, "2026-01-16 09:00:00"),
        ("2026-01-16T23:00:00Z", None, "2026-01-19 09:00:00"),
        ("2026-01-17T15:00:00Z", "2026-01-14T15:00:00Z", "2026-01-19 09:00:00"),
        ("2026-01-15T15:00:00Z", "2026-01-16T15:30:10Z", "2026-01-16 10:30:10"),
        ("2026-01-15T15:00:00Z", "2026-01-17T15:30:00Z", "2026-01-19 09:00:00"),
        ("2026-01-15T15:00:00Z", "2026-01-16T22:59:59Z", "2026-01-16 17:59:59"),
    ],
)
def test_the_contact_window(now: str, asked: str | None, expected: str | None) -> None:
    """A future date or now outside the window moves to its next start; now inside stays as soon as possible."""
    now_ms = int(utc(now).timestamp() * 1000)
    contact = contact_of(at(None if asked is None else utc(asked)), scheduled(window=OFFICE), now_ms=now_ms)
    assert contact.get("scheduleDate") == expected


def test_the_contact_window_leaves_kept_past_dates_alone() -> None:
    """keep sends the date as it was asked for."""
    kept = scheduled(window=OFFICE, past_dates=PastDates.KEEP)
    contact = contact_of(at(utc("2026-01-11T12:00:00Z")), kept)
    assert contact["scheduleDate"] == "2026-01-11 07:00:00"


def test_the_contact_window_needs_a_zone() -> None:
    """A rule that cannot be kept is not dropped silently."""
    event = at(None, None)
    assert set_aside(event, scheduled(["person.timezone"], window=OFFICE)).reason is Reason.NO_TIMEZONE
    assert set_aside(event, scheduled(None, None, window=OFFICE)).reason is Reason.NO_TIMEZONE


DAILY = frozenset(range(1, 8))


@pytest.mark.parametrize(
    ("zone", "asked", "window", "expected"),
    [
        # New York skips 02:00 to 03:00. The window is in the gap, begins in it, ends in it, holds it.
        ("America/New_York", "2026-03-08T05:30:00Z", ContactWindow(DAILY, 120, 150), "2026-03-09 02:00:00"),
        ("America/New_York", "2026-03-08T05:30:00Z", ContactWindow(frozenset({7}), 120, 180), "2026-03-15 02:00:00"),
        ("America/New_York", "2026-03-08T05:30:00Z", ContactWindow(DAILY, 150, 360), "2026-03-08 03:00:00"),
        ("America/New_York", "2026-03-08T05:30:00Z", ContactWindow(DAILY, 135, 195), "2026-03-08 03:00:00"),
        ("America/New_York", "2026-03-08T05:30:00Z", ContactWindow(DAILY, 90, 150), "2026-03-08 01:30:00"),
        ("America/New_York", "2026-03-08T07:00:00Z", ContactWindow(DAILY, 60, 150), "2026-03-09 01:00:00"),
        ("America/New_York", "2026-03-08T07:00:00Z", ContactWindow(DAILY, 60, 240), "2026-03-08 03:00:00"),
        # 01:00 to 02:00 comes twice. The window begins in the fold, ends in it, is asked for between the two.
        ("America/New_York", "2026-11-01T04:30:00Z", ContactWindow(DAILY, 90, 360), "2026-11-01 01:30:00"),
        ("America/New_York", "2026-11-01T05:40:00Z", ContactWindow(DAILY, 0, 90), "2026-11-02 00:00:00"),
        ("America/New_York", "2026-11-01T06:20:00Z", ContactWindow(DAILY, 0, 90), "2026-11-01 01:20:00"),
        ("America/New_York", "2026-11-01T06:10:00Z", ContactWindow(DAILY, 90, 120), "2026-11-02 01:30:00"),
        # Havana skips midnight to 01:00: the day begins at one.
        ("America/Havana", "2026-03-08T04:30:00Z", ContactWindow(frozenset({7}), 0, 360), "2026-03-08 01:00:00"),
        # Apia had no Friday 30 December 2011.
        ("Pacific/Apia", "2011-12-30T08:00:00Z", ContactWindow(frozenset({5}), 540, 1080), "2012-01-06 09:00:00"),
        ("Pacific/Apia", "2011-12-30T08:00:00Z", ContactWindow(frozenset({5, 6}), 540, 1080), "2011-12-31 09:00:00"),
        ("Pacific/Apia", "2011-12-30T08:00:00Z", ContactWindow(frozenset({5, 6}), 0, 600), "2011-12-31 00:00:00"),
    ],
)
def test_a_window_and_a_change_of_the_clocks(zone: str, asked: str, window: ContactWindow, expected: str) -> None:
    """It opens once a day: at its start; where that is skipped, at the end of the gap; in a fold, the first time."""
    contact = contact_of(at(utc(asked), zone), scheduled(window=window), now_ms=0)
    assert contact["scheduleDate"] == expected


@pytest.mark.parametrize(
    "window",
    [
        ContactWindow(frozenset(), 0, 60),
        ContactWindow(frozenset({0}), 0, 60),
        ContactWindow(frozenset({8}), 0, 60),
        ContactWindow(frozenset({1}), 60, 60),
        ContactWindow(frozenset({1}), 1200, 120),
        ContactWindow(frozenset({1}), 0, 1441),
    ],
)
def test_an_impossible_window_is_a_problem(window: ContactWindow) -> None:
    """No days, unknown days, or no time between start and end."""
    (problem,) = problems_of(scheduled(window=window))
    assert problem.path == ("routes", 0, "schedule", "window")


@pytest.mark.parametrize(
    ("candidate", "hint"),
    [
        ("America/Montevido", "America/Montevideo"),
        ("america/montevideo", "America/Montevideo"),
        ("'Pacific Standard Time'", "America/Los_Angeles"),
        ("person.timzone", "timezone"),
        ("'+03:00'", ""),
        ("+03:00", ""),
        (3, ""),
    ],
)
def test_a_literal_that_is_no_zone_is_a_problem(candidate: YamlValue, hint: str) -> None:
    """What is written in the configuration must be an exact IANA name, or an expression over the event."""
    (problem,) = problems_of(scheduled(["person.timezone", candidate]))
    assert problem.path == ("routes", 0, "contact", "timezone", 1)
    assert hint in problem.hint


def test_email_has_no_phone_zone() -> None:
    """The word phone is refused for an email contact."""
    (problem,) = problems_of(route({"clientId": "person.email | required", "timezone": "phone"}, channel=Channel.EMAIL))
    assert problem.path[-1] == "timezone"


def test_max_age() -> None:
    """Older than max_age is expired; as old, or without an event time, is not."""
    aged = route(max_age=timedelta(seconds=60))
    event_ms = 1_768_489_198_123
    assert contact_of(lead(), aged, now_ms=event_ms + 60_000)
    aside = set_aside(lead(), aged, now_ms=event_ms + 60_001)
    assert (aside.outcome, aside.reason) == (Outcome.EXPIRED, Reason.TOO_OLD)
    assert contact_of(lead(occurredAt=None), aged)
