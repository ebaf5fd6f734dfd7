"""What must hold whatever happens. Every case uses these checks and no others; each says in words what is wrong.

L  every lead was accepted by the API, dead-lettered or parked
W  the committed offset never passes an unresolved record
M  what the commit metadata calls resolved was resolved
D  a lead that was accepted twice was in doubt, and the connector counted it
P  after healing the lag returns to 0, without a restart
Z  no request starts for a partition once its revoke callback has returned
B  memory stays bounded
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from tests.chaos import duplicates
from tests.chaos.evidence import Commit, Evidence, Partition, Position

CLOCK_MS = 10
"""Two processes that look at the same clock: how far apart their readings of one moment may be, in milliseconds."""
LOST = 0.05
"""Seconds after a partition was lost in which a request may still start: nobody waits for the loop then, and the thread
that is about to send may have been put aside between its last look and the first byte."""
HAND_OVER = 500
"""Records in one hand-over, by which the buffer may be exceeded."""
OUTSTANDING = "leads_outstanding"
"""The connector's gauge of records that it holds."""
MOST_TOLD = 5
"""Violations of one kind that a report shows."""


@dataclass(slots=True)
class Report:
    """The outcome of a case."""

    case: str
    protocol: str
    leads: int
    lost: int
    duplicated: int
    """Acceptances beyond the first of a lead."""
    dead_lettered: int
    parked: int
    seconds_to_recover: float | None
    causes: dict[str, int]
    """Why leads were accepted twice."""
    violations: dict[str, list[str]] = field(default_factory=dict)
    """Texts by the invariant's letter; those that hold are not in it."""

    def text(self) -> str:
        """All violations, the first few of each kind."""
        lines = [f"{self.case} ({self.protocol}): {self.leads} leads, {self.duplicated} duplicated {self.causes}"]
        for letter, texts in self.violations.items():
            lines += [f"  {letter} {text}" for text in texts[:MOST_TOLD]]
            if len(texts) > MOST_TOLD:
                lines.append(f"  {letter} … and {len(texts) - MOST_TOLD} more")
        return "\n".join(lines)


def check_all(evidence: Evidence) -> Report:
    """Every invariant on the evidence of one case."""
    found = duplicates.find(evidence)
    checks: dict[str, Callable[[], Iterable[str]]] = {
        "L": lambda: [f"{lead} was neither accepted nor set aside" for lead in _lost(evidence)],
        "W": lambda: committed_too_far(evidence),
        "M": lambda: metadata_too_bold(evidence),
        "D": lambda: [*found.unexplained, *duplicates.uncounted(evidence, found)],
        "P": lambda: not_recovered(evidence),
        "Z": lambda: requests_after_revocation(evidence),
        "B": lambda: unbounded(evidence),
    }
    violations = {letter: texts for letter, check in checks.items() if (texts := list(check()))}
    return Report(
        case=evidence.case,
        protocol=evidence.protocol,
        leads=len(_leads(evidence)),
        lost=len(_lost(evidence)),
        duplicated=found.extra,
        dead_lettered=len({entry.position for entry in evidence.set_aside if not entry.parked}),
        parked=len({entry.position for entry in evidence.set_aside if entry.parked}),
        seconds_to_recover=evidence.recovery.seconds,
        causes=dict(Counter(found.causes)),
        violations=violations,
    )


def _leads(evidence: Evidence) -> set[str]:
    return {lead for lead in evidence.produced.values() if lead is not None}


def _resolved_at(evidence: Evidence) -> dict[Position, float]:
    """When each record was first resolved, in real milliseconds; infinity for those that never were."""
    accepted: dict[str, float] = {}
    for entry in evidence.accepted:
        accepted[entry.lead] = min(entry.at_ms, accepted.get(entry.lead, math.inf))
    times = {
        position: -math.inf if lead is None else accepted.get(lead, math.inf)
        for position, lead in evidence.produced.items()
    }
    for letter in evidence.set_aside:
        if letter.position in times:
            times[letter.position] = min(times[letter.position], letter.at_ms)
    return times


def _lost(evidence: Evidence) -> list[str]:
    """Leads none of whose records was ever resolved (a lead may be on the topic twice)."""
    times = _resolved_at(evidence)
    safe = {lead for position, lead in evidence.produced.items() if times[position] < math.inf}
    return sorted(_leads(evidence) - {lead for lead in safe if lead is not None})


