"""Topic identity: an id that a re-created topic of the same name does not share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import Future

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._topic import TopicDescription

from connector.kafka.journal import topic_mark

TIMEOUT = 5.0
"""Seconds to wait for a description."""
TRIES = 3
"""Times that an id is asked for: without it what was delivered above the committed offset is delivered again."""


class TopicMarks:
    """Marks of topics' ids for the commit metadata. Kafka thread; ``mark`` blocks for a round trip when it does not
    know the topic. Where the id cannot be had the mark stands for 'unknown', and metadata written under another
    mark counts as empty: that may send a lead twice after a crash, and loses none."""

    def __init__(self, connect: Callable[[], AdminClient], on_trouble: Callable[[str], None]) -> None:
        self._connect = connect
        self._on_trouble = on_trouble
        self._marks: dict[str, str] = {}
        self._asked: dict[str, Future[TopicDescription]] = {}

    def forget(self) -> None:
        """Ask anew from here on: topics may have been re-created since."""
        self._marks.clear()

    def mark(self, topic: str) -> str:
        """The topic's mark. Never raises for what a broker does."""
        known = self._marks.get(topic)
        if known is None:
            known = self._marks[topic] = topic_mark(self._topic_id(topic))
        return known

    def ask(self, topics: Collection[str]) -> bool:
        """Ask for these topics' ids; ``answers`` has them later. False: an earlier question is still open. Does not
        block."""
        if self._asked:
            return False
        if topics:
            self._asked = self._connect().describe_topics(TopicCollection(list(topics)), request_timeout=TIMEOUT)
        return True

    def answers(self) -> dict[str, str]:
        """Marks by topic, once after an ``ask`` when all its answers are there; topics that could not be described are
        left out. Does not block."""
        if not self._asked or not all(answer.done() for answer in self._asked.values()):
            return {}
        answers, self._asked = self._asked, {}
        return {topic: topic_mark(str(a.result().topic_id)) for topic, a in answers.items() if a.exception() is None}

    def _topic_id(self, topic: str) -> str | None:
        for _ in range(TRIES):
            try:
                cluster = self._connect().list_topics(topic, timeout=TIMEOUT)
                if cluster.controller_id not in cluster.brokers:
                    return None  # librdkafka's mock cluster: a question for its controller waits until it times out
                futures = self._connect().describe_topics(TopicCollection([topic]), request_timeout=TIMEOUT)
                return str(futures[topic].result(TIMEOUT + 1).topic_id)
            except (KafkaException, TimeoutError) as error:
                self._on_trouble(f"id of topic {topic}: {error}")
        return None
