"""Who is told what happens on the Kafka side (metrics, health and the log)."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from connector.delivery.record import Claim


class Standing(NamedTuple):
    """How far a partition is behind."""

    watermark: int
    """The offset to commit: every record below has its outcome."""
    lag: int
    """Records without an outcome, read or not, up to the end of the partition."""
    lag_seconds: float
    """How long ago the oldest of them was written, as far as was read; 0 without any."""
    distance: int
    """Offsets from the watermark, which is committed, to the position: what is read again where the commit metadata
    has no room for it."""
    oldest_seconds: float
    """For how long the oldest record that was read has no outcome; 0 without any."""


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

    def turned(self, standings: dict[Claim, Standing]) -> None:
        """About once a second: the thread turns. Where the partitions stand, as far as it is known."""
