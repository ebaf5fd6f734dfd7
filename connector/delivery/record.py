"""A record on its way, and our claim on the partition it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from connector.delivery.progress import PartitionProgress
from connector.leads.mapped import MappedLead

Headers: TypeAlias = "Sequence[tuple[str, bytes | str | None]]"


class Claim:
    """Our hold on one partition, from its assignment to its revocation.

    Records carry their claim, not the partition's number: whatever becomes of a record after its partition has left
    us and perhaps come back can then never be taken for progress of the new assignment.

    ``progress`` and ``outstanding`` belong to the Kafka thread. ``released`` is set once, by the Kafka thread, and read
    by the event loop before every request: no request starts for a released claim.
    """

    __slots__ = ("outstanding", "partition", "progress", "released", "topic")

    def __init__(self, topic: str, partition: int, progress: PartitionProgress) -> None:
        self.topic = topic
        self.partition = partition
        self.progress = progress
        self.outstanding = 0
        self.released = False

    def __repr__(self) -> str:
        return f"{self.topic}[{self.partition}]"


class Record:
    """One Kafka record as it was read.

    ``timestamp_ms`` is milliseconds since the epoch, None where Kafka has none; ``size`` is what counts against the
    buffer, in bytes.
    """

    __slots__ = ("claim", "headers", "key", "offset", "size", "timestamp_ms", "value")

    def __init__(
        self,
        claim: Claim,
        offset: int,
        timestamp_ms: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None,
    ) -> None:
        self.claim = claim
        self.offset = offset
        self.timestamp_ms = timestamp_ms
        self.key = key
        self.value = value
        self.headers = headers
        self.size = len(value or b"") + len(key or b"")
        if headers:
            self.size += sum(len(name) + len(content or b"") for name, content in headers)

    @property
    def position(self) -> str:
        """``topic/partition/offset``, the form used in logs and headers."""
        return f"{self.claim.topic}/{self.claim.partition}/{self.offset}"


@dataclass(slots=True, eq=False)
class Shipment:
    """A mapped lead and the record that it settles. ``attempts`` counts the requests it was part of."""

    record: Record
    lead: MappedLead
    waiting_since: float
    """Seconds on the event loop's clock."""
    attempts: int = 0
