"""The shared broker: what clients need works, whoever runs it."""

import uuid

import pytest
from confluent_kafka import KafkaException

from testbed.broker import Broker
from testbed.console import ConsoleProducerError
from tests.conftest import MakeTopic
from tests.testbed.clients import consume, produce, values


def test_records_come_back(kafka: Broker, topic: str) -> None:
    """What is written is read."""
    produce(kafka.bootstrap_servers, topic, ["a", "b", "c"])
    assert values(consume(kafka.bootstrap_servers, topic, 3)) == ["a", "b", "c"]


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_group_goes_on_where_it_committed(kafka: Broker, make_topic: MakeTopic, protocol: str) -> None:
    """Both group protocols are served, and commits outlive the member."""
    topic, group = make_topic(1), uuid.uuid4().hex
    produce(kafka.bootstrap_servers, topic, ["a", "b"])
    consume(kafka.bootstrap_servers, topic, 2, group=group, protocol=protocol)
    produce(kafka.bootstrap_servers, topic, ["c"])
    assert values(consume(kafka.bootstrap_servers, topic, 1, group=group, protocol=protocol)) == ["c"]


def test_a_topic_has_its_partitions_and_settings(kafka: Broker, make_topic: MakeTopic) -> None:
    """A setting that Kafka does not know is refused, not ignored."""
    assert make_topic(3, name="leads", config={"cleanup.policy": "compact"}).startswith("leads-")
    with pytest.raises(KafkaException):
        make_topic(1, config={"no.such.setting": "1"})


def test_console_producer_writes_lines(kafka: Broker, make_topic: MakeTopic) -> None:
    """Kafka's own producer writes keys and values as UTF-8."""
    topic = make_topic(1)
    kafka.console_producer(
        topic, ["k1=Peñarol", "k2=Añó"], reader_properties={"parse.key": "true", "key.separator": "="}
    )
    messages = consume(kafka.bootstrap_servers, topic, 2)
    assert [message.key() for message in messages] == [b"k1", b"k2"]
    assert [(message.value() or b"").decode() for message in messages] == ["Peñarol", "Añó"]


def test_console_producer_tells_of_a_refused_line(kafka: Broker, make_topic: MakeTopic) -> None:
    """A line that the broker does not take is an error, though the program itself ends with 0."""
    topic = make_topic(1, config={"max.message.bytes": "200"})
    with pytest.raises(ConsoleProducerError, match="RecordTooLarge"):
        kafka.console_producer(topic, ["x" * 1000])
