"""Questions and orders about topics to any Kafka cluster, whoever started it. All functions block.

Settings of a topic are in `testbed.topic_settings`, consumer groups in `testbed.groups`.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from confluent_kafka import KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import EarliestSpec, LatestSpec
from confluent_kafka.admin._metadata import ClusterMetadata
from confluent_kafka.cimpl import NewTopic

from testbed.waiting import until

_REQUEST = 10.0  # seconds for one request
_LEADERS = 60.0  # seconds for leaders to be elected


class LogOffsets(NamedTuple):
    """What a partition holds: from `start` to before `end`, the high watermark. Nothing when they are equal."""

    start: int
    end: int


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


def recreate_topic(
    bootstrap_servers: str, name: str, partitions: int = 6, config: Mapping[str, str] | None = None
) -> None:
    """Delete a topic and create another of the same name: empty, from offset 0, with another id.

    Every broker listed has forgotten the old one before the new one is made, and knows its leaders afterwards. Raises
    KafkaException (UNKNOWN_TOPIC_OR_PART when there was none), TimeoutError.
    """
    delete_topics(bootstrap_servers, [name])
    for address in bootstrap_servers.split(","):
        admin = admin_client(address)
        until(
            lambda admin=admin: name not in admin.list_topics(timeout=_REQUEST).topics,  # type: ignore[misc]
            limit=_LEADERS,
            what=f"{name} gone from {address}",
        )
    create_topic(bootstrap_servers, name, partitions, config)


def topic_id(bootstrap_servers: str, name: str) -> str:
    """The id (base64) that a topic got when it was created. Raises KafkaException when there is none of that name."""
    admin = admin_client(bootstrap_servers)
    answers = admin.describe_topics(TopicCollection([name]), request_timeout=_REQUEST)
    return str(answers[name].result().topic_id)


def leader(bootstrap_servers: str, topic: str, partition: int = 0) -> int:
    """The node that leads a partition, once there is one.

    A node that was killed or frozen is still named until the controller misses it (`broker.session.timeout.ms`).
    Raises KafkaException when there is no such topic, KeyError for such a partition, TimeoutError.
    """
    admin = admin_client(bootstrap_servers)

    def led() -> tuple[int] | None:
        node = admin.list_topics(topic, timeout=_REQUEST).topics[topic].partitions[partition].leader
        return (node,) if node >= 0 else None

    return until(led, limit=_LEADERS, what=f"a leader of {topic}-{partition}")[0]


def log_offsets(bootstrap_servers: str, topic: str) -> dict[int, LogOffsets]:
    """What each partition of a topic holds now, by its leader's account. Raises KafkaException."""
    admin = admin_client(bootstrap_servers)
    partitions = sorted(admin.list_topics(topic, timeout=_REQUEST).topics[topic].partitions)
    starts, ends = (
        admin.list_offsets({TopicPartition(topic, each): spec for each in partitions}, request_timeout=_REQUEST)
        for spec in (EarliestSpec(), LatestSpec())  # type: ignore[no-untyped-call]
    )
    at = {place.partition: answer.result().offset for place, answer in starts.items()}
    return {place.partition: LogOffsets(at[place.partition], answer.result().offset) for place, answer in ends.items()}


def delete_records(bootstrap_servers: str, topic: str, partition: int, before: int) -> None:
    """Delete a partition's records below the offset `before`, as retention would; all replicas have when this returns.

    Raises KafkaException, for an offset beyond the end too (OFFSET_OUT_OF_RANGE).
    """
    admin = admin_client(bootstrap_servers)
    for answer in admin.delete_records([TopicPartition(topic, partition, before)], request_timeout=_REQUEST).values():
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
