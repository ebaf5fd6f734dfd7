"""What a case has seen, as plain data: nothing in here says whether it is good."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from tests.chaos import trace

Position: TypeAlias = tuple[str, int, int]
"""Topic, partition, offset."""
Partition: TypeAlias = tuple[str, int]
Range: TypeAlias = tuple[int, int]
"""Offsets from the first to before the last."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """One line of the sandbox's ledger."""

    lead: str
    at_ms: int
    """Real milliseconds since the epoch."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A record of the dead-letter, review or retry topic: whence it came, and when the broker had it."""

    position: Position
    at_ms: int
    parked: bool
    """On the review or retry topic."""


@dataclass(frozen=True, slots=True)
class Commit:
    """What the group's commit of a partition said. ``at`` (monotonic seconds) and ``wall_ms``: it was so by then."""

    by: str
    """Who saw it: the observer, or the process whose commit was acknowledged."""
    at: float
    wall_ms: int
    partition: Partition
    offset: int
    resolved: Sequence[Range]
    """What its metadata calls resolved above the offset."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A process's hold on a partition. ``fetched``: when it asked what is committed there, ``at``: when it began;
    monotonic seconds."""

    number: int
    partition: Partition
    fetched: float
    at: float


@dataclass(slots=True)
class Request:
    """A POST as the connector made it. Monotonic seconds."""

    started: float
    leads: Mapping[int, Sequence[int]]
    """Offsets by the number of their claim."""
    unknown: int
    """Leads in it that no outstanding record stood for."""
    ended: float | None = None
    answer: str | None = None
    """The answer's class, ``cancelled``, or None when the process ended first."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Partitions that left a process; ``at`` is when the callback had returned (monotonic seconds)."""

    at: float
    partitions: frozenset[Partition]
    lost: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process said of itself. Monotonic seconds; counters by metric and labels; resident memory in MiB."""

    at: float
    metrics: Mapping[str, float]
    """The sum of each metric over its labels."""
    rss: float


@dataclass(slots=True)
class Run:
    """One connector process from its start to its end."""

    name: str
    trace: Path
    buffer: int
    """``delivery.buffer.max_leads``."""
    samples: list[Sample] = field(default_factory=list)
    ended: float | None = None
    how: str = "running"
    """``killed`` (by the case, or by itself at a step), ``stopped`` (SIGTERM), ``died`` otherwise."""
    code: int | None = None
    claims: dict[int, Claim] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    endings: list[Ending] = field(default_factory=list)
    refused: list[tuple[float, Partition]] = field(default_factory=list)
    """When commits failed, and of what."""
    committed: list[tuple[float, int, Partition, int, str]] = field(default_factory=list)
    """Acknowledged commits: monotonic seconds, real milliseconds, partition, offset, metadata."""

    def read_trace(self) -> None:
        """Fill in what the process traced."""
        numbered: dict[int, Request] = {}
        for event in trace.read(self.trace):
            at: float = event["t"]
            match event["e"]:
                case "claim":
                    claim = Claim(event["n"], (event["topic"], event["partition"]), event["fetched"], at)
                    self.claims[claim.number] = claim
                case "request":
                    leads = {int(number): offsets for number, offsets in event["leads"].items()}
                    request = numbered[event["n"]] = Request(at, leads, event["unknown"])
                    self.requests.append(request)
                case "answer":
                    numbered[event["n"]].ended, numbered[event["n"]].answer = at, event["kind"]
                case "revoked":
                    self.endings.append(Ending(at, frozenset((t, p) for t, p in event["p"]), event["lost"]))
                case "refused":
                    self.refused += [(at, (t, p)) for t, p in event["p"]]
                case "committed":
                    self.committed += [(at, event["w"], (t, p), offset, text) for t, p, offset, text in event["p"]]

    def ending_of(self, claim: Claim) -> tuple[float, str] | None:
        """When and how a claim ended: ``revoked``, ``lost``, ``replaced`` by a new one of this process, or as the
        process did. None while it goes on."""
        ends = [
            (ending.at, "lost" if ending.lost else "revoked")
            for ending in self.endings
            if ending.at > claim.at and claim.partition in ending.partitions
        ]
        ends += [(c.at, "replaced") for c in self.claims.values() if c.partition == claim.partition and c.at > claim.at]
        if self.ended is not None:
            ends.append((self.ended, self.how))
        return min(ends, default=None)


@dataclass(slots=True)
class Recovery:
    """How the case ended after healing. ``seconds`` is None when there was lag left at the limit."""

    seconds: float | None
    limit: float
    lag: int


@dataclass(slots=True)
class Evidence:
    """All of one case."""

    case: str
    protocol: str
    produced: Mapping[Position, str | None]
    """What was written where: the lead's id, or None for a record that is nobody's (a tombstone)."""
    accepted: Sequence[Accepted]
    set_aside: Sequence[SetAside]
    copies: Mapping[Position, str]
    """Leads that stand on the retry topic, where they are read again."""
    commits: Sequence[Commit]
    runs: Sequence[Run]
    reset: float | None
    """When a tool set the group to other offsets (monotonic seconds)."""
    anew: float | None
    """When the topic was there again after it had been deleted, with other records (monotonic seconds)."""
    recovery: Recovery
    memory_limit: float
    """MiB that no process may exceed."""
