"""Back-pressure: how many records may be read now, and which partitions are paused.

Three cases. All flows: only the buffer bounds, no partition is ever paused. The buffer is full: the poll is held for a
moment, then all partitions pause until half of it is free (pausing throws away what librdkafka has fetched; DESIGN.md,
"Back-pressure"). Something is held (``Held``): what waits for a hub that takes nothing, or less than comes, does not
count against the buffer but against an allowance of the same size, of which each partition has its share, and
partitions that have used theirs up are paused until half of it is free. So all others flow on, and memory stays
bounded.
"""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import Consumer, TopicPartition

from connector.delivery.record import Claim, Held
from connector.kafka.buffer import Buffer

MOST_AT_ONCE = 500
"""Records in one hand-over to the event loop."""
MOST_WHILE_HELD = 100
"""The same while something is held: so many may turn out to be for the hub that takes nothing."""
LEAST_AT_ONCE = 250
"""Records for which it is worth while to wait a moment when the buffer is nearly full, and there is enough to do:
reading, handing over and committing cost the same for one record as for many."""


class BackPressure:
    """Belongs to the Kafka thread, except ``hold``: any thread."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._held: Held | None = None
        self._paused: set[tuple[str, int]] = set()
        self._overdrawn: set[Claim] = set()

    def hold(self, held: Held | None) -> None:
        """What is held from now on; None: nothing. Does not block."""
        self._held = held
        self._buffer.wake()

    def room(self) -> int:
        """How many records may be read now."""
        held = self._held
        if held is None:
            return min(MOST_AT_ONCE, self._buffer.room())
        if held.seen < self._buffer.handed_over:
            return 0  # what was read last may be for the same hub
        return min(MOST_WHILE_HELD, self._buffer.room(held.leads, held.size))

    @property
    def least(self) -> int:
        """For how many records there should be room before any are read."""
        return 1 if self._held is not None else min(LEAST_AT_ONCE, max(1, self._buffer.max_records // 8))

    def half_free(self) -> bool:
        """True when at most half of the buffer is taken."""
        held = self._held
        return self._buffer.half_free() if held is None else self._buffer.half_free(held.leads, held.size)

    def overdrawn(self, claims: Iterable[Claim]) -> list[Claim]:
        """The claims that have used up their share of the allowance."""
        held = self._held
        if held is None:
            self._overdrawn.clear()
            return []
        claims = list(claims)
        leads = max(1, self._buffer.max_records // max(1, len(claims)))
        size = max(1, self._buffer.max_bytes // max(1, len(claims)))
        used = held.by_claim
        overdrawn = [c for c in claims if c in used and self._exceeds(c, *used[c], leads, size)]
        self._overdrawn = set(overdrawn)
        return overdrawn

    def _exceeds(self, claim: Claim, leads: int, size: int, most_leads: int, most_bytes: int) -> bool:
        if claim in self._overdrawn:
            return 2 * leads > most_leads or 2 * size > most_bytes
        return leads >= most_leads or size >= most_bytes

    def pause(self, consumer: Consumer, claims: Iterable[Claim]) -> int:
        """Have exactly these partitions paused. Returns how many were paused by this call."""
        wanted = {(claim.topic, claim.partition) for claim in claims}
        if wanted == self._paused:
            return 0
        more, fewer = wanted - self._paused, self._paused - wanted
        self._paused = wanted
        if fewer:
            consumer.resume([TopicPartition(*each) for each in fewer])
        if more:
            consumer.pause([TopicPartition(*each) for each in more])
        return len(more)

    @property
    def paused(self) -> bool:
        """True while any partition is paused."""
        return bool(self._paused)

    def assigned(self, consumer: Consumer, partitions: Iterable[TopicPartition]) -> None:
        """These were assigned: they flow. librdkafka keeps a pause from one assignment of a partition to its next."""
        flowing = [TopicPartition(each.topic, each.partition) for each in partitions]
        if flowing:
            consumer.resume(flowing)
        self.gone(flowing)

    def gone(self, partitions: Iterable[TopicPartition]) -> None:
        """These are ours no more: nothing of them is paused."""
        self._paused -= {(each.topic, each.partition) for each in partitions}
