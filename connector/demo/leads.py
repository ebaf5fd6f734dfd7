"""Realistic lead events with a few mistakes among them, and what is to become of each. Pure: the time is handed in."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from random import Random
from uuid import UUID

from connector.demo.people import Country, some_country, some_phone, some_zone
from connector.leads.moments import moment_of
from connector.leads.outcome import Outcome, Reason

MISTAKE_EVERY = 25
"""One lead in so many has a mistake."""
OLD = timedelta(days=4)
"""How old a lead is that comes too late; the demo's routes take up to three days."""
_UNKNOWN_SCHEMA_ID = 999_999
_SCHEDULED = 0.25
_DAY_MS = 86_400_000


class Mistake(Enum):
    """What can be wrong with a lead, and how it then has to end."""

    NO_PHONE = (Outcome.DEAD_LETTER, Reason.MISSING_FIELD)
    """No number to call."""
    NO_SUCH_ZONE = (Outcome.DEAD_LETTER, Reason.INVALID_SCHEDULE)
    """Wants to be called at a time in a zone that does not exist."""
    REFUSED_PHONE = (Outcome.DEAD_LETTER, Reason.REJECTED)
    """A number that only the API finds wrong."""
    NOT_AVRO = (Outcome.DEAD_LETTER, Reason.UNKNOWN_FORMAT)
    """A line of CSV on a topic of Avro."""
    UNKNOWN_SCHEMA = (Outcome.DEAD_LETTER, Reason.UNKNOWN_SCHEMA)
    """Names a schema that the registry does not have."""
    CUT_OFF = (Outcome.DEAD_LETTER, Reason.UNDECODABLE)
    """Half of its bytes."""
    TOO_LATE = (Outcome.EXPIRED, Reason.TOO_OLD)
    """From days ago."""
    TOMBSTONE = (Outcome.FILTERED, Reason.TOMBSTONE)
    """A deletion, no lead."""

    @property
    def outcome(self) -> Outcome:
        """How it ends."""
        return self.value[0]

    @property
    def reason(self) -> Reason:
        """And why."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Lead:
    """A lead event as its platform means it (``event``, after schemas/lead_event.avsc) and what goes wrong with it."""

    id: str
    occurred_at: int
    """Epoch milliseconds."""
    event: dict[str, object]
    mistake: Mistake | None

    @property
    def outcome(self) -> Outcome:
        """How it has to end."""
        return Outcome.DELIVERED if self.mistake is None else self.mistake.outcome

    def written(self, framed: bytes) -> bytes | None:
        """The record's value. ``framed`` is the event in Confluent's framing: zero byte, schema id, Avro."""
        match self.mistake:
            case Mistake.TOMBSTONE:
                return None
            case Mistake.NOT_AVRO:
                return f"{self.id};web;call me".encode()
            case Mistake.UNKNOWN_SCHEMA:
                return framed[:1] + struct.pack(">I", _UNKNOWN_SCHEMA_ID) + framed[5:]
            case Mistake.CUT_OFF:
                return framed[: len(framed) // 2]
            case _:
                return framed


class LeadFactory:
    """Makes leads one after another. The same seed makes the same ones, but for their times."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - a demo, repeatable by intent
        self._mistakes = self._plan_mistakes()

    def make(self, now_ms: int) -> Lead:
        """The next lead, of a person who just sent a form; ``now_ms`` in epoch milliseconds."""
        random = self._random
        mistake = next(self._mistakes)
        occurred_at = now_ms - int(OLD / timedelta(milliseconds=1)) if mistake is Mistake.TOO_LATE else now_ms
        country = some_country(random)
        zone = some_zone(country, random)
        phone = some_phone(country, random)
        lead_id = str(UUID(int=random.getrandbits(128), version=4))
        match mistake:
            case Mistake.NO_PHONE:
                phones = []
            case Mistake.REFUSED_PHONE:
                phones = ["0"]
            case _:
                phones = [phone]
        event: dict[str, object] = {
            "eventId": lead_id,
            "occurredAt": occurred_at,
            "receivedAt": occurred_at,
            "source": _source(random),
            "person": _person(country, zone, phones, random),
            "consent": [{"purpose": "call", "granted": True, "recordedAt": occurred_at}],
            "schedule": _schedule(zone, now_ms, random),
            "priority": random.choice((None, None, 1, 2, 3, 5)),
            "attributes": {"product": random.choice(("home", "car", "health", "travel")), "page": "/contact"},
        }
        if mistake is Mistake.NO_SUCH_ZONE:
            event["schedule"] = {"at": {"local": _local(now_ms, "UTC", 1, 40), "timezone": "America/Springfield"}}
        return Lead(lead_id, occurred_at, event, mistake)

    def _plan_mistakes(self) -> Iterator[Mistake | None]:
        """One at a random place of each run of leads, every kind once before any comes again: all are seen early."""
        random = self._random
        kinds: list[Mistake] = []
        while True:
            if not kinds:
                kinds = random.sample(list(Mistake), len(Mistake))
            place, kind = random.randrange(MISTAKE_EVERY), kinds.pop()
            for index in range(MISTAKE_EVERY):
                yield kind if index == place else None


_FORMS = {
    "google": ("8841027733", "40112984410", ("brand-search", "generic-search", "performance-max")),
    "meta": ("act_1290488113", "719400128844215", ("lookalike-1", "retargeting", "reels-winter")),
    "linkedin": ("urn:li:sponsoredAccount:5028", "urn:li:leadGenForm:77120", ("it-managers", "hr-directors")),
    "hubspot": ("portal-24411", "demo-request", ("newsletter", "webinar")),
    "web": ("site", "contact", ("landing-a", "landing-b")),
}
_PLATFORMS, _SHARES = ("google", "meta", "linkedin", "hubspot", "web"), (36, 32, 8, 10, 14)
_DOMAINS = ("example.com", "example.org", "example.net")


def _source(random: Random) -> dict[str, object]:
    platform = random.choices(_PLATFORMS, _SHARES)[0]
    account, form, campaigns = _FORMS[platform]
    return {
        "platform": platform,
        "accountId": account,
        "formId": form,
        "campaignId": random.choice(campaigns),
        "externalLeadId": str(random.randrange(10**14, 10**15)),
        "isTest": False,
    }


def _person(country: Country, zone: str, phones: list[str], random: Random) -> dict[str, object]:
    return {
        "firstName": random.choice(country.first),
        "lastName": random.choice(country.last),
        "phones": phones,
        "email": f"lead{random.randrange(10**6):06d}@{random.choice(_DOMAINS)}",
        "locale": country.locale,
        "country": country.code,
        # Not every platform knows it: then the number's own zone decides, or the route's default.
        "timezone": zone if random.random() < 0.7 else None,
    }


def _schedule(zone: str, now_ms: int, random: Random) -> dict[str, object] | None:
    """Mostly as soon as possible; else an instant, or a time on the person's own clock."""
    wanted, is_instant = random.random() < _SCHEDULED, random.random() < 0.5
    days, quarter = random.randrange(1, 6), random.randrange(36, 80)
    if not wanted:
        return None
    if is_instant:
        return {"at": now_ms // 900_000 * 900_000 + days * _DAY_MS}
    return {"at": {"local": _local(now_ms, zone, days, quarter), "timezone": zone}}


def _local(now_ms: int, zone: str, days: int, quarter: int) -> str:
    """A quarter of an hour of a coming day on the clock of ``zone``, as ISO 8601 without an offset."""
    day = moment_of(now_ms, zone).date().add(days=days)
    return f"{day.format_iso()}T{quarter // 4:02d}:{quarter % 4 * 15:02d}:00"
