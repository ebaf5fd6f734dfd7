"""Exponential back-off with full jitter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Delays in seconds: a random part of ``initial`` doubled with every failure, at most ``maximum``."""

    initial: float = 0.2
    maximum: float = 30.0

    def delay(self, failures: int, random: Callable[[], float]) -> float:
        """Seconds to wait after this many failures in a row (1 is the first). ``random`` gives numbers in [0, 1)."""
        ceiling = min(self.maximum, self.initial * 2.0 ** min(failures - 1, 60))
        return ceiling * random()
