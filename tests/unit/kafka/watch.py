"""A watch for tests that are about something else."""

from __future__ import annotations

from connector.delivery.record import Claim
from connector.kafka.watch import Standing


class QuietWatch:
    """Implements ``KafkaWatch`` and looks away. What the protocol has not got fails here too."""

    def read(self, records: int, skipped: int) -> None:
        pass

    def assigned(self, claims: list[Claim], restored: int) -> None:
        pass

    def revoked(self, claims: list[Claim], *, lost: bool, seconds: float, unresolved: int) -> None:
        pass

    def committed(self, partitions: int) -> None:
        pass

    def commit_failed(self, message: str) -> None:
        pass

    def paused(self, partitions: int) -> None:
        pass

    def missed(self, claim: Claim, first: int, end: int, why: str) -> None:
        pass

    def trouble(self, message: str) -> None:
        pass

    def turned(self, standings: dict[Claim, Standing]) -> None:
        pass
