"""A record on its way, and our claim on the partition it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from connector.delivery.ages import Ages
from connector.delivery.duplicates import Duplicate
from connector.delivery.position import Position, Returned
from connector.delivery.progress import PartitionProgress
from connector.leads.mapped import MappedLead

Headers: TypeAlias = "Sequence[tuple[str, bytes | str | None]]"


class Claim:
    """Our hold on one partition, from its assignment to its revocation.

    Records carry their claim, not the partition's number: whatever becomes of a record after its partition has left
    us and perhaps come back can then never be taken for progress of the new assignment.

    ``ages``, ``progress`` and ``outstanding`` belong to the Kafka thread. ``released`` is set once, by the Kafka
    thread, and read by the event loop before every request: no request starts for a released claim.
    """

    __slots__ = ("ages", "outstanding", "partition", "progress", "released", "topic")

    def __init__(self, topic: str, partition: int, progress: PartitionProgress) -> None:
        self.topic = topic
        self.partition = partition
        self.progress = progress
        self.ages = Ages()
        self.outstanding = 0
        self.released = False

    def __repr__(self) -> str:
        return f"{self.topic}[{self.partition}]"


class Record:
    """One Kafka record as it was read.

    ``timestamp_ms`` and ``read_ms`` (when we read it) are milliseconds since the epoch, None where Kafka has none and
    where nobody looked at the clock; ``size`` is what counts against the buffer, in bytes. ``in_doubt``: it may have
    arrived, for an earlier owner of the partition may have sent it, or we did and got no answer. ``origin`` is set for
    records of the retry topic.
    """

    __slots__ = ("claim", "headers", "in_doubt", "key", "offset", "origin", "read_ms", "size", "timestamp_ms", "value")
    fan: Fan | None = None
    """For a ``PartRecord``: what it shares with the other parts."""

    def __init__(
        self,
        claim: Claim,
        offset: int,
        timestamp_ms: int | None,
        key: bytes | None,
        value: bytes | None,
        headers: Headers | None,
        *,
        in_doubt: bool = False,
        origin: Returned | None = None,
        read_ms: int | None = None,
    ) -> None:
        self.claim = claim
        self.offset = offset
        self.timestamp_ms = timestamp_ms
        self.key = key
        self.value = value
        self.headers = headers
        self.in_doubt = in_doubt
        self.origin = origin
        self.read_ms = read_ms
        self.size = len(value or b"") + len(key or b"")
        if headers:
            self.size += sum(len(name) + len(content or b"") for name, content in headers)

    @property
    def part(self) -> str | None:
        """The route whose part of the lead it is; None for a lead that one route took, as far as is known."""
        return None if self.origin is None else self.origin.part

    @property
    def topic(self) -> str:
        """The topic that the lead was first read from: what formats and routes go by."""
        return self.claim.topic if self.origin is None else self.origin.position.topic

    @property
    def first_position(self) -> Position:
        """Where the lead was first read: what receipts and duplicates name."""
        if self.origin is not None:
            return self.origin.position
        return Position(self.claim.topic, self.claim.partition, self.offset)

    @property
    def position(self) -> str:
        """``topic/partition/offset`` where the record stands, the form used in logs and headers."""
        return f"{self.claim.topic}/{self.claim.partition}/{self.offset}"


class Fan:
    """A record whose lead several routes take: ``record`` is settled once, when all its parts are.

    Belongs to the Kafka thread, save that any thread may read ``open``. ``intended`` are the parts that are about to
    be sent, or may have been: while there is one the offset, which they share, stays in doubt.
    """

    __slots__ = ("intended", "open", "record", "resolved")

    def __init__(self, record: Record, parts: int) -> None:
        self.record = record
        self.open = parts
        """Parts that are not settled yet."""
        self.resolved = True
        """No part was forgotten so far."""
        self.intended: set[Record] = set()

    def settle(self, part: PartRecord, *, resolved: bool) -> bool:
        """A part was settled, as ``Buffer.settle`` has it. True when it was the last. Raises ValueError for one that
        was settled before: it would stand for another that is not done."""
        if part.settled:
            raise ValueError(f"part {part.part} of {part.position} is settled already")
        part.settled = True
        self.open -= 1
        self.resolved = self.resolved and resolved
        if resolved or part.in_doubt:
            self.record.in_doubt = True  # whoever reads it again may send what was done already
        if self.open:
            return False
        self.intended.clear()
        return True


class PartRecord(Record):
    """One part of a record whose lead several routes take: its own way and its own outcome, the record's place."""

    __slots__ = ("fan", "part", "settled")

    def __init__(self, fan: Fan, route: str) -> None:
        of = fan.record
        self.claim = of.claim
        self.offset = of.offset
        self.timestamp_ms = of.timestamp_ms
        self.key = of.key
        self.value = of.value
        self.headers = of.headers
        self.in_doubt = of.in_doubt
        self.origin = of.origin
        self.read_ms = of.read_ms
        self.size = of.size
        self.fan: Fan = fan
        self.part: str = route
        self.settled = False


def split(record: Record, routes: Sequence[str]) -> list[PartRecord]:
    """The parts of a record, one for each of these routes."""
    fan = Fan(record, len(routes))
    return [PartRecord(fan, route) for route in routes]


@dataclass(frozen=True, slots=True)
class Held:
    """What waits for something that takes too little at present (a hub, the registry, a time), by claim: how many
    records and how many bytes. ``seen`` of the records that were read have been looked at for it."""

    seen: int
    by_claim: Mapping[Claim, tuple[int, int]]

    @property
    def leads(self) -> int:
        """Records held, over all claims."""
        return sum(leads for leads, _ in self.by_claim.values())

    @property
    def size(self) -> int:
        """Their bytes."""
        return sum(size for _, size in self.by_claim.values())


@dataclass(slots=True, eq=False)
class Shipment:
    """A mapped lead and the record that it settles. ``attempts`` counts the requests it was part of."""

    record: Record
    lead: MappedLead
    waiting_since: float
    """Seconds on the event loop's clock."""
    attempts: int = 0
    ambiguous: int = 0
    """How many of them were sent and not answered."""
    returned: bool = False
    """It came back from the retry topic, and waits for its hub in place from now on."""
    duplicate: Duplicate | None = None
    """The delivery before, where it is a duplicate."""
