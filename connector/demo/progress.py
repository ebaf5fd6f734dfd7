"""One moment of the demo, as the views show it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from connector.demo.arrivals import Arrival
from connector.demo.program import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Numbers of leads, seconds since the first."""

    seconds: float
    state: str
    made: int
    wanted: int
    """Leads that were asked for; more may trickle in afterwards."""
    counts: Counts
    p50: int | None
    """Time to lead in milliseconds; None before the first."""
    p99: int | None
    hubs: Mapping[str, int]
    latest: Sequence[Arrival]
    warnings: Sequence[str]
    """What the connector warns of since the last moment."""

    @property
    def on_their_way(self) -> int:
        """Leads that have no outcome yet."""
        return max(0, self.made - self.counts.resolved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where to look for more."""

    broker: str
    sandbox: str
    connector: str
    configuration: str
