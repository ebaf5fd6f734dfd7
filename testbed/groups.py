"""Questions and orders about consumer groups to any Kafka cluster, whoever started it. All functions block.

None asks a coordinator through librdkafka's admin client, but for `delete_group`: when the coordinator goes meanwhile,
that aborts this whole process (https://github.com/confluentinc/librdkafka/issues/4605).
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from confluent_kafka import Consumer, ConsumerGroupState, KafkaError, KafkaException, TopicPartition

from testbed import topics
from testbed.topics import admin_client
from testbed.waiting import until

_REQUEST = 10.0  # seconds for one request
_COORDINATOR = 60.0  # seconds for a coordinator to be found
_OFFSETS = "__consumer_offsets"
_NOT_YET = {KafkaError.NOT_COORDINATOR, KafkaError.COORDINATOR_LOAD_IN_PROGRESS, KafkaError.COORDINATOR_NOT_AVAILABLE}
_MEMBERLESS = {ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD}


@dataclass(frozen=True)
class Committed:
    """The offset of the next record to read, and the metadata beside it."""

    offset: int
    metadata: str = ""


def coordinator(bootstrap_servers: str, group: str) -> int:
    """The node that coordinates a group, which need not exist, once there is one.

    It is the leader of that partition of `__consumer_offsets` that the group's name falls to; see `topics.leader`.
    """
    admin = admin_client(bootstrap_servers)
    if _OFFSETS not in admin.list_topics(timeout=_REQUEST).topics:
        with _consumer(bootstrap_servers, group) as consumer:  # Kafka makes it when the first group is asked for
            until(lambda: _asked(consumer), limit=_COORDINATOR, what=f"{_OFFSETS} made")
    partitions = len(admin.list_topics(_OFFSETS, timeout=_REQUEST).topics[_OFFSETS].partitions)
    return topics.leader(bootstrap_servers, _OFFSETS, _java_hash(group) % partitions)


def has_members(bootstrap_servers: str, group: str) -> bool:
    """Whether a group has members now, by the account of the brokers that answer."""
    admin = admin_client(bootstrap_servers)
    listing = admin.list_consumer_groups(request_timeout=_REQUEST).result()
    return any(each.group_id == group and each.state not in _MEMBERLESS for each in listing.valid)


def committed(bootstrap_servers: str, group: str, topic: str) -> dict[int, Committed]:
    """What a group has committed for a topic, by partition; those without a commit are left out.

    Raises KafkaException, when there is no coordinator within a minute too.
    """
    with _consumer(bootstrap_servers, group) as consumer:
        partitions = consumer.list_topics(topic, timeout=_REQUEST).topics[topic].partitions
        places = [TopicPartition(topic, each) for each in partitions]
        found = _answered(lambda: consumer.committed(places, timeout=_COORDINATOR))
    return {each.partition: Committed(each.offset, each.metadata or "") for each in found if each.offset >= 0}


def commit(bootstrap_servers: str, group: str, topic: str, offsets: Mapping[int, Committed]) -> None:
    """Set what a group has committed, by partition; the group need not exist.

    Raises KafkaException: UNKNOWN_MEMBER_ID when the group has members, others when there is no coordinator.
    """
    places = [TopicPartition(topic, each, at.offset, metadata=at.metadata) for each, at in offsets.items()]
    with _consumer(bootstrap_servers, group) as consumer:
        _answered(lambda: consumer.commit(offsets=places, asynchronous=False))


def delete_group(bootstrap_servers: str, group: str) -> None:
    """Forget a group without members and all that it has committed. Raises KafkaException."""
    admin = admin_client(bootstrap_servers)
    admin.delete_consumer_groups([group], request_timeout=_REQUEST)[group].result()


@contextmanager
def _consumer(bootstrap_servers: str, group: str) -> Iterator[Consumer]:
    """A consumer that does not join the group, and so may speak for it as long as nobody has."""
    consumer = Consumer(
        {"bootstrap.servers": bootstrap_servers, "group.id": group, "enable.auto.commit": False, "log_level": 0}
    )
    try:
        yield consumer
    finally:
        consumer.close()


def _asked(consumer: Consumer) -> bool:
    """Whether the coordinator of the consumer's group is there, and answers."""
    try:
        consumer.committed([TopicPartition(_OFFSETS, 0)], timeout=_REQUEST)
    except KafkaException:
        return False
    return True


def _answered(ask: Callable[[], list[TopicPartition]]) -> list[TopicPartition]:
    """The answer of a coordinator that knows it is one: who has just become the leader of the group's partition does
    not at first, and librdkafka hands that on. Raises KafkaException for everything else, and after a minute."""
    deadline = time.monotonic() + _COORDINATOR
    while True:
        try:
            return _sound(ask())
        except KafkaException as error:
            if error.args[0].code() not in _NOT_YET or time.monotonic() >= deadline:
                raise
        time.sleep(0.1)


def _sound(places: list[TopicPartition]) -> list[TopicPartition]:
    for place in places:
        if place.error is not None:
            raise KafkaException(place.error)
    return places


def _java_hash(text: str) -> int:
    """Java's String.hashCode without its sign, as Kafka uses it."""
    value = 0
    units = text.encode("utf-16-be")
    for i in range(0, len(units), 2):
        value = (31 * value + int.from_bytes(units[i : i + 2], "big")) & 0xFFFFFFFF
    return value & 0x7FFFFFFF if value < 0x80000000 else (0x100000000 - value) & 0x7FFFFFFF
