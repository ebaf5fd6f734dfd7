"""Scenarios around the topic that is read and what is committed on it: records deleted, the topic made anew, offsets
set by a tool, metadata that is not ours, or too long."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from connector.kafka.journal import LIMIT
from testbed import topics
from testbed.groups import Committed
from tests.chaos import committed_state, two_hubs
from tests.chaos.actors import Member
from tests.chaos.bed import Case
from tests.chaos.invariants import OUTSTANDING

LEADS = 600


@dataclass(frozen=True, slots=True)
class Gap:
    """Offsets that nobody can read any more, the last one included."""

    partition: int
    first: int
    last: int


def reported(case: Case, member: Member) -> set[Gap]:
    """The gaps of which the member's log tells; each says how many records it is."""
    found: set[Gap] = set()
    for event in member.events():
        if event["event"].startswith("records are missing"):
            assert event["records"] == event["last"] - event["first"] + 1
            partition = event["partition"].removeprefix(f"{case.topic}[").removesuffix("]")
            found.add(Gap(int(partition), event["first"], event["last"]))
    return found


def forget(case: Case, gaps: set[Gap]) -> int:
    """These records are nobody's any more; how many of them the case wrote. None may be with the API."""
    gone = {(case.topic, gap.partition, o) for gap in gaps for o in range(gap.first, gap.last + 1)}
    names = [case.feed.produced.pop(position) for position in gone]
    accepted = case.api.counts()
    wrong = [name for name in names if name in accepted]
    assert not wrong, f"{len(wrong)} leads were called missing and have arrived: {wrong[:5]}"
    return len(names)


def done(case: Case) -> bool:
    """Whether everything is resolved and committed."""
    return case.observer.lag() == 0


