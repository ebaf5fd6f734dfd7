"""Where our partitions stand, told once a second."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaException, TopicPartition

from connector.delivery.record import Claim
from connector.kafka.ownership import Ownership
from connector.kafka.positions import Positions
from connector.kafka.watch import KafkaWatch, Standing

EVERY = 1.0
"""Seconds."""


class Standings:
    """Belongs to the Kafka thread."""

    def __init__(self, ours: Ownership, positions: Positions, watch: KafkaWatch) -> None:
        self._ours = ours
        self._positions = positions
        self._watch = watch
        self._told = float("-inf")
        self._unread_since: dict[Claim, float] = {}

    def tell(self, consumer: Consumer) -> None:
        """Tell the watch, when it is time again. Asks librdkafka for what it has heard, and nobody else: does not
        block."""
        now = time.monotonic()
        if now - self._told < EVERY:
            return
        self._told = now
        now_ms = time.time_ns() // 1_000_000
        standings: dict[Claim, Standing] = {}
        ends: dict[Claim, int] = {}
        since = self._unread_since
        for claim in self._ours:
            watermark = claim.progress.watermark
            if watermark is None:
                continue
            try:
                _, high = consumer.get_watermark_offsets(TopicPartition(claim.topic, claim.partition), cached=True)
            except KafkaException:
                continue  # not known yet; the next second asks again
            if high >= 0:
                standings[claim] = standing(claim, watermark, high, since.get(claim, now), now, now_ms)
                ends[claim] = high
        self._unread_since = {
            claim: since.get(claim, now)
            for claim, stands in standings.items()
            if stands.lag and not claim.progress.unresolved
        }
        self._positions.ends(ends)
        self._watch.turned(standings)


def standing(claim: Claim, watermark: int, end: int, unread_since: float, now: float, now_ms: int) -> Standing:
    """Where a partition stands whose last record is before ``end``. ``now`` and ``unread_since``, from when on records
    are known of which none was read, in monotonic seconds; ``now_ms`` in milliseconds since the epoch."""
    lag = claim.progress.without_outcome(end)
    distance = max(0, (claim.progress.position or 0) - watermark)
    oldest = claim.ages.of(watermark)
    if not claim.progress.unresolved or oldest is None:
        return Standing(watermark, lag, now - unread_since if lag else 0.0, distance, 0.0)
    waited = now - oldest.read_at
    since_written = waited if oldest.written_ms is None else max(waited, (now_ms - oldest.written_ms) / 1000)
    return Standing(watermark, lag, since_written, distance, waited)
