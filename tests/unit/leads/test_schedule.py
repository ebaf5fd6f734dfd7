"""scheduleDate and timezone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
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
        (datetime(2026, 7, 1, 12), "2026-07-01 12:00:00"),
        ({"local": "2026-07-01T12:00:00", "timezone": None}, "2026-07-01 12:00:00"),
    ],
)
def test_each_form_of_a_time(value: object, expected: str) -> None:
    """Instants, milliseconds, ISO with and without an offset, local timestamps and records give the local time."""
    contact = contact_of(at(value), scheduled())
    assert (contact["scheduleDate"], contact["timezone"]) == (expected, "America/New_York")


@pytest.mark.parametrize(
    "value",
    ["tomorrow", "2026-07-01", "2026-02-30T10:00", "2026-07-01T25:00", "12:00",
     "2026-07-01T12:00:00+99:00", "2026-07-01T12:00[UTC]", "٢٠٢٦-07-01T12:00",
     "1969-12-31T00:00:00Z", "2101-06-01T00:00",
     "9999-12-31T23:59:59", "0001-01-01T00:00", -1, MAX_MS, 10**30, True, 1.5, [], {},
     datetime(9999, 12, 31, 23), {"local": None, "timezone": "UTC"}, {"local": "2026-07-01T12:00Z", "timezone": "UTC"},
     {"local": "2026-07-01T12:00", "timezone": "+03:00"}, {"local": "2026-07-01T12:00", "timezone": "Nowhere/City"},
     {"local": "2026-07-01T12:00", "timezone": 3}],
)  # fmt: skip
def test_what_is_no_time_sets_the_lead_aside(value: object) -> None:
    """Nonsense, impossible dates, years outside 1970 to 2100 and wall times in an unknown zone are never guessed."""
    aside = set_aside(at(value), scheduled())
    assert (aside.outcome, aside.reason) == (Outcome.DEAD_LETTER, Reason.INVALID_SCHEDULE)
    assert "2026" not in aside.message


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


def test_a_window_that_lies_in_a_gap_opens_the_next_day() -> None:
    """02:00 to 02:30 does not exist in New York on 2026-03-08."""
    window = ContactWindow(frozenset(range(1, 8)), 120, 150)
    contact = contact_of(at(utc("2026-03-08T05:30:00Z")), scheduled(window=window))
    assert contact["scheduleDate"] == "2026-03-09 02:00:00"


def test_a_day_that_was_skipped_has_no_window() -> None:
    """Apia had no 30 December 2011: a Friday window opens a week later."""
    window = ContactWindow(frozenset({5}), 9 * 60, 18 * 60)
    event = at(utc("2011-12-30T08:00:00Z"), "Pacific/Apia")
    assert contact_of(event, scheduled(window=window), now_ms=0)["scheduleDate"] == "2012-01-06 09:00:00"


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
    (problem,) = problems_of(route({"clientId": "person.email", "timezone": "phone"}, channel=Channel.EMAIL))
    assert problem.path[-1] == "timezone"


def test_max_age() -> None:
    """Older than max_age is expired; as old, or without an event time, is not."""
    aged = route(max_age=timedelta(seconds=60))
    event_ms = 1_768_489_198_123
    assert contact_of(lead(), aged, now_ms=event_ms + 60_000)
    aside = set_aside(lead(), aged, now_ms=event_ms + 60_001)
    assert (aside.outcome, aside.reason) == (Outcome.EXPIRED, Reason.TOO_OLD)
    assert contact_of(lead(occurredAt=None), aged)
