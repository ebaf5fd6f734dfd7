"""For how long we may take our partitions for ours without hearing from the group.

A member that is cut off from the brokers, or stood still, learns late that its partitions have another owner: only when
the network is back, or a moment after it moves again. Until then it would send what that owner sends too. So requests
start only while the group has confirmed our membership within less than its session time-out.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Lease:
    """Renewed on the Kafka thread, looked at on the event loop: plain writes and reads of one number.

    The clock must go on while the process stands still, as ``time.monotonic`` does.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """``seconds``: less than the time after which the group gives our partitions to another."""
        self.seconds = seconds
        self._clock = clock
        self._until = float("-inf")

    def renew(self, as_of: float) -> None:
        """The group has answered, as a member's, a question that was asked then (on the lease's clock)."""
        self._until = max(self._until, as_of + self.seconds)

    def holds(self) -> bool:
        """Whether a request may start."""
        return self._clock() < self._until
