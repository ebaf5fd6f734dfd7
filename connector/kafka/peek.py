"""Looks at the records of a topic, for `preview`: joins no group, commits nothing, ends by itself."""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connector.delivery.record import Headers
from connector.kafka.clients import Clients
from connector.kafka.headers import headers_of
from connector.kafka.probe import why
from connector.kafka.settings import KafkaSettings

TIMEOUT = 10.0
"""Seconds for the broker to answer a question."""
IDLE = 10.0
"""Seconds without a record after which reading ends."""


class PeekError(Exception):
    """The topic cannot be read; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where to begin: in every partition at an offset (below 0: so many records before its end), at the first record
    not older than a time, or at the end, for what comes from now on."""

    offset: int = 0
    time_ms: int | None = None
    at_end: bool = False


@dataclass(frozen=True, slots=True)
class Peeked:
    """A record as it was read. ``timestamp_ms`` is 0 where Kafka has none."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    value: bytes | None
    headers: Headers | None

    @property
    def place(self) -> str:
        """``topic/partition/offset``, as in logs and dead letters."""
        return f"{self.topic}/{self.partition}/{self.offset}"


def peek(
    settings: KafkaSettings, topic: str, position: Position, limit: int, *, timeout: float = TIMEOUT, idle: float = IDLE
) -> list[Peeked]:
    """The first ``limit`` records from ``position``, the oldest first, each partition in its own order.

    Blocks. Ends at what was the end of the topic when it began (``position.at_end``: waits for what comes), or when
    nothing has come for ``idle`` seconds. Times in seconds. Raises PeekError.
    """
    troubles: list[str] = []
    consumer = Clients(settings, troubles.append).reader()
    try:
        with _explained(consumer, settings, topic, troubles, timeout):
            reading = _Reading(_ends(consumer, topic, position, timeout), limit)
            reading.run(consumer, topic, idle)
            if reading.open and troubles and not position.at_end:
                raise PeekError(f"the end of {topic} was not reached: {troubles[-1]}")
    finally:
        consumer.close()
    # A partition's own order holds even where its timestamps do not follow it.
    return list(heapq.merge(*reading.found.values(), key=lambda record: record.timestamp_ms))[:limit]


@contextmanager
def _explained(
    consumer: Consumer, settings: KafkaSettings, topic: str, troubles: list[str], timeout: float
) -> Iterator[None]:
    try:
        yield
    except KafkaException as error:
        code = error.args[0].code()
        if code in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION):
            raise PeekError(f"there is no topic {topic} at {settings.bootstrap_servers}") from error
        if code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            raise PeekError(f"this principal may not read the topic {topic}") from error
        consumer.poll(0)  # serves the callback that says what is behind it
        raise PeekError(why(error.args[0], troubles, settings.bootstrap_servers, timeout)) from error


def _ends(consumer: Consumer, topic: str, position: Position, timeout: float) -> dict[int, int | None]:
    """Assign the partitions in which there is something to read. Returns where reading them ends (None: never)."""
    described = consumer.list_topics(topic, timeout).topics[topic]
    if described.error is not None:
        raise KafkaException(described.error)
    starts: list[TopicPartition] = []
    ends: dict[int, int | None] = {}
    for partition in described.partitions:
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout)
        start = _start(consumer, TopicPartition(topic, partition), position, low, high, timeout)
        if start < high or position.at_end:
            starts.append(TopicPartition(topic, partition, start))
            ends[partition] = None if position.at_end else high
    if starts:
        consumer.assign(starts)
    return ends


def _start(
    consumer: Consumer, partition: TopicPartition, position: Position, low: int, high: int, timeout: float
) -> int:
    if position.at_end:
        return high
    if position.time_ms is not None:
        wanted = TopicPartition(partition.topic, partition.partition, position.time_ms)
        [answer] = consumer.offsets_for_times([wanted], timeout)
        if answer.error is not None:
            raise KafkaException(answer.error)
        return answer.offset if answer.offset >= 0 else high
    return max(low, high + position.offset if position.offset < 0 else position.offset)


class _Reading:
    """Every partition to its end or ``limit`` records, until nothing comes; where there are no ends, ``limit`` in all.

    ``open`` are the partitions that have neither come to their end nor to the limit.
    """

    def __init__(self, ends: dict[int, int | None], limit: int) -> None:
        self._ends = ends
        self._limit = limit
        self.open = set(ends)
        self.found: dict[int, list[Peeked]] = {partition: [] for partition in ends}

    def run(self, consumer: Consumer, topic: str, idle: float) -> None:
        """Read; blocks. Raises KafkaException."""
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
                if not self._take(_peeked(topic, message)):
                    self.open.discard(partition)
                    consumer.pause([TopicPartition(topic, partition)])
            if None in self._ends.values() and sum(map(len, self.found.values())) >= self._limit:
                return

    def _take(self, record: Peeked) -> bool:
        """Keep a record, unless it came after we began. Returns whether the partition has more for us."""
        end, found = self._ends[record.partition], self.found[record.partition]
        if end is None or record.offset < end:
            found.append(record)
        return len(found) < self._limit and (end is None or record.offset + 1 < end)


def _peeked(topic: str, message: Message) -> Peeked:
    kind, timestamp = message.timestamp()
    return Peeked(
        topic,
        cast("int", message.partition()),
        cast("int", message.offset()),
        timestamp if kind else 0,
        message.value(),
        headers_of(message),
    )
