"""What every test may ask for: a real Kafka, a real schema registry, topics of its own. Nothing starts unasked."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Protocol

import hypothesis
import pytest

from testbed import provision, topics
from testbed.broker import Broker, Registry
from testbed.kafka import KafkaCluster

# A deadline would be an absolute time, and machines are shared.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")


class MakeTopic(Protocol):
    """Creates a topic with a name nobody else has, and returns the name."""

    def __call__(self, partitions: int = 6, *, name: str = "test", config: Mapping[str, str] | None = None) -> str:
        """`name` is the beginning of the topic's name."""


class OwnKafka(Protocol):
    """Starts a cluster that the test may stop, kill and freeze as it likes."""

    def __call__(self, nodes: int = 1, *, properties: Mapping[str, str] | None = None) -> KafkaCluster:
        """`properties` are broker properties."""


@pytest.fixture(scope="session")
def kafka() -> Iterator[Broker]:
    """The broker that all tests share."""
    with provision.kafka() as broker:
        yield broker


@pytest.fixture(scope="session")
def registry() -> Iterator[Registry]:
    """The schema registry that all tests share."""
    with provision.registry() as found:
        yield found


@pytest.fixture
def make_topic(kafka: Broker) -> Iterator[MakeTopic]:
    """Topics on the shared broker, deleted when the test ends."""
    made: list[str] = []

    def make(partitions: int = 6, *, name: str = "test", config: Mapping[str, str] | None = None) -> str:
        topic = f"{name}-{uuid.uuid4().hex[:12]}"
        kafka.create_topic(topic, partitions, config)
        made.append(topic)
        return topic

    yield make
    topics.delete_topics(kafka.bootstrap_servers, made)


@pytest.fixture
def topic(make_topic: MakeTopic) -> str:
    """One topic of six partitions on the shared broker."""
    return make_topic()


@pytest.fixture
def own_kafka() -> Iterator[OwnKafka]:
    """Clusters from jars, whatever the shared broker is, closed when the test ends."""
    with ExitStack() as running:

        def start(nodes: int = 1, *, properties: Mapping[str, str] | None = None) -> KafkaCluster:
            return running.enter_context(KafkaCluster(nodes, properties=properties))

        yield start
