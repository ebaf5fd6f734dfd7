"""Who is told what happens on the Kafka side (metrics, health and the log)."""

from __future__ import annotations

from typing import Protocol

from connector.delivery.record import Claim


class KafkaWatch(Protocol):
    """Called on the Kafka thread; must not block and must not raise."""

    def read(self, records: int, skipped: int) -> None:
        """Records were read; ``skipped`` of them had been resolved before a restart."""

    def assigned(self, claims: list[Claim], restored: int) -> None:
        """Partitions are ours; ``restored`` offsets above their watermarks are known to be resolved."""

    def revoked(self, claims: list[Claim], *, lost: bool, seconds: float, unresolved: int) -> None:
        """Partitions are ours no more; ``unresolved`` of their records were given up. ``seconds``: how long
        it took."""

    def committed(self, partitions: int) -> None:
        """The broker has acknowledged a commit."""

    def commit_failed(self, message: str) -> None:
        """A commit was refused or got lost; the progress is committed again."""

    def paused(self, partitions: int) -> None:
        """So many more partitions are paused, because the buffer or their share of it is full; 0: none is any more."""

    def missed(self, claim: Claim, first: int, end: int, why: str) -> None:
        """Records from ``first`` to before ``end`` were never read and are gone."""

    def trouble(self, message: str) -> None:
        """Kafka reports an error that it, or we, go on after."""

    def turned(self, lags: dict[Claim, int]) -> None:
        """About once a second: the thread turns. Lag in records for the partitions where it is known."""
