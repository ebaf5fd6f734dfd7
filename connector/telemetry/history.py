"""The last hour of each route, minute by minute, from counters that are read now and then.

Pure: no clock. Nothing is counted twice for it: it keeps what the metrics said at the end of each minute.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

MINUTES = 60


class Counted(NamedTuple):
    """A route's counters since the start. ``buckets``: deliveries by time to lead, each bound's own, the last one
    without a bound."""

    delivered: float
    set_aside: float
    buckets: tuple[float, ...]


class Minute(NamedTuple):
    """What happened within a minute. The quantiles are in seconds, None where nothing was delivered."""

    delivered: float
    set_aside: float
    p50: float | None
    p95: float | None


class History:
    """Not thread-safe: the event loop owns it."""

    def __init__(self, bounds: Sequence[float]) -> None:
        """``bounds``: the upper bounds of the buckets that have one, in seconds."""
        self._bounds = tuple(bounds)
        self._ends: deque[tuple[int, Mapping[str, Counted]]] = deque(maxlen=MINUTES + 1)

    def take(self, now: float, counted: Mapping[str, Counted]) -> None:
        """The counters at ``now``, in seconds on any clock. Called several times a minute, the last one stands."""
        minute = int(now // 60)
        if self._ends and self._ends[-1][0] >= minute:
            minute = self._ends.pop()[0]
        elif not self._ends:
            self._ends.append((minute - 1, {}))
        while self._ends and self._ends[-1][0] < minute - 1:
            # Nobody looked for minutes: nothing happened in them, as far as can be told.
            last = self._ends[-1]
            self._ends.append((max(last[0] + 1, minute - MINUTES), last[1]))
        self._ends.append((minute, counted))

    def routes(self) -> dict[str, list[Minute]]:
        """Each route's minutes, oldest first; the last one is not over yet. By name, what no route took at the end."""
        if not self._ends:
            return {}
        ends = [counted for _, counted in self._ends]
        names = sorted(ends[-1], key=lambda name: (not name, name))
        return {name: [self._between(a.get(name), b.get(name)) for a, b in pairwise(ends)] for name in names}

    def quantile(self, share: float, minutes: int) -> float | None:
        """Time to lead of all routes over the last minutes, in seconds; None where nothing was delivered."""
        if len(self._ends) < 2:
            return None
        then, now = self._ends[max(0, len(self._ends) - 1 - minutes)][1], self._ends[-1][1]
        total = [0.0] * (len(self._bounds) + 1)
        for name, counted in now.items():
            for place, number in enumerate(_minus(counted.buckets, then.get(name))):
                total[place] += number
        return quantile(share, self._bounds, total)

    def _between(self, then: Counted | None, now: Counted | None) -> Minute:
        if now is None:
            return Minute(0, 0, None, None)
        new = _minus(now.buckets, then)
        delivered = now.delivered - (then.delivered if then else 0)
        set_aside = now.set_aside - (then.set_aside if then else 0)
        return Minute(delivered, set_aside, quantile(0.5, self._bounds, new), quantile(0.95, self._bounds, new))


def quantile(share: float, bounds: Sequence[float], buckets: Sequence[float]) -> float | None:
    """The value below which this share of what is in the buckets lies, taken as even within each, as Prometheus'
    ``histogram_quantile`` does: the highest bound for what lies above it. None for empty buckets."""
    wanted = share * sum(buckets)
    if not wanted:
        return None
    below, lower = 0.0, 0.0
    for bound, number in zip(bounds, buckets, strict=False):
        if below + number >= wanted:
            return min(bound, lower + (bound - lower) * (wanted - below) / number)
        below, lower = below + number, bound
    return lower


def _minus(now: tuple[float, ...], then: Counted | None) -> Sequence[float]:
    return now if then is None else [a - b for a, b in zip(now, then.buckets, strict=True)]