def committed_too_far(evidence: Evidence) -> Iterable[str]:
    """W, by every commit that was seen: what lies below its offset was resolved by then."""
    for partition, commits, times in _by_partition(evidence):
        offsets = sorted(times)
        latest = list(accumulate((times[offset] for offset in offsets), max))
        below = 0
        for commit in sorted(commits, key=lambda each: each.offset):
            while below < len(offsets) and offsets[below] < commit.offset:
                below += 1
            if below and latest[below - 1] > commit.wall_ms + CLOCK_MS:
                bad = next(o for o in offsets[:below] if times[o] > commit.wall_ms + CLOCK_MS)
                yield f"{_at(partition)} was committed to {commit.offset} ({commit.by}): {_record(times, bad, commit)}"


def metadata_too_bold(evidence: Evidence) -> Iterable[str]:
    """M, by every commit that was seen: what its metadata calls resolved was resolved by then."""
    for partition, commits, times in _by_partition(evidence):
        first: dict[tuple[int, tuple[tuple[int, int], ...]], Commit] = {}
        for commit in sorted(commits, key=lambda each: each.wall_ms):
            first.setdefault((commit.offset, tuple(commit.resolved)), commit)
        for commit in first.values():
            for begin, end in commit.resolved:
                for offset in range(begin, end):
                    if times.get(offset, -math.inf) > commit.wall_ms + CLOCK_MS:
                        text = _record(times, offset, commit)
                        yield f"{_at(partition)} at {commit.offset} ({commit.by}) calls more resolved than is: {text}"


def _by_partition(evidence: Evidence) -> Iterable[tuple[Partition, list[Commit], dict[int, float]]]:
    times: dict[Partition, dict[int, float]] = {}
    for (topic, number, offset), at in _resolved_at(evidence).items():
        times.setdefault((topic, number), {})[offset] = at
    commits: dict[Partition, list[Commit]] = {}
    for commit in evidence.commits:
        commits.setdefault(commit.partition, []).append(commit)
    for partition in sorted(times):
        yield partition, commits.get(partition, []), times[partition]


def not_recovered(evidence: Evidence) -> Iterable[str]:
    """P."""
    recovery = evidence.recovery
    if recovery.seconds is None:
        yield f"{recovery.lag} records behind {recovery.limit:g} s after healing"
    for run in evidence.runs:
        if run.how == "died" or (run.how == "stopped" and run.code != 0):
            yield f"{run.name} ended by itself or not in order: exit code {run.code}"


def requests_after_revocation(evidence: Evidence) -> Iterable[str]:
    """Z, by the traces: exact for revocations; partitions that are lost are nobody's to wait for."""
    for run in evidence.runs:
        endings = {number: run.ending_of(claim) for number, claim in run.claims.items()}
        for request in run.requests:
            if request.unknown:
                yield f"{run.name} sent {request.unknown} leads whose records had left it"
            for number, offsets in request.leads.items():
                if (ending := endings[number]) is None:
                    continue
                at, how = ending
                if request.started > at + (LOST if how == "lost" else 0.0):
                    where = _at(run.claims[number].partition)
                    late = f"{request.started - at:.3f} s after it was {how}"
                    yield f"{run.name} began a request for {len(offsets)} leads of {where} {late}"


def unbounded(evidence: Evidence) -> Iterable[str]:
    """B, by what the processes said of themselves all along. As much again as the buffer may wait for hubs that take
    nothing."""
    for run in evidence.runs:
        most = max((sample.metrics.get(OUTSTANDING, 0.0) for sample in run.samples), default=0.0)
        if most > 2 * run.buffer + HAND_OVER:
            yield f"{run.name} held {most:.0f} records with a buffer for {run.buffer}"
        rss = max((sample.rss for sample in run.samples), default=0.0)
        if rss > evidence.memory_limit:
            yield f"{run.name} took {rss:.0f} MiB; {evidence.memory_limit:.0f} are allowed"


def _at(partition: Partition) -> str:
    return f"{partition[0]}[{partition[1]}]"


def _record(times: dict[int, float], offset: int, commit: Commit) -> str:
    at = times[offset]
    if at == math.inf:
        return f"offset {offset} was never resolved"
    return f"offset {offset} was resolved {at - commit.wall_ms:.0f} ms later"
