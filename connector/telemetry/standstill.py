"""Partitions that have work and do not move although nothing hinders them: what only a restart cures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class _Seen(NamedTuple):
    watermark: int
    since: float


class Standstill:
    """Pure: no clock; ``now`` is seconds on any monotonic clock. Not thread-safe.

    Whatever may hinder a lead (Kafka, the API, the registry, a list that fills, a rest) starts the wait anew for all:
    to end a process that waits rightly would be worse than to leave one that is stuck for a little longer.
    """

    def __init__(self, limit: float) -> None:
        """``limit``: seconds without progress that count as stuck."""
        self._limit = limit
        self._seen: dict[str, _Seen] = {}

    def look(self, partitions: Mapping[str, tuple[int, int]], now: float, *, hindered: bool) -> None:
        """Each partition's watermark and how much work there is above it, as they are now."""
        before = {} if hindered else self._seen
        self._seen = {}
        for name, (watermark, work) in partitions.items():
            seen = before.get(name)
            if work:
                self._seen[name] = seen if seen is not None and seen.watermark == watermark else _Seen(watermark, now)

    def stuck(self, now: float) -> list[str]:
        """The names of those that are stuck, sorted."""
        return sorted(name for name, seen in self._seen.items() if now - seen.since >= self._limit)
