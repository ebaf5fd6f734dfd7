"""Topics and groups can be put into any state that a test needs."""

import uuid
from contextlib import closing

import pytest
from confluent_kafka import Consumer, KafkaException, Producer

from testbed import groups, topics
from testbed.broker import Broker
from testbed.groups import Committed
from testbed.topic_settings import alter_topic, altered_topic, refusing_writes, topic_settings
from testbed.topics import LogOffsets
from testbed.waiting import until
from tests.conftest import MakeTopic
from tests.testbed.clients import LIMIT, consume, produce, values


@pytest.fixture
def servers(kafka: Broker) -> str:
    """The shared broker's address."""
    return kafka.bootstrap_servers


def test_records_below_an_offset_can_be_deleted(servers: str, make_topic: MakeTopic) -> None:
    """The log starts there afterwards and a new group reads from there."""
    topic = make_topic(1)
    produce(servers, topic, ["a", "b", "c"])
    assert topics.log_offsets(servers, topic) == {0: LogOffsets(0, 3)}
    topics.delete_records(servers, topic, 0, before=2)
    assert topics.log_offsets(servers, topic) == {0: LogOffsets(2, 3)}
    assert values(consume(servers, topic, 1)) == ["c"]
    with pytest.raises(KafkaException, match="OFFSET_OUT_OF_RANGE"):
        topics.delete_records(servers, topic, 0, before=4)


def test_a_recreated_topic_is_another_one(servers: str, make_topic: MakeTopic) -> None:
    """Same name, other id, nothing in it, other partitions."""
    topic = make_topic(1)
    produce(servers, topic, ["a"])
    old = topics.topic_id(servers, topic)
    topics.recreate_topic(servers, topic, 2)
    assert topics.topic_id(servers, topic) != old
    assert topics.log_offsets(servers, topic) == {0: LogOffsets(0, 0), 1: LogOffsets(0, 0)}
    produce(servers, topic, ["b"])
    assert values(consume(servers, topic, 1)) == ["b"]


def test_settings_can_be_altered_and_taken_back(servers: str, make_topic: MakeTopic) -> None:
    """Only what was set for the topic itself is told, and the block's end restores what was there before."""
    topic = make_topic(1, config={"retention.ms": "1000000"})
    with altered_topic(servers, topic, {"retention.ms": "2000000", "max.message.bytes": "5000"}):
        assert topic_settings(servers, topic)["max.message.bytes"] == "5000"
        assert topic_settings(servers, topic)["retention.ms"] == "2000000"
    assert topic_settings(servers, topic)["retention.ms"] == "1000000"
    assert "max.message.bytes" not in topic_settings(servers, topic)
    with pytest.raises(KafkaException):
        alter_topic(servers, topic, {"no.such.setting": "1"})


def test_writes_are_refused_in_the_block_only(servers: str, make_topic: MakeTopic) -> None:
    """From the block's first moment to its last every write is refused, and none before or after."""
    topic = make_topic(1)
    for _ in range(5):
        assert _write(servers, topic) is None
        with refusing_writes(servers, topic):
            assert _write(servers, topic) == "MSG_SIZE_TOO_LARGE"
    assert _write(servers, topic) is None
    assert topics.log_offsets(servers, topic)[0].end == 6


def test_commits_can_be_set(servers: str, make_topic: MakeTopic) -> None:
    """Offsets and metadata, of some partitions or all, of a group that was not there before."""
    topic, group = make_topic(2), uuid.uuid4().hex
    assert groups.committed(servers, group, topic) == {}
    groups.commit(servers, group, topic, {1: Committed(7, "Añó")})
    assert groups.committed(servers, group, topic) == {1: Committed(7, "Añó")}
    groups.commit(servers, group, topic, {0: Committed(1), 1: Committed(0, "x" * 4000)})
    assert groups.committed(servers, group, topic) == {0: Committed(1), 1: Committed(0, "x" * 4000)}
    groups.delete_group(servers, group)
    assert groups.committed(servers, group, topic) == {}


def test_a_group_goes_on_where_it_was_set(servers: str, make_topic: MakeTopic) -> None:
    """A consumer starts at the offset that was set; once it has left, the group can be set again."""
    topic, group = make_topic(1), uuid.uuid4().hex
    produce(servers, topic, ["a", "b"])
    groups.commit(servers, group, topic, {0: Committed(1, "half")})
    assert values(consume(servers, topic, 1, group=group)) == ["b"]
    assert not groups.has_members(servers, group)
    assert groups.committed(servers, group, topic) == {0: Committed(2)}


def test_a_group_with_members_refuses_commits(servers: str, make_topic: MakeTopic) -> None:
    """Nobody speaks for a group that has members."""
    topic, group = make_topic(1), uuid.uuid4().hex
    settings = {"bootstrap.servers": servers, "group.id": group}
    with closing(Consumer(settings)) as member:
        member.subscribe([topic])
        until(lambda: member.poll(0.1) or member.assignment(), limit=LIMIT, what="an assignment", interval=0)
        assert groups.has_members(servers, group)
        with pytest.raises(KafkaException, match="UNKNOWN_MEMBER_ID"):
            groups.commit(servers, group, topic, {0: Committed(0)})


def test_who_leads_is_told(servers: str, make_topic: MakeTopic) -> None:
    """Partition and group have a node; an unknown topic is an error."""
    topic = make_topic(1)
    nodes = topics.admin_client(servers).list_topics(timeout=LIMIT).brokers
    assert topics.leader(servers, topic) in nodes
    assert groups.coordinator(servers, uuid.uuid4().hex) in nodes
    with pytest.raises(KafkaException):
        topics.topic_id(servers, "no-such-topic")


def _write(servers: str, topic: str) -> str | None:
    """Write one record; None, or the name of the error."""
    outcome: list[str | None] = []
    producer = Producer({"bootstrap.servers": servers, "acks": "all", "linger.ms": 0})
    producer.produce(topic, b"x", on_delivery=lambda error, _: outcome.append(error.name() if error else None))
    assert producer.flush(LIMIT) == 0
    return outcome[0]
