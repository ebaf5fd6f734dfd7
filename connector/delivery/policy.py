"""What a lane is told to do: frozen data from the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from connector.delivery.backoff import Backoff
from connector.delivery.storm import StormPolicy

LONGEST_LIST = 64 * 1024 * 1024
"""Bytes of a list's contacts; what is collected is bounded by the buffer before."""


@dataclass(frozen=True, slots=True)
class LanePolicy:
    """Bounds of a lane. Sizes in leads and bytes of their JSON, times in seconds, rates in numbers a second."""

    max_leads: int = 50
    max_bytes: int = 256 * 1024
    linger: float = 0.1
    max_in_flight: int = 8
    backoff: Backoff = field(default_factory=Backoff)
    request_rate: float | None = None
    lead_rate: float | None = None
    breaker_failures: int = 5
    """Failures in a row after which nothing but probes is sent."""
    probe_leads: int = 1
    """Most leads in a probe."""
    park_ambiguous: bool = False
    """Leads whose request was sent and not answered are parked for review instead of sent again."""
    park_after: float | None = None
    """How long the destination must have failed before its leads may be parked elsewhere; None: never."""
    storm: StormPolicy | None = field(default_factory=StormPolicy)
    """None: every lead that is refused alone is dead-lettered."""
    whole_lists: bool = False
    """A request is a list, which is not cut for a rate's sake."""

    @property
    def batch_leads(self) -> int:
        """Most leads in one request: a rate of leads has no more than a second's worth go at once, but a list whole."""
        if self.lead_rate is None or self.whole_lists:
            return self.max_leads
        return max(1, min(self.max_leads, int(self.lead_rate)))

    def of_list(self, max_leads: int) -> LanePolicy:
        """For a destination that is a list of so many leads: it goes whole, also as a probe, as soon as it is there."""
        return replace(
            self,
            max_leads=max_leads,
            max_bytes=LONGEST_LIST,
            linger=0.0,
            probe_leads=max_leads,
            storm=None,
            whole_lists=True,
        )
