"""How many partitions the topics have that we write to."""

from __future__ import annotations

from confluent_kafka import KafkaException, Producer

LOOK = 5.0
"""Seconds between two questions for a topic whose answer is not good enough."""
TIMEOUT = 2.0
"""Seconds that an answer may take."""


class Partitions:
    """Numbers of partitions, asked for once. Kafka thread, and never within one of the producer's callbacks: the
    client's C code does not take a question there.

    A question has the producer itself learn of partitions that are new, for which it looks every five minutes only.
    """

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._asked: dict[str, float] = {}
        self._doubted: set[str] = set()

    def count(self, producer: Producer, topic: str, now: float) -> int | None:
        """A topic's partitions; None where there is no such topic or nobody answers. ``now`` in monotonic seconds.
        Blocks for a round trip when it is not known; never raises for what a broker does."""
        known = self._counts.get(topic)
        return known if known is not None else self._ask(producer, topic, now)

    def doubt(self, topic: str) -> None:
        """A partition is missing that somebody counts on. Does not block; may be called within a callback."""
        self._doubted.add(topic)
        self._counts.pop(topic, None)

    def ask_again(self, producer: Producer, now: float) -> None:
        """Ask for the topics in doubt, each at most every `LOOK` seconds. Blocks as ``count`` does."""
        for topic in list(self._doubted):
            if self._ask(producer, topic, now) is not None:
                self._doubted.discard(topic)

    def _ask(self, producer: Producer, topic: str, now: float) -> int | None:
        if now - self._asked.get(topic, -LOOK) < LOOK:
            return None
        self._asked[topic] = now
        try:
            count = len(producer.list_topics(topic, TIMEOUT).topics[topic].partitions)
        except KafkaException:
            return None
        if count:
            self._counts[topic] = count
        return count or None
