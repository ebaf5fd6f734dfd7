"""Nagle's rule (RFC 896) for batches: when leads that were in no request yet go, full batch or not. Pure.

So a quiet hub has no added delay and a busy one has full batches.
"""

from __future__ import annotations

from enum import StrEnum

from connector.delivery.waiting import Waiting


class Flush(StrEnum):
    """Why a batch was sent when it was."""

    IDLE = "idle"
    """Nothing was in flight."""
    FULL = "full"
    """It reached max_leads or max_bytes."""
    LINGER = "linger"
    """Its oldest lead had waited for linger."""
    RETURNED = "returned"
    """A request came back."""
    DRAIN = "drain"
    """Shutting down."""
    RETRY = "retry"
    """It goes again, whole or in part; or it is a probe."""


class Nagle:
    """What is to be known of a lane beside its leads: ``linger``, as below; ``draining``, whether it is being shut
    down; ``returned``, whether a request came back since the last was sent; ``more_coming``, whether leads follow in a
    moment."""

    def __init__(self, linger: float) -> None:
        """``linger``: the longest that a lead waits for others, in seconds."""
        self.linger = linger
        self.draining = False
        self.returned = False
        self.more_coming = False

    def flush(self, waiting: Waiting, in_flight: int, now: float) -> Flush | None:
        """Why a batch of what is pending goes now; None when it does not."""
        if not waiting.pending:
            return None
        if waiting.full:
            return Flush.FULL
        if self.more_coming:
            return None
        if self.draining:
            return Flush.DRAIN
        if not in_flight:
            return Flush.IDLE
        if self.returned:
            return Flush.RETURNED
        if now >= waiting.pending[0].waiting_since + self.linger:
            return Flush.LINGER
        return None

    def due(self, waiting: Waiting, in_flight: int, ready_at: float) -> float:
        """When a batch of what is pending goes, at ``ready_at`` or later. Something must be pending."""
        if self.flush(waiting, in_flight, ready_at) is not None:
            return ready_at
        return max(ready_at, waiting.pending[0].waiting_since + self.linger)
