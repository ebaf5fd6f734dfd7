"""What the status page shows, gathered elsewhere; and what it comes to in a sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from connector.telemetry.history import Minute
from connector.telemetry.recent import Answered, Aside, Rebalance
from connector.telemetry.troubles import Group, Kind, Trouble, grouped

Tone = Literal["good", "warn", "bad", ""]

LATE = 60.0
"""Seconds. A lead that waits for longer is worth a word."""


MANY, MOST = 0.1, 0.5
"""Shares of the leads that are set aside: worth a word, and a fault of the whole and not of single leads..."""
ENOUGH = 10
"""... when there are so many."""


class Verdict(NamedTuple):
    """Whether leads flow, and where they stop."""

    tone: Tone
    title: str
    text: str
    troubles: Sequence[Group] = ()


class Figure(NamedTuple):
    """One number that is read first."""

    label: str
    text: str
    tone: Tone = ""


class Hub(NamedTuple):
    """One hub now; ``last`` is its last answer, ``state`` its breaker's, or ``refuses`` where nearly all is refused."""

    name: str
    state: str
    limit: int
    in_flight: int
    waiting: int
    last: Answered | None


class Partition(NamedTuple):
    """One partition of ours, as ``kafka.watch.Standing`` has it."""

    name: str
    lag: int
    lag_seconds: float
    distance: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Status:
    """Everything at one moment; ``now_ms`` in milliseconds since the epoch."""

    now_ms: int
    version: str
    joined: bool
    draining: bool
    troubles: Mapping[str, Trouble]
    stuck: Sequence[str]
    routes: Mapping[str, Sequence[Minute]]
    p95: float | None
    """Time to lead over the last five minutes, in seconds."""
    outstanding: int
    hubs: Sequence[Hub]
    partitions: Sequence[Partition]
    aside: Mapping[tuple[str, str], tuple[int, Sequence[Aside]]]
    rebalances: Sequence[Rebalance]
    configuration: Sequence[tuple[str, str]]

    @property
    def lag(self) -> int:
        """Records without an outcome, over all partitions."""
        return sum(partition.lag for partition in self.partitions)

    @property
    def lag_seconds(self) -> float:
        """The age of the oldest of them."""
        return max((partition.lag_seconds for partition in self.partitions), default=0.0)

    def delivered(self, minutes: int) -> float:
        """Leads delivered in the last minutes, the running one included."""
        return sum(minute.delivered for route in self.routes.values() for minute in route[-minutes:])

    def set_aside(self, minutes: int) -> float:
        """Leads set aside in the last minutes, without those that were not wanted: filtered, duplicates."""
        return sum(minute.set_aside for route in self.routes.values() for minute in route[-minutes:])


def verdict(status: Status) -> Verdict:
    """The first thing to read. What stops leads comes before what delays them, and that before what does not touch
    them yet."""
    found = _verdict(status)
    later = {name: trouble for name, trouble in status.troubles.items() if not trouble.kind.holds}
    if not later:
        return found
    return Verdict(
        "bad" if found.tone == "bad" else "warn", found.title, found.text, [*found.troubles, *grouped(later)]
    )


def _verdict(status: Status) -> Verdict:
    if status.draining:
        return Verdict("warn", "Ending", f"{status.outstanding:,} leads are being finished, then this process ends.")
    if status.stuck:
        return Verdict("bad", "Stuck", f"{', '.join(status.stuck)}: no progress and no reason; a restart is due.")
    paused = {name: trouble for name, trouble in status.troubles.items() if trouble.kind is Kind.PAUSE}
    holding = {name: each for name, each in status.troubles.items() if each.kind.holds and name not in paused}
    if holding:
        waiting = f"{_waiting(status.lag)}, the oldest for {duration(status.lag_seconds)}." if status.lag else ""
        return Verdict("bad", "Leads are held up", waiting, grouped(holding | paused))
    if not status.joined:
        return Verdict("warn", "Joining the group", "No partition is ours yet.")
    if paused:
        title = "A route is paused" if len(paused) == 1 else "Routes are paused"
        return Verdict("warn", title, f"{_waiting(status.lag)}.", grouped(paused))
    if status.lag_seconds > LATE:
        text = f"{_waiting(status.lag)}, the oldest for {duration(status.lag_seconds)}."
        return Verdict("warn", "Catching up", text)
    delivered, aside = status.delivered(5), status.set_aside(5)
    share = aside / (delivered + aside) if aside else 0.0
    if share >= MANY:
        title = "Leads flow, but many are set aside" if delivered else "Leads are set aside, and none is delivered"
        tone: Tone = "bad" if share >= MOST and aside >= ENOUGH else "warn"
        text = f"{aside:,.0f} of {delivered + aside:,.0f} in the last five minutes; below are the reasons."
        return Verdict(tone, title, text)
    if not delivered:
        return Verdict("good", "Nothing to do", "No lead came in the last five minutes, and none waits.")
    late = "" if status.p95 is None else f", 95 of 100 within {duration(status.p95)}"
    return Verdict("good", "Leads flow", f"{delivered:,.0f} delivered in the last five minutes{late}.")


def _waiting(leads: int) -> str:
    return "1 lead waits" if leads == 1 else f"{leads:,} leads wait"


def figures(status: Status) -> list[Figure]:
    """The numbers that are read first."""
    waits = status.lag_seconds > LATE
    aside = status.set_aside(60)
    return [
        Figure("delivered, last hour", f"{status.delivered(60):,.0f}"),
        Figure("time to lead, 95 of 100", "-" if status.p95 is None else duration(status.p95)),
        Figure("leads that wait", f"{status.lag:,}", "warn" if waits else ""),
        Figure("the oldest for", duration(status.lag_seconds), "warn" if waits else ""),
        Figure("set aside, last hour", f"{aside:,.0f}", "warn" if aside else ""),
    ]


def duration(seconds: float) -> str:
    """For people: ``12 ms``, ``1.5 s``, ``3 min``, ``2 h``, ``4 d``."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms"
    for limit, unit, one in ((60, "s", 1), (3600, "min", 60), (172_800, "h", 3600)):
        if seconds < limit:
            return f"{seconds / one:.1f}".removesuffix(".0") + f" {unit}"
    return f"{seconds / 86_400:.0f} d"