def deleted_while_stopped(case: Case) -> tuple[Member, set[Gap]]:
    """Retention passes the committed offsets of two partitions of a connector that is stopped, and comes near that of a
    third. Gives what is missing."""
    case.feed.backlog(LEADS)
    member = case.member().start()
    case.wait(lambda: done(case), "commits of the first leads")
    assert member.stop() == 0
    at = {number: each.offset for number, each in case.observer.committed().items()}
    case.feed.backlog(LEADS)
    each = LEADS // 6
    for number, before in ((0, at[0] + each // 2), (1, at[1] + each), (2, at[2])):
        topics.delete_records(case.broker.bootstrap_servers, case.topic, number, before)
    case.healed()
    member.start()
    case.feed.backlog(LEADS // 2)
    case.recover()
    return member, {Gap(0, at[0], at[0] + each // 2 - 1), Gap(1, at[1], at[1] + each - 1)}


def deleted_while_held_up(case: Case) -> tuple[Member, dict[int, int]]:
    """Retention passes the position of a running connector, whose API takes nothing. Gives the partitions and the
    first offset that each has left."""
    member = case.member(changes={"delivery": {"buffer": {"max_leads": 300}}}).start()
    case.feed.backlog(LEADS // 2)
    case.wait(lambda: done(case), "commits of the first leads")
    case.api.fault(kind="status", status=503)
    case.feed.backlog(5 * LEADS)
    samples = member.runs[-1].samples

    def steady() -> bool:
        held = [sample.metrics[OUTSTANDING] for sample in samples[-4:]]
        return len(held) == 4 and held[0] >= 300 and len(set(held)) == 1

    case.wait(steady, "a full buffer")
    left = {0: 450, 1: 500, 2: 550}
    for number, before in left.items():
        topics.delete_records(case.broker.bootstrap_servers, case.topic, number, before)
    case.api.heal()
    case.healed()
    case.feed.backlog(LEADS)
    case.recover()
    return member, left


def made_anew_while_idle(case: Case) -> Member:
    """The topic is deleted and made again while the connector waits for leads, and filled beyond its old position."""
    case.feed.backlog(LEADS)
    member = case.member().start()
    case.wait(lambda: done(case), "commits of the first leads")
    case.make_topic_anew("anew")
    case.feed.backlog(2 * LEADS)
    case.healed()
    case.wait(lambda: arrived(case), "every lead of the new topic")
    case.feed.backlog(LEADS)
    case.recover()
    return member


def made_anew_while_stopped(case: Case, leads: int) -> None:
    """The same while it is stopped, and so many leads on the new one."""
    case.feed.backlog(LEADS)
    member = case.member().start()
    case.wait(lambda: done(case), "commits of the first leads")
    assert member.stop() == 0
    case.make_topic_anew("anew")
    case.feed.backlog(leads)
    case.healed()
    member.start()
    case.wait(lambda: arrived(case), "every lead of the new topic")
    case.feed.backlog(LEADS)
    case.recover()


def arrived(case: Case) -> bool:
    """Whether the API has every lead that was written."""
    return case.api.counts().keys() >= {name for name in case.feed.produced.values() if name is not None}


def set_back(case: Case) -> None:
    """A tool sets the group to the beginning."""
    case.feed.backlog(LEADS)
    member = case.member().start()
    case.wait(lambda: done(case), "commits of the first leads")
    assert member.stop() == 0
    case.commit_as_a_tool({number: Committed(0) for number in range(6)})
    case.feed.backlog(LEADS // 2)
    case.healed()
    member.start()
    case.recover()


def set_to_the_end(case: Case) -> set[str | None]:
    """A tool sets the group to the end. Gives the leads that this skips, which are no part of the case any more."""
    case.feed.backlog(LEADS)
    member = case.member().start()
    case.wait(lambda: done(case), "commits of the first leads")
    assert member.stop() == 0
    before = set(case.feed.produced)
    case.feed.backlog(LEADS // 2)
    ends = topics.log_offsets(case.broker.bootstrap_servers, case.topic)
    case.commit_as_a_tool({number: Committed(at.end) for number, at in ends.items()})
    skipped = {case.feed.produced.pop(position) for position in set(case.feed.produced) - before}
    case.healed()
    member.start()
    case.feed.backlog(LEADS // 2)
    case.recover()
    return skipped


def foreign_metadata(case: Case) -> None:
    """A tool writes metadata that is not ours, damaged, or of another partition; make the case with TWO_HUBS."""
    member = committed_state.one_hub_away(case)
    assert member.stop() == 0
    at = case.observer.committed()
    ours = at[3].metadata
    damaged = ours[:-3] + ("A" if ours[-3] != "A" else "B") + ours[-2:]
    texts = {
        0: "somebody's",
        1: "L2.....",
        2: "ñ\n" + "x" * 2000,
        3: damaged,
        4: at[5].metadata + "=",
        5: "L9" + ours[2:],
    }
    case.commit_as_a_tool({number: Committed(at[number].offset, text) for number, text in texts.items()})
    case.api.heal()
    case.healed()
    member.start()
    case.feed.backlog(LEADS)
    case.recover()


def overflow(case: Case, each: int) -> tuple[Member, int]:
    """Every second lead of two partitions waits for a hub that is away, ``each`` of them on a partition: what is
    resolved between them does not fit into the metadata. Then kill -9. Gives how many delivered leads did not fit."""
    leads = two_hubs.Leads(case)
    changes: dict[str, Any] = {"routes": two_hubs.ROUTES, "delivery": {"buffer": {"max_leads": 3 * each}}}
    case.api.fault(kind="status", status=503, hub="away")
    for _ in range(each):
        for partition in (0, 1):
            leads.put("away", partition)
            leads.put("sales", partition)
    case.feed.flush()
    member = case.member(changes=changes).start()
    leads.wait_accepted("sales")
    seen: Counter[str] = Counter()

    def settled() -> bool:
        at = case.observer.committed()
        seen[repr(at)] += 1
        return seen[repr(at)] >= 20 and member.metric(OUTSTANDING) == 2 * each

    case.wait(settled, "commits that do not change any more")
    member.kill()
    at = case.observer.committed()
    assert len(at) == 2 and all(LIMIT - 8 <= len(one.metadata) <= LIMIT for one in at.values()), "no overflow"
    known = sum(end - first for one in at.values() for first, end in case.observer.resolved(one.offset, one.metadata))
    case.api.heal()
    case.healed()
    member.start(ready=False)
    case.recover()
    return member, leads.written["sales"] - known
