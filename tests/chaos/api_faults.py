"""Scenarios in which the API is slow, refuses, flaps or is away; two_hubs.py has those of one hub of several."""

from __future__ import annotations

import time
from dataclasses import dataclass
from itertools import pairwise

import httpx2

from tests.chaos import scenarios
from tests.chaos.actors import Member
from tests.chaos.bed import Case
from tests.chaos.session import SESSION

ALL = 50_000
"""As many requests as the sandbox remembers."""


@dataclass(frozen=True, slots=True)
class Served:
    """One request as the API saw it. Real milliseconds since the epoch."""

    start: float
    end: float
    status: int | str


def served(case: Case) -> list[Served]:
    """All requests since the API was started, in the order in which they came."""
    answer = httpx2.get(f"{case.api.url}/_sandbox/requests", params={"limit": ALL}, timeout=60).raise_for_status()
    return sorted((Served(each["start"], each["end"], each["status"]) for each in answer.json()), key=lambda s: s.start)


def most_at_a_time(requests: list[Served]) -> int:
    """The most of these that were under way together."""
    steps = sorted([(each.start, 1) for each in requests] + [(each.end, -1) for each in requests])
    most = now = 0
    for _, step in steps:
        now += step
        most = max(most, now)
    return most


def now_ms() -> float:
    """Real milliseconds since the epoch."""
    return time.time_ns() / 1e6


def slow_then_hanging(case: Case) -> None:
    """Answers take 3 s; then requests hang beyond the time-out, stored or not."""
    case.feed.backlog(300)
    case.feed.start(100)
    member = case.member(changes={"ucontact": {"timeout": "4s"}}).start()
    case.wait_accepted(200)
    case.api.fault(kind="latency", distribution="fixed", ms=3000)
    case.wait_accepted(400)
    case.api.heal()
    case.wait_accepted(100)
    case.api.fault(kind="hang", count=3)
    case.api.fault(kind="hang", store=True, count=3)
    case.wait(lambda: member.metric("api_requests_total", answer="ambiguous") >= 6, "requests that hung")
    case.api.heal()
    case.healed()
    case.wait_accepted(300)
    case.recover()


def errors(case: Case) -> None:
    """Everything is answered with 500 for a while."""
    scenarios.under_load(case)
    member = case.member().start()
    case.wait_accepted(300)
    case.api.fault(kind="status", status=500)
    case.wait(lambda: member.metric("api_requests_total", answer="unavailable") >= 12, "requests refused with 500")
    case.api.heal()
    case.healed()
    case.wait_accepted(300)
    case.recover()


def throttled(case: Case, status: int, form: str) -> Member:
    """Some requests are answered with Retry-After: 3. Gives who was told so."""
    scenarios.under_load(case)
    member = case.member().start()
    case.wait_accepted(300)
    case.api.fault(kind="throttle", status=status, retry_after=3, form=form, count=2)
    case.wait(lambda: member.metric("api_requests_total", answer="throttled") >= 2, "answers with Retry-After")
    case.healed()
    case.wait_accepted(600)
    case.recover()
    return member


def flapping(case: Case) -> None:
    """Errors go on and off, a second each."""
    scenarios.under_load(case)
    member = case.member().start()
    case.wait_accepted(300)
    for status in (500, 503, 500, 503, 500, 503):
        before = member.metric("api_requests_total", answer="unavailable")
        case.api.fault(kind="status", status=status, for_seconds=1)
        case.wait(lambda b=before: member.metric("api_requests_total", answer="unavailable") > b, "errors")  # type: ignore[misc]
        case.wait_accepted(200)
    case.healed()
    case.wait_accepted(300)
    case.recover()


def down_for_long(case: Case) -> tuple[float, float]:
    """Everything is refused for longer than two sessions, while leads keep coming. Gives when the breaker was open and
    when the API was healed, in real milliseconds."""
    scenarios.under_load(case)
    member = case.member(changes={"delivery": {"buffer": {"max_leads": 500}}}).start()
    case.wait_accepted(900)
    rebalances = member.metric("kafka_rebalances_total")
    case.api.fault(kind="status", status=503)
    began = time.monotonic()
    case.wait(lambda: member.metric("hubs_open") == 1, "the breaker to open")
    case.wait(lambda: member.metric("api_requests_in_flight") <= 1, "what was under way to be answered")
    opened, known = now_ms(), member.metric("api_requests_total", answer="unavailable")
    case.wait(
        lambda: (
            time.monotonic() - began > 2 * SESSION
            and member.metric("api_requests_total", answer="unavailable") >= known + 10
        ),
        "probes for longer than two sessions",
    )
    assert member.metric("kafka_rebalances_total") == rebalances, "nothing moved"
    assert member.metric("hubs_open") == 1
    healed = now_ms()
    case.api.heal()
    case.api.fault(**scenarios.SLOW)
    case.healed()
    case.wait_accepted(3000)
    case.recover()
    assert member.metric("hubs_open") == 0
    assert member.metric("kafka_rebalances_total") == rebalances, "nothing moved"
    return opened, healed


def overlaps(requests: list[Served]) -> int:
    """Requests that began before the one before them was answered."""
    return sum(later.start < earlier.end for earlier, later in pairwise(requests))


def storm(case: Case) -> float:
    """Everything is refused with 422. Gives how many dead letters that made."""
    scenarios.under_load(case)
    member = case.member().start()
    case.wait_accepted(300)
    case.api.fault(kind="status", status=422, body={"error": "the contract has changed"})
    case.wait(lambda: member.metric("hubs_storming") == 1, "the storm to be noticed")

    def dead() -> float:
        return member.metric("leads_outcome_total", outcome="dead_letter")

    def refused() -> float:
        return member.metric("api_requests_total", answer="rejected")

    case.wait(lambda: member.metric("api_requests_in_flight") <= 1, "what was under way to be answered")
    letters, known = dead(), refused()
    case.wait(lambda: refused() >= known + 10, "probes that are refused")
    assert dead() <= letters + 1, "a storm holds its leads"
    case.api.heal()
    case.healed()
    case.wait_accepted(300)
    case.recover()
    assert member.metric("hubs_storming") == 0
    return dead()
