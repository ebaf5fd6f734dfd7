"""Positions that mean nothing any more: retention has overtaken us, or the topic was made anew.

librdkafka is told not to choose a new position by itself (``auto.offset.reset=error``), so that what is missing is
counted and reported, and nothing is skipped or read again in silence.
"""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import Consumer, TopicPartition

from connector.delivery.record import Claim
from connector.kafka.ownership import Ownership
from connector.kafka.watch import KafkaWatch


class Positions:
    """Belongs to the Kafka thread. ``changed`` is told of a claim whose progress has moved, ``released`` that a claim
    was released, ``moved`` of a partition that is assigned anew at another offset."""

    def __init__(
        self,
        ours: Ownership,
        watch: KafkaWatch,
        *,
        from_end: Callable[[str], bool],
        changed: Callable[[Claim], None],
        released: Callable[[], object],
        moved: Callable[[Consumer, list[TopicPartition]], None],
    ) -> None:
        self._ours = ours
        self._watch = watch
        self._from_end = from_end
        self._changed = changed
        self._released = released
        self._moved = moved
        self._astray: list[Claim] = []
        self._ends: dict[Claim, int] = {}

    def ends(self, ends: dict[Claim, int]) -> None:
        """The offsets after the last records, as they are known now."""
        self._ends = {claim: ends.get(claim, self._ends.get(claim, 0)) for claim in self._ours}

    def lost(self, claim: Claim) -> None:
        """The broker has nothing at this claim's position."""
        self._astray.append(claim)

    def find(self, consumer: Consumer) -> None:
        """Have every claim read from where there is something to read. Blocks only while there is one to find: for a
        round trip each."""
        for claim in self._ours.made_anew():
            self._begin_anew(consumer, claim, None, anew=True)
        astray, self._astray = self._astray, []
        for claim in astray:
            if self._ours.holds(claim) and not self._found(consumer, claim):
                self._astray.append(claim)

    def _found(self, consumer: Consumer, claim: Claim) -> bool:
        """False: it could not be told where the partition begins and ends, so ask again."""
        bounds = self._ours.bounds(consumer, claim.topic, claim.partition)
        if bounds is None:
            return False
        low, high = bounds
        position = claim.progress.position
        if position is not None and position > high:
            # The topic was made anew, or its end was cut off when a replica that lagged behind became its leader.
            if self._ours.is_same_topic(claim):
                self._begin_anew(consumer, claim, high, anew=False)
            else:
                self._begin_anew(consumer, claim, low, anew=True)
            return True
        if position is None:
            position = high if self._from_end(claim.topic) else low
        if position < low:
            self._watch.missed(claim, position, low, "retention removed them before they were read")
        claim.progress.skip(max(low, position))
        self._changed(claim)
        self._seek(consumer, claim)
        return True

    def _begin_anew(self, consumer: Consumer, claim: Claim, offset: int | None, *, anew: bool) -> None:
        """What is known of this partition means nothing. ``offset`` None: begin at its first record."""
        if offset is None:
            bounds = self._ours.bounds(consumer, claim.topic, claim.partition)
            if bounds is None:
                return  # the topic's id still differs when it is asked for next
            offset = bounds[0]
        position, end = claim.progress.position or 0, self._ends.get(claim, 0)
        if anew and end > position:
            self._watch.missed(claim, position, end, "the topic was made anew before they were read")
        self._watch.trouble(f"{claim}: the topic is not what it was: going on at offset {offset}")
        fresh = self._ours.start_over(claim, offset, anew=anew)
        self._released()
        self._seek(consumer, fresh)

    def _seek(self, consumer: Consumer, claim: Claim) -> None:
        """Assigned anew and not sought: that works whatever librdkafka thinks of where the partition stands."""
        where = TopicPartition(claim.topic, claim.partition)
        consumer.incremental_unassign([where])
        where.offset = claim.progress.position or 0
        consumer.incremental_assign([where])
        self._moved(consumer, [where])
