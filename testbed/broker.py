"""What every Kafka and every registry of the test bed offers, whoever runs it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from testbed import console, topics


class Broker(Protocol):
    """A Kafka cluster that is up. All methods block."""

    @property
    def bootstrap_servers(self) -> str:
        """`host:port`, several with commas."""

    def create_topic(self, name: str, partitions: int = 6, config: Mapping[str, str] | None = None) -> None:
        """Create a topic and wait until each partition has a leader. Raises KafkaException, TimeoutError."""

    def console_producer(
        self, topic: str, lines: Iterable[str], *, reader_properties: Mapping[str, str] | None = None
    ) -> None:
        """Write text lines with Kafka's own console producer, see `testbed.console.produce`."""


class Registry(Protocol):
    """A schema registry that is up."""

    @property
    def url(self) -> str:
        """What a Confluent registry client wants as its `url`, without a slash at the end."""


@dataclass(frozen=True)
class RunningKafka:
    """A Broker that somebody else runs."""

    bootstrap_servers: str

    def create_topic(self, name: str, partitions: int = 6, config: Mapping[str, str] | None = None) -> None:
        """See Broker."""
        topics.create_topic(self.bootstrap_servers, name, partitions, config)

    def console_producer(
        self, topic: str, lines: Iterable[str], *, reader_properties: Mapping[str, str] | None = None
    ) -> None:
        """See Broker."""
        console.produce(self.bootstrap_servers, topic, lines, reader_properties=reader_properties)


@dataclass(frozen=True)
class RunningRegistry:
    """A Registry that somebody else runs."""

    url: str
