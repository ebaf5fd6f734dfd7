"""Leads that were accepted more than once, and whether the connector could have known better (invariant D).

The rule, in one place. A lead was sent again with good reason only if the request before, which may have been stored,

- was ``ambiguous``: it ended without an answer;
- was of a process that was killed (``restart``), or that had lost the partition before its commit could arrive
  (``lost``), or whose commit failed (``commit_failed``); it was sent before the next owner had the partition, and
  nothing durable called the lead resolved when that owner asked what is committed;
- was still under way when its partition had left, or when its process ended in order (``in_flight``);
- was of a claim on the topic that had the name before, which was not known yet to be another (``anew``);
- came before a tool set the group back (``reset``).

All such leads but the last are counted by the process that sends them again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from tests.chaos.evidence import Claim, Commit, Evidence, Partition, Position, Request, Run

SENT_AGAIN = "leads_sent_again_total"
"""The connector's counter of leads that it sent although an earlier request may have delivered them."""
OVERLAP = 0.05
"""Seconds for which a process that has lost a partition may not have noticed what its next owner already has."""
_NOT_STORED = {"rejected", "too_large", "unauthorized", "unknown_hub", "throttled", "unavailable"}
"""Answers after which the API has nothing of the request."""


@dataclass(frozen=True, slots=True)
class Sending:
    """One lead in one request."""

    run: Run
    claim: Claim
    request: Request
    offset: int


@dataclass(slots=True)
class Found:
    """What there is of duplicates."""

    extra: int = 0
    """Acceptances beyond the first of a lead."""
    causes: list[str] = field(default_factory=list)
    """One for each acceptance beyond the first that is explained."""
    unexplained: list[str] = field(default_factory=list)
    again: list[Sending] = field(default_factory=list)
    """The sendings that followed one that may have been stored, of leads that were accepted more than once."""


def find(evidence: Evidence) -> Found:
    """Every lead that was accepted more than once."""
    found = Found()
    times = Counter(entry.lead for entry in evidence.accepted)
    known = set(evidence.produced.values())
    twice = {lead: count for lead, count in times.items() if count > 1 and lead in known}
    found.extra = sum(twice.values()) - len(twice)
    if not twice:
        return found
    durable = _Durable(evidence.commits)
    sendings = _sendings(evidence, set(twice))
    for lead, count in twice.items():
        sent = sendings.get(lead, [])
        if len(sent) < count:
            found.unexplained.append(f"{lead} was accepted {count} times, and sent {len(sent)} times")
        causes: list[str] = []
        for earlier, later in pairwise(sent):
            if evidence.reset is not None and earlier.request.started < evidence.reset < later.claim.fetched:
                causes.append("reset")
                continue
            found.again.append(later)
            if evidence.anew is not None and earlier.claim.at < evidence.anew < later.claim.at:
                causes.append("anew")
                continue
            cause, explained = _why(earlier, later, durable)
            if explained:
                causes.append(cause)
            else:
                gap = f"{later.run.name} {later.request.started - earlier.request.started:.3f} s after"
                found.unexplained.append(f"{lead} was sent again by {gap} {earlier.run.name}: {cause}")
        found.causes += causes[: count - 1]  # not everything that may have been stored was
    return found


def uncounted(evidence: Evidence, found: Found) -> Iterable[str]:
    """The connector's own count of leads sent again is at least what can be seen, over all processes.

    Of a process that was killed only what it had sent before it was last asked can be expected.
    """
    counted = sum(max((s.metrics.get(SENT_AGAIN, 0.0) for s in run.samples), default=0.0) for run in evidence.runs)
    asked = {id(run): max((sample.at for sample in run.samples), default=float("-inf")) for run in evidence.runs}
    told = {
        (id(each.run), each.claim.partition, each.offset)  # a process counts each lead once, when it is delivered
        for each in found.again
        if each.request.answer == "accepted" and (each.request.ended or 0.0) < asked[id(each.run)]
    }
    if counted < len(told):
        yield f"{len(told)} leads were seen to be sent again, and {counted:.0f} were counted ({SENT_AGAIN})"


def _sendings(evidence: Evidence, leads: set[str]) -> dict[str, list[Sending]]:
    """The requests of each of these leads that may have been stored, in the order in which they began."""
    names: dict[Position, str | None] = {**evidence.produced, **evidence.copies}
    sendings: dict[str, list[Sending]] = {}
    for run in evidence.runs:
        for request in run.requests:
            if request.answer in _NOT_STORED or (evidence.anew is not None and request.started < evidence.anew):
                continue
            for number, offsets in request.leads.items():
                claim = run.claims[number]
                for offset in offsets:
                    lead = names.get((*claim.partition, offset))
                    if lead in leads and lead is not None:
                        sendings.setdefault(lead, []).append(Sending(run, claim, request, offset))
    for sent in sendings.values():
        sent.sort(key=lambda sending: sending.request.started)
    return sendings


def _why(earlier: Sending, later: Sending, durable: _Durable) -> tuple[str, bool]:
    """Why a lead was sent again, and whether that is reason enough."""
    if earlier.request.answer == "ambiguous":
        return "ambiguous", True
    answered = earlier.request.ended
    if earlier.run is later.run and earlier.claim is later.claim:
        return "the same claim had its answer", False
    older, newer = sorted((earlier, later), key=lambda sending: sending.claim.at)
    if older.claim.partition == newer.claim.partition and older.request.started > newer.claim.at + OVERLAP:
        late = older.request.started - newer.claim.at
        return f"{older.run.name} sent it {late:.3f} s after the partition had become {newer.run.name}'s", False
    if durable.knew(later):
        return "the commit said that it was resolved", False
    ending = earlier.run.ending_of(earlier.claim)
    if ending is None:
        return "the claim before goes on", False
    ended, how = ending
    if how == "killed":
        return "restart", True
    if answered is None or earlier.request.answer == "cancelled" or answered > ended:
        return "in_flight", True
    if earlier.run is later.run:
        return f"the process itself had the answer before its claim was {how}", False
    if how == "lost":
        return "lost", True
    if any(where == earlier.claim.partition and at > answered for at, where in earlier.run.refused):
        return "commit_failed", True
    return f"it was answered before the claim was {how}, and no commit failed", False


class _Durable:
    """What the group's commits called resolved, and since when that is certain."""

    def __init__(self, commits: Iterable[Commit]) -> None:
        self._commits: dict[Partition, list[Commit]] = {}
        for commit in commits:
            self._commits.setdefault(commit.partition, []).append(commit)

    def knew(self, sending: Sending) -> bool:
        """Whether the last commit that was there before the sender asked for it called the record resolved. One before
        it may have said more: metadata has no room for everything."""
        claim, offset = sending.claim, sending.offset
        there = [commit for commit in self._commits.get(claim.partition, ()) if commit.at < claim.fetched]
        if not there:
            return False
        last = max(there, key=lambda commit: (commit.offset, commit.at))
        return offset < last.offset or any(first <= offset < end for first, end in last.resolved)
