"""Looks at the records of a topic, for `preview`: the first so many, or what comes from now on."""

from __future__ import annotations

import heapq
import time
from collections.abc import Sequence
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from connector.kafka.reading import IDLE, TIMEOUT, Peeked, PeekError, Position, Reader, Span, peeked
from connector.kafka.settings import KafkaSettings

__all__ = ["PeekError", "Peeked", "Position", "peek"]


def peek(
    settings: KafkaSettings, topic: str, position: Position, limit: int, *, timeout: float = TIMEOUT, idle: float = IDLE
) -> list[Peeked]:
    """The first ``limit`` records from ``position``, the oldest first, each partition in its own order.

    Blocks. Ends at what was the end of the topic when it began (``position.at_end``: waits for what comes), or when
    nothing has come for ``idle`` seconds. Times in seconds. Raises PeekError.
    """
    with Reader(settings, timeout=timeout) as reader, reader.explained(topic):
        reading = _Reading(reader.spans(topic, position), limit, follow=position.at_end)
        reading.run(reader.consumer, topic, idle)
        if reading.open and reader.troubles and not position.at_end:
            raise PeekError(f"the end of {topic} was not reached: {reader.troubles[-1]}")
    # A partition's own order holds even where its timestamps do not follow it.
    return list(heapq.merge(*reading.found.values(), key=lambda record: record.timestamp_ms))[:limit]


class _Reading:
    """Every partition to its end or ``limit`` records, until nothing comes; with ``follow``, ``limit`` in all.

    ``open`` are the partitions that have neither come to their end nor to the limit.
    """

    def __init__(self, spans: Sequence[Span], limit: int, *, follow: bool) -> None:
        self._starts = {span.partition: span.start for span in spans}
        self._ends: dict[int, int | None] = {span.partition: None if follow else span.end for span in spans}
        self._limit = limit
        self._follow = follow
        self.open = set(self._ends)
        self.found: dict[int, list[Peeked]] = {partition: [] for partition in self._ends}

    def run(self, consumer: Consumer, topic: str, idle: float) -> None:
        """Read; blocks. Raises KafkaException."""
        if self.open:
            consumer.assign([TopicPartition(topic, partition, start) for partition, start in self._starts.items()])
        heard = time.monotonic()
        while self.open and time.monotonic() - heard < idle:
            message = consumer.poll(0.1)
            if message is None:
                continue
            partition = cast("int", message.partition())
            if (error := message.error()) is not None:
                if error.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(error)
                if self._ends.get(partition) is not None:
                    self.open.discard(partition)
            elif partition in self.open:
                heard = time.monotonic()
                if not self._take(peeked(topic, message)):
                    self.open.discard(partition)
                    consumer.pause([TopicPartition(topic, partition)])
            if self._follow and sum(map(len, self.found.values())) >= self._limit:
                return

    def _take(self, record: Peeked) -> bool:
        """Keep a record, unless it came after we began. Returns whether the partition has more for us."""
        end, found = self._ends[record.partition], self.found[record.partition]
        if end is None or record.offset < end:
            found.append(record)
        return len(found) < self._limit and (end is None or record.offset + 1 < end)
