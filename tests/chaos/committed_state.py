"""Scenarios around what is durable: commits, their metadata, the topic itself, dead letters."""

from __future__ import annotations

from typing import Any

from testbed import groups
from testbed.groups import Committed
from tests.chaos import trace
from tests.chaos.actors import Member
from tests.chaos.bed import Case

TWO_HUBS = {"sales": "telephony", "away": "telephony"}
"""For a case in which one hub takes nothing: make it with ``hubs=TWO_HUBS``."""
LEADS = 600


def one_hub_away(case: Case) -> Member:
    """Every fifth lead is for a hub that takes nothing, the first of partition 0 among them; the others are delivered.
    Gives the member that did it."""
    case.api.fault(kind="status", status=503, hub="away")
    case.feed.backlog(LEADS)
    contact = {
        "clientIds": "person.phones",
        "timezone": ["person.timezone", "phone", "America/Montevideo"],
        "data": {"id": "eventId"},
    }
    routes: list[dict[str, Any]] = [
        {"name": "away", "when": "priority == 0", "hub": "away", "contact": contact},
        {"name": "all", "hub": "sales", "contact": contact},
    ]
    member = case.member(changes={"routes": routes, "delivery": {"drain_timeout": "1s"}}).start()
    case.wait(lambda: case.api.accepted() >= LEADS - LEADS // 5, "the leads of the hub that is there")
    return member


def kill_while_a_hub_is_away(case: Case) -> None:
    """What was delivered beyond the leads that wait is known after the crash."""

    def known() -> int:
        committed = case.observer.committed().values()
        ranges = [each for at in committed for each in case.observer.resolved(at.offset, at.metadata)]
        return sum(at.offset for at in committed) + sum(end - first for first, end in ranges)

    member = one_hub_away(case)
    case.wait(lambda: known() >= LEADS - LEADS // 5, "commits of all that was delivered")
    member.kill()
    case.api.heal()
    case.healed()
    member.start(ready=False)
    case.recover()


def metadata_at_another_offset(case: Case) -> None:
    """A tool sets the group back by one lead, and keeps the metadata."""
    member = one_hub_away(case)
    assert member.stop() == 0
    committed = case.observer.committed()
    case.commit_as_a_tool({p: Committed(at.offset - 1, at.metadata) for p, at in committed.items() if at.offset})
    case.api.heal()
    case.healed()
    member.start()
    case.recover()


def metadata_of_a_topic_before(case: Case) -> None:
    """The topic is made anew, and a tool writes the group's old commit of its first partition back."""
    member = one_hub_away(case)
    assert member.stop() == 0
    first = case.observer.committed()[0]
    assert first.offset == 0 and first.metadata, "the first lead waits, others behind it do not"
    case.make_topic_anew("anew")
    case.feed.backlog(LEADS)
    case.commit_as_a_tool({0: first})
    case.api.heal()
    case.healed()
    member.start()
    case.recover()


def commits_refused(case: Case) -> None:
    """The broker refuses every commit from the midst of the load until long after its end."""
    case.feed.backlog(LEADS)
    member = case.member().start()
    case.wait(lambda: case.api.accepted() >= LEADS // 6, "the first leads")
    case.refuse_commits.touch()
    case.feed.backlog(LEADS)
    case.wait(lambda: case.api.accepted() >= 2 * LEADS, "all leads delivered")
    case.wait(lambda: member.metric("leads_outstanding") == 0, "all answers read")
    # One commit may be under way and one follow it: after two more refusals the last progress was refused too.
    seen = _refusals(member)
    case.wait(lambda: _refusals(member) >= seen + 2, "refusals of the last progress")
    case.refuse_commits.unlink()
    case.healed()
    case.recover()


def _refusals(member: Member) -> int:
    return sum(event["e"] == "refused" for event in trace.read(member.runs[-1].trace))


def lost_and_back(case: Case, committed: int = LEADS) -> None:
    """The only member delivers what it cannot commit, stands still for longer than its session, and goes on.
    ``committed``: how many leads it delivers and commits before."""
    member = case.member().start()
    case.feed.backlog(committed)
    case.wait(lambda: case.observer.lag() == 0, "commits of the first leads")
    case.refuse_commits.touch()
    case.feed.backlog(LEADS)
    case.wait(lambda: case.api.accepted() >= committed + LEADS, "all leads delivered")
    case.wait(lambda: member.metric("leads_outstanding") == 0, "all answers read")
    member.freeze()
    case.wait(lambda: not groups.has_members(case.broker.bootstrap_servers, case.group), "the session to end")
    member.thaw()
    case.wait(lambda: member.events("partitions lost: another member may own them"), "the member to notice")
    case.refuse_commits.unlink()
    case.healed()
    case.recover()


def dead_letters_away(case: Case) -> None:
    """A record that is no lead, no topic to set it aside on, and a kill before there is one: make the case with
    ``dead_topic=False``."""
    case.feed.backlog(LEADS // 2)
    case.feed.put(b"garbage", "poison", 0)
    case.feed.flush()
    case.feed.backlog(LEADS // 2)
    member = case.member().start()
    case.wait(lambda: case.api.accepted() >= LEADS, "the good leads")
    behind = LEADS // 12 + 1
    case.wait(lambda: (case.observer.lag() or 0) <= behind, "commits of all but what is behind the poison")
    member.kill()
    case.make_dead_topic()
    case.healed()
    member.start(ready=False)
    case.recover()
