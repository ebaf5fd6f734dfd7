"""Topic identity: an id that a re-created topic of the same name does not share."""

from __future__ import annotations

from collections.abc import Callable

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from connector.kafka.journal import topic_mark

TIMEOUT = 5.0
"""Seconds to wait for a description."""


class TopicMarks:
    """Marks of topics' ids for the commit metadata. Kafka thread; ``mark`` blocks for a round trip when it does not
    know the topic. Where the id cannot be had the mark stands for 'unknown', and metadata written under another
    mark counts as empty: that may send a lead twice after a crash, and loses none."""

    def __init__(self, connect: Callable[[], AdminClient], on_trouble: Callable[[str], None]) -> None:
        self._connect = connect
        self._on_trouble = on_trouble
        self._marks: dict[str, str] = {}

    def forget(self) -> None:
        """Ask anew from here on: topics may have been re-created since."""
        self._marks.clear()

    def mark(self, topic: str) -> str:
        """The topic's mark. Never raises for what a broker does."""
        known = self._marks.get(topic)
        if known is None:
            known = self._marks[topic] = topic_mark(self._topic_id(topic))
        return known

    def _topic_id(self, topic: str) -> str | None:
        try:
            cluster = self._connect().list_topics(topic, timeout=TIMEOUT)
            if cluster.controller_id not in cluster.brokers:
                return None  # librdkafka's mock cluster: a question for its controller waits until it times out
            futures = self._connect().describe_topics(TopicCollection([topic]), request_timeout=TIMEOUT)
            return str(futures[topic].result(TIMEOUT + 1).topic_id)
        except (KafkaException, TimeoutError) as error:
            self._on_trouble(f"id of topic {topic}: {error}")
            return None
