"""What happens to processes and the API in the cases: each a function of a case, so that a mutation can be put
through the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.chaos.actors import Member
from tests.chaos.bed import Case
from tests.chaos.invariants import OUTSTANDING

SLOW = {"kind": "latency", "distribution": "uniform", "min_ms": 20, "max_ms": 90}
"""Slow enough that a fault meets requests, and uneven, so that they end out of order."""
RATE = 300
BACKLOG = 300
COUNTS = {"polled": 20, "sent": 20, "answer": 20, "marked": 450, "committed": 20}
"""At which of its steps a process is killed: in the midst of the load."""


def under_load(case: Case) -> None:
    """A backlog, and leads that keep coming, against an API that takes its time."""
    case.api.fault(**SLOW)
    case.feed.backlog(BACKLOG)
    case.feed.start(RATE)


def kill_at(case: Case, step: str) -> None:
    """The process kills itself at a step and is started again."""
    under_load(case)
    member = case.member().start(crash_at=f"{step}:{COUNTS[step]}")
    member.wait_crash()
    case.healed()
    member.start(ready=False)
    case.recover()


def terminate(case: Case) -> None:
    """SIGTERM in the midst of the load, and started again."""
    under_load(case)
    member = case.member().start()
    case.wait_accepted(300)
    assert member.stop() == 0
    case.healed()
    member.start()
    case.wait_accepted(300)
    case.recover()


def freeze(case: Case) -> None:
    """One of two members stands still for longer than its session, with many leads read and some under way; the other
    takes over; then it goes on."""
    one, two = case.member("one").start(), case.member("two").start()
    case.feed.start(RATE)
    case.wait(lambda: one.delivered() and two.delivered(), "leads delivered by both")
    case.api.fault(kind="latency", distribution="fixed", ms=1000)
    case.feed.backlog(3000)
    case.wait(lambda: two.metric("leads_outstanding") >= 1000, "many leads read by the second member")
    two.freeze()
    case.wait(lambda: one.metric("kafka_partitions") == 6, "the first member to take over")
    case.api.heal()
    case.wait_accepted(1000)
    two.thaw()
    case.healed()
    case.wait(lambda: two.events("partitions lost: another member may own them"), "the second member to notice")
    case.recover()


def api_dies(case: Case) -> None:
    """The API reads requests and closes the connection, having stored them or not; then it is killed outright."""
    under_load(case)
    member = case.member().start()
    case.wait_accepted(200)
    case.api.fault(kind="accept_then_drop", share=0.3, count=6)
    case.api.fault(kind="drop_before", share=0.3, count=6)
    case.wait(lambda: member.metric("api_requests_total", answer="ambiguous") >= 8, "requests without an answer")
    case.api.kill()
    case.wait(lambda: member.metric("api_requests_total", answer="unavailable") >= 2, "the API to be away")
    case.api.start()
    case.healed()
    case.recover()


def api_down(case: Case) -> None:
    """The API refuses everything while far more leads wait on the topic than the buffer holds."""
    case.api.fault(kind="status", status=503)
    case.feed.backlog(6000)
    member = case.member(changes={"delivery": {"buffer": {"max_leads": 500}}}).start()
    samples = member.runs[-1].samples

    def steady() -> bool:
        held = [sample.metrics[OUTSTANDING] for sample in samples[-4:]]
        return len(held) == 4 and held[0] >= 500 and len(set(held)) == 1

    case.wait(steady, "a full buffer")
    case.api.heal()
    case.healed()
    case.recover()


def post_outlives_revocation(case: Case, more: Mapping[str, Any] | None = None) -> Member:
    """Partitions leave a member whose requests take longer than it waits for them. Gives that member.

    ``more`` are further changes to the configuration of both members.
    """
    delivery = {**(more or {}).get("delivery", {}), "revoke_timeout": "300ms", "max_in_flight": 2}
    changes = {**(more or {}), "delivery": delivery}
    one = case.member("one", changes=changes).start()
    case.feed.start(RATE)
    case.wait_accepted(100)
    case.api.fault(kind="latency", distribution="fixed", ms=4000)
    case.wait(lambda: one.metric("leads_outstanding") >= 500, "requests under way, and leads that wait")
    case.member("two", changes=changes).start()
    case.wait(lambda: one.events("partitions revoked"), "partitions to leave the first member")
    case.api.heal()
    case.healed()
    case.recover()
    return one
