"""The brokers of the demo, and the platforms' side of Kafka: a producer with Confluent's own Avro serializer.

Other systems' part, so it uses confluent_kafka by itself and nothing of the connector's Kafka room.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from connector.demo.leads import Lead

_TIMEOUT = 10.0
_FLUSH = 30.0
_QUIET = {"log_level": 0, "error_cb": lambda _error: None}
"""What goes wrong shows in the numbers; librdkafka's own lines would tear up the live view."""


class BrokerError(Exception):
    """There is no broker to be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """A broker that runs, and the two topics on it."""

    name: str
    bootstrap_servers: str
    topic: str
    dead_letters: str
    group: str = "lead-connector-demo"

    def records(self, topic: str) -> int:
        """How many records a topic got, as the broker says. Blocks; raises KafkaException."""
        with _consumer(self) as consumer:
            ends = [consumer.get_watermark_offsets(each, timeout=_TIMEOUT)[1] for each in _partitions(consumer, topic)]
        return sum(ends)

    def committed(self) -> int:
        """How many records of ``topic`` lie below the group's committed offsets. Blocks; raises KafkaException."""
        with _consumer(self) as consumer:
            committed = consumer.committed(_partitions(consumer, self.topic), timeout=_TIMEOUT)
        return sum(max(0, each.offset) for each in committed)


@contextmanager
def embedded() -> Iterator[Cluster]:
    """librdkafka's mock cluster in this process: it lives as long as the client that it hangs on."""
    host = Producer({"test.mock.num.brokers": 1, **_QUIET})
    broker = next(iter(host.list_topics(timeout=_TIMEOUT).brokers.values()))
    cluster = Cluster("librdkafka's mock cluster", f"{broker.host}:{broker.port}", "leads", "leads.dead")
    client = Producer({"bootstrap.servers": cluster.bootstrap_servers, **_QUIET})
    for topic in (cluster.topic, cluster.dead_letters):
        client.list_topics(topic, timeout=_TIMEOUT)  # asking makes it, with four partitions
    yield cluster
    host.flush(0)


@contextmanager
def apache() -> Iterator[Cluster]:
    """A real Apache Kafka, brought as for the tests. Blocks. Raises BrokerError."""
    try:
        from testbed import provision, topics
    except ImportError as error:
        raise BrokerError(
            f"Apache Kafka needs the extra testbed (pip install lead-connector[testbed]): {error}"
        ) from error
    with ExitStack() as running:
        # It may be one that others use too: names of our own.
        name = f"demo-{uuid.uuid4().hex[:8]}"
        leads, dead_letters = f"{name}.leads", f"{name}.leads.dead"
        try:
            servers = running.enter_context(provision.kafka()).bootstrap_servers
            for topic in (leads, dead_letters):
                topics.create_topic(servers, topic, 6)
                running.callback(topics.delete_topics, servers, [topic])
        except (RuntimeError, TimeoutError, KafkaException) as error:
            raise BrokerError(f"Apache Kafka: {error}") from error
        yield Cluster("Apache Kafka", servers, leads, dead_letters, f"lead-connector-{name}")


class LeadProducer:
    """Writes leads as the platforms would. One thread."""

    def __init__(self, cluster: Cluster, registry_url: str, schema: str) -> None:
        self._producer = Producer({
            "bootstrap.servers": cluster.bootstrap_servers, "acks": "all", "linger.ms": 0, **_QUIET
        })  # fmt: skip
        self._context = SerializationContext(cluster.topic, MessageField.VALUE)
        self._serialize = AvroSerializer(
            SchemaRegistryClient({"url": registry_url}),
            schema,
            conf={"subject.name.strategy": topic_subject_name_strategy},
        )
        self._topic = cluster.topic
        self.acknowledged = 0
        """Records that the broker has; any thread may read it."""
        self.failure: str | None = None
        """Why a record was not taken, for the first such."""

    def write(self, lead: Lead) -> None:
        """Give a lead to the broker. Blocks while the local queue is full. Raises KafkaException."""
        framed = self._serialize(lead.event, self._context) or b""
        while True:
            try:
                self._producer.produce(
                    self._topic, lead.written(framed), key=lead.id, timestamp=lead.occurred_at, on_delivery=self._taken
                )
            except BufferError:
                self._producer.poll(0.1)
            else:
                self._producer.poll(0)
                return

    def poll(self) -> None:
        """Serve acknowledgements. Does not block."""
        self._producer.poll(0)

    def flush(self) -> None:
        """Wait until the broker has everything, up to 30 s."""
        if self._producer.flush(_FLUSH):
            self.failure = self.failure or "the broker did not take every lead in time"

    def _taken(self, error: KafkaError | None, _message: Message) -> None:
        if error is None:
            self.acknowledged += 1
        else:
            self.failure = self.failure or error.str()


@contextmanager
def _consumer(cluster: Cluster) -> Iterator[Consumer]:
    """A client that asks for offsets and joins no group."""
    consumer = Consumer({"bootstrap.servers": cluster.bootstrap_servers, "group.id": cluster.group, **_QUIET})
    try:
        yield consumer
    finally:
        consumer.close()


def _partitions(consumer: Consumer, topic: str) -> list[TopicPartition]:
    found = consumer.list_topics(topic, timeout=_TIMEOUT).topics[topic].partitions
    return [TopicPartition(topic, number) for number in found]
