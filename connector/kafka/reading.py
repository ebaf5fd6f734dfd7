"""Reads topics from a place to their end, for the commands: joins no group, commits nothing, ends by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import NamedTuple, cast

from confluent_kafka import KafkaError, KafkaException, Message, TopicPartition

from connector.delivery.record import Headers
from connector.kafka.clients import Clients
from connector.kafka.headers import headers_of
from connector.kafka.probe import why
from connector.kafka.settings import KafkaSettings

TIMEOUT = 10.0
"""Seconds for the broker to answer a question."""
IDLE = 10.0
"""Seconds without a record after which reading ends."""
AT_ONCE = 500
"""Records taken together."""

_NO_SUCH = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)


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
    key: bytes | None = None

    @property
    def place(self) -> str:
        """``topic/partition/offset``, as in logs and dead letters."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Span(NamedTuple):
    """Part of a partition: offsets from ``start`` to before ``end``, which may hold fewer records, or none."""

    partition: int
    start: int
    end: int


class Reader:
    """A consumer to look at topics with, as a context manager. Every method blocks, and raises PeekError for what
    the brokers do. One thread."""

    def __init__(self, settings: KafkaSettings, *, timeout: float = TIMEOUT, idle: float = IDLE) -> None:
        """``timeout``: seconds for an answer; ``idle``: seconds without a record after which reading ends."""
        self._settings = settings
        self._timeout = timeout
        self._idle = idle
        self.troubles: list[str] = []
        """What librdkafka reported meanwhile, in words."""
        self.consumer = Clients(settings, self.troubles.append).reader()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.consumer.close()

    def spans(self, topic: str, start: Position, *, until_ms: int | None = None) -> list[Span]:
        """Where there is something to read: from ``start`` to what is the end now, or to the first record that is not
        older than ``until_ms`` (milliseconds since the epoch). Partitions without any are left out."""
        with self.explained(topic):
            found: list[Span] = []
            for partition in self.partitions(topic):
                where = TopicPartition(topic, partition)
                low, high = self.consumer.get_watermark_offsets(where, self._timeout)
                first = self._start(where, start, low, high)
                end = high if until_ms is None else self._at_time(where, until_ms, high)
                if first < end or start.at_end:
                    found.append(Span(partition, first, end))
            return found

    def partitions(self, topic: str) -> list[int]:
        """The numbers of a topic's partitions."""
        with self.explained(topic):
            described = self.consumer.list_topics(topic, self._timeout).topics[topic]
            if described.error is not None:
                raise KafkaException(described.error)
            return sorted(described.partitions)

    def topics(self) -> list[str]:
        """The topics that this principal may see."""
        with self.explained(""):
            described = self.consumer.list_topics(timeout=self._timeout).topics
            return sorted(name for name, topic in described.items() if topic.error is None)

    def committed(self, topic: str) -> dict[int, tuple[int, str]]:
        """The group's committed offset and metadata of each partition that has one."""
        partitions = [TopicPartition(topic, partition) for partition in self.partitions(topic)]
        with self.explained(topic):
            answers = self.consumer.committed(partitions, self._timeout)
            for answer in answers:
                if answer.error is not None:
                    raise KafkaException(answer.error)
            return {
                answer.partition: (answer.offset, answer.metadata or "") for answer in answers if answer.offset >= 0
            }

    def records(
        self, topic: str, spans: Sequence[Span], read: Callable[[int], object] = lambda _records: None
    ) -> Iterator[Peeked]:
        """The records of these parts of a topic, each partition in its own order, the partitions as they come. In
        memory are some MiB at most. ``read`` is called with how many offsets more are behind us. Raises PeekError also
        when nothing has come for ``idle`` seconds."""
        ends = {span.partition: span.end for span in spans if span.start < span.end}
        at = {span.partition: span.start for span in spans}
        if not ends:
            return
        with self.explained(topic):
            self.consumer.assign([TopicPartition(topic, partition, at[partition]) for partition in ends])
            heard = time.monotonic()
            while ends:
                first = self.consumer.poll(0.1)
                if first is None:
                    if time.monotonic() - heard >= self._idle:
                        because = f": {self.troubles[-1]}" if self.troubles else f" in {self._idle:g} s"
                        raise PeekError(f"the end of {topic} was not reached{because}")
                    continue
                for message in (first, *self.consumer.consume(AT_ONCE, 0)):
                    partition = cast("int", message.partition())
                    error = message.error()
                    if error is not None and error.code() != KafkaError._PARTITION_EOF:
                        raise KafkaException(error)
                    end = ends.get(partition)
                    if end is None:
                        continue
                    # What is left of the span may be the marks of transactions: then the end of the partition is told.
                    now_at = end if error is not None else min(cast("int", message.offset()) + 1, end)
                    read(now_at - at[partition])
                    at[partition] = now_at
                    taken = error is None and cast("int", message.offset()) < end
                    if now_at >= end:
                        del ends[partition]
                    if taken:
                        yield peeked(topic, message)
                heard = time.monotonic()  # whoever takes the records may take long over them
            self.consumer.unassign()

    def _start(self, where: TopicPartition, position: Position, low: int, high: int) -> int:
        if position.at_end:
            return high
        if position.time_ms is not None:
            return max(low, self._at_time(where, position.time_ms, high))
        return max(low, high + position.offset if position.offset < 0 else position.offset)

    def _at_time(self, where: TopicPartition, time_ms: int, high: int) -> int:
        wanted = TopicPartition(where.topic, where.partition, max(0, time_ms))
        [answer] = self.consumer.offsets_for_times([wanted], self._timeout)
        if answer.error is not None:
            raise KafkaException(answer.error)
        return answer.offset if 0 <= answer.offset <= high else high

    @contextmanager
    def explained(self, topic: str) -> Iterator[None]:
        """What Kafka's client raises is a PeekError that says what to do."""
        try:
            yield
        except KafkaException as error:
            code = error.args[0].code()
            if code in _NO_SUCH:
                raise PeekError(f"there is no topic {topic} at {self._settings.bootstrap_servers}") from error
            if code == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                raise PeekError(f"this principal may not read the topic {topic}") from error
            if code == KafkaError.GROUP_AUTHORIZATION_FAILED:
                raise PeekError(f"this principal may not use the group {self._settings.group_id}") from error
            self.consumer.poll(0)  # serves the callback that says what is behind it
            text = why(error.args[0], self.troubles, self._settings.bootstrap_servers, self._timeout)
            raise PeekError(text) from error


def peeked(topic: str, message: Message) -> Peeked:
    """A message without error as a record."""
    kind, timestamp = message.timestamp()
    return Peeked(
        topic,
        cast("int", message.partition()),
        cast("int", message.offset()),
        timestamp if kind else 0,
        message.value(),
        headers_of(message),
        message.key(),
    )
