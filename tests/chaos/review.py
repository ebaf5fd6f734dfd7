"""Scenarios in which leads that are in doubt are parked for people (``on_ambiguous: park``, ``crash_safety: park``).

Each gives what the group's commits called in doubt when the fault was over: exactly that must be parked.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from connector.kafka.journal import decode, mark_of
from testbed import groups
from tests.chaos import scenarios
from tests.chaos.actors import Member
from tests.chaos.bed import Case
from tests.chaos.evidence import Position, Request, Run
from tests.chaos.set_aside import read_set_aside

LOG_APPEND_TIME = {"message.timestamp.type": "LogAppendTime"}
"""For the topics of a case: the time of a letter is when the broker had it."""
IN_FLIGHT = 8 * 50
"""Leads that can be in requests of one process: ``max_in_flight`` times ``max_leads``."""


def parking(review: str) -> dict[str, Any]:
    """Changes to the configuration with which nothing is ever sent twice."""
    return {"delivery": {"on_ambiguous": "park", "crash_safety": "park"}, "review": {"topic": review}}


def parked(case: Case) -> set[Position]:
    """What stands on the case's review and retry topics, by where it was first read."""
    found, _ = read_set_aside(case.broker.bootstrap_servers, case.dead, case.parking)
    return {entry.position for entry in found if entry.parked}


def nothing_twice(case: Case) -> None:
    """The API has each lead once at most."""
    twice = {lead: count for lead, count in case.api.counts().items() if count > 1}
    assert not twice, f"{len(twice)} leads arrived more than once: {sorted(twice)[:5]}\n{case.folder}"


def in_doubt(case: Case) -> set[Position]:
    """What the group's commits, as they stand, say may have been sent and has no outcome."""
    found: set[Position] = set()
    for partition, at in case.observer.committed().items():
        note = decode(at.offset, at.metadata, mark_of(at.offset, at.metadata) or "")
        resolved = {offset for first, end in note.resolved for offset in range(first, end)}
        doubtful = {offset for first, end in note.doubtful for offset in range(first, end)}
        found |= {(case.topic, partition, offset) for offset in doubtful - resolved}
    return found


def positions(run: Run, requests: Iterable[Request]) -> set[Position]:
    """The records in these requests of a run whose trace was read."""
    return {
        (*run.claims[number].partition, offset)
        for request in requests
        for number, offsets in request.leads.items()
        for offset in offsets
    }


def wait_no_member(case: Case) -> None:
    """Until the session of a killed member is over: whatever it sent has long arrived."""
    bootstrap = case.broker.bootstrap_servers
    case.wait(lambda: not groups.has_members(bootstrap, case.group), "the session to end")


def kill_at(case: Case, step: str, review: str) -> set[Position]:
    """The process kills itself at a step in the midst of the load, and is started again."""
    scenarios.under_load(case)
    member = case.member(changes=parking(review)).start(crash_at=f"{step}:{scenarios.COUNTS[step]}")
    member.wait_crash()
    wait_no_member(case)
    doubt = in_doubt(case)
    case.healed()
    member.start(ready=False)
    case.recover()
    return doubt


def in_order(case: Case, review: str) -> None:
    """Nothing breaks: a member joins and leaves again under load, then the first is told to stop and comes back."""
    scenarios.under_load(case)
    one = case.member("one", changes=parking(review)).start()
    case.wait_accepted(300)
    two = case.member("two", changes=parking(review)).start()
    case.wait(lambda: two.delivered() >= 100, "leads delivered by the second member")
    assert two.stop() == 0
    before = one.delivered()
    case.wait(lambda: one.delivered() >= before + 300, "leads delivered by the first alone again")
    assert one.stop() == 0
    case.healed()
    one.start()
    case.wait_accepted(300)
    case.recover()


def refused_then_killed(case: Case, review: str) -> set[Position]:
    """The API refuses everything with 500 for a while, under load; then the process is killed."""
    scenarios.under_load(case)
    member = case.member(changes=parking(review)).start()
    case.wait_accepted(300)
    case.api.fault(kind="status", status=500)
    case.wait(lambda: member.metric("api_requests_total", answer="unavailable") >= 15, "many leads refused")
    member.kill()
    wait_no_member(case)
    doubt = in_doubt(case)
    case.api.heal()
    case.healed()
    member.start(ready=False)
    case.wait_accepted(300)
    case.recover()
    return doubt


def unanswered(case: Case, review: str) -> Member:
    """Requests are dropped without an answer, stored or not, under load. Gives the member that made them."""
    scenarios.under_load(case)
    member = case.member(changes=parking(review)).start()
    case.wait_accepted(300)
    case.api.fault(kind="accept_then_drop", share=0.5, count=6)
    case.api.fault(kind="drop_before", share=0.5, count=6)
    case.wait(lambda: member.metric("api_requests_total", answer="ambiguous") >= 12, "requests without an answer")
    case.healed()
    case.wait_accepted(300)
    case.recover()
    return member
