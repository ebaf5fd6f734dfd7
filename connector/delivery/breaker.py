"""The circuit breaker of one destination. Pure: no clock; when to try again is the pace's (``pacing.py``).

States and names as in M. Nygard, Release It!, "Circuit Breaker".
"""

from __future__ import annotations

from enum import StrEnum


class BreakerState(StrEnum):
    """What a destination gets at present."""

    CLOSED = "closed"
    """What its limits allow."""
    OPEN = "open"
    """Nothing before the back-off is over, then one probe."""
    HALF_OPEN = "half_open"
    """Nothing but the probe that is under way."""


class Breaker:
    """Counts failures in a row, opens at ``threshold``, and closes with the first sign that the API takes requests."""

    def __init__(self, threshold: int) -> None:
        self.threshold = threshold
        """Failures in a row with which it opens."""
        self._counted_until = 0
        self.state = BreakerState.CLOSED
        self.failures = 0
        """Failures in a row; requests that were in flight together fail as one."""
        self.failing_since: float | None = None
        """When the first failure came since the API last took a request; seconds on the lane's clock."""

    def failed(self, ticket: int, latest: int, now: float) -> None:
        """A request failed; ``latest`` is the last ticket given out."""
        if self.failing_since is None:
            self.failing_since = now
        if ticket > self._counted_until:
            # Eight requests in flight during one outage are one step of back-off, not eight.
            self._counted_until = latest
            self.failures += 1
        if self.failures >= self.threshold:
            self.state = BreakerState.OPEN

    def worked(self) -> bool:
        """An answer shows that the API takes requests. True if the breaker was not closed."""
        if self.failing_since is None:
            return False
        was_closed = self.state is BreakerState.CLOSED
        self.state = BreakerState.CLOSED
        self.failures = 0
        self.failing_since = None
        return not was_closed

    def sent(self) -> None:
        """A request is under way: if the breaker was open, this is the probe."""
        if self.state is BreakerState.OPEN:
            self.state = BreakerState.HALF_OPEN

    def abandoned(self) -> None:
        """A request was not sent after all: if it was the probe, there is none."""
        if self.state is BreakerState.HALF_OPEN:
            self.state = BreakerState.OPEN
