"""Questions and orders to any Kafka cluster, whoever started it. All functions block."""

from collections.abc import Mapping, Sequence

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._metadata import ClusterMetadata
from confluent_kafka.cimpl import NewTopic

from testbed.waiting import until

_REQUEST = 10.0  # seconds for one request
_LEADERS = 60.0  # seconds for leaders to be elected


def admin_client(bootstrap_servers: str) -> AdminClient:
    """An admin client that does not write of refused connections to stderr: here brokers come and go."""
    return AdminClient({"bootstrap.servers": bootstrap_servers, "log_level": 0})


def serving(admin: AdminClient, *, brokers: int = 1) -> ClusterMetadata | None:
    """The cluster's metadata if it has a controller and at least `brokers` live brokers, else None."""
    try:
        cluster = admin.describe_cluster(request_timeout=_REQUEST).result()
        metadata = admin.list_topics(timeout=_REQUEST)
    except KafkaException:
        return None
    ready = cluster.controller is not None and len(metadata.brokers) >= brokers
    return metadata if ready else None


def create_topic(
    bootstrap_servers: str, name: str, partitions: int = 6, config: Mapping[str, str] | None = None
) -> None:
    """Create a topic with the broker's default replication, and wait until each partition has a leader.

    `config` are topic settings such as `retention.ms`. Raises KafkaException when the broker refuses (the topic exists,
    a setting is wrong), TimeoutError when there are no leaders in time.
    """
    admin = admin_client(bootstrap_servers)
    topic = NewTopic(name, num_partitions=partitions, config=dict(config or {}))
    admin.create_topics([topic], request_timeout=_REQUEST)[name].result()
    wait_for_leaders(bootstrap_servers, name, partitions)


def delete_topics(bootstrap_servers: str, names: Sequence[str]) -> None:
    """Delete topics; returns once the controller has. Raises KafkaException when one cannot be deleted."""
    if names:
        admin = admin_client(bootstrap_servers)  # kept until the answers are there: they end with it
        for answer in admin.delete_topics(list(names), request_timeout=_REQUEST).values():
            answer.result()


def wait_for_leaders(bootstrap_servers: str, topic: str, partitions: int) -> None:
    """Wait until every broker listed knows a leader for all `partitions` of the topic. Raises TimeoutError.

    Each is asked by itself: they learn of a new topic one after another, and a client may ask any of them.
    """
    for address in bootstrap_servers.split(","):
        admin = admin_client(address)
        until(
            lambda admin=admin: _led(admin, topic) == partitions,  # type: ignore[misc]
            limit=_LEADERS,
            what=f"leaders of the {partitions} partitions of {topic} at {address}",
        )


def all_led(metadata: ClusterMetadata) -> bool:
    """Whether every partition of every topic has a leader."""
    return all(partition.leader >= 0 for topic in metadata.topics.values() for partition in topic.partitions.values())


def _led(admin: AdminClient, topic: str) -> int:
    """How many partitions of `topic` have a leader."""
    try:
        metadata = admin.list_topics(topic, timeout=_REQUEST).topics[topic]
    except KafkaException:
        return 0
    return sum(partition.leader >= 0 for partition in metadata.partitions.values())
