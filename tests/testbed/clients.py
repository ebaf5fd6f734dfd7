"""The shortest way to write and read records."""

import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer

from testbed.waiting import until

LIMIT = 120.0  # seconds


def produce(
    bootstrap_servers: str, topic: str, values: Sequence[str], *, settings: Mapping[str, str] | None = None
) -> None:
    """Write `values`, acknowledged by all in-sync replicas. Raises AssertionError when one is not."""
    refused: list[KafkaError] = []

    def delivered(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            refused.append(error)

    producer = Producer({"bootstrap.servers": bootstrap_servers, "acks": "all", "log_level": 0, **(settings or {})})
    for value in values:
        producer.produce(topic, value.encode(), on_delivery=delivered)
    assert producer.flush(LIMIT) == 0
    assert refused == []


def consume(
    bootstrap_servers: str,
    topic: str,
    count: int,
    *,
    group: str | None = None,
    protocol: str = "classic",
    settings: Mapping[str, str] | None = None,
) -> list[Message]:
    """Read `count` records as a member of `group` (one of its own by default), commit, leave."""
    wanted: dict[str, str | int | bool] = {
        "bootstrap.servers": bootstrap_servers,
        "group.id": group or uuid.uuid4().hex,
        "group.protocol": protocol,
        "auto.offset.reset": "earliest",
        "enable.auto.commit": False,
        "log_level": 0,
        **(settings or {}),
    }
    with closing(Consumer(wanted)) as consumer:
        consumer.subscribe([topic])
        messages: list[Message] = []

        def enough() -> bool:
            message = consumer.poll(0.5)
            if message is not None and (error := message.error()) is None:
                messages.append(message)
            elif message is not None and error is not None and error.fatal():
                raise KafkaException(error)
            return len(messages) >= count

        until(enough, limit=LIMIT, what=f"{count} records of {topic}", interval=0)
        consumer.commit(asynchronous=False)
        return messages


def values(messages: Sequence[Message]) -> list[str]:
    """The records' values as text, sorted: partitions have no order among them."""
    return sorted((message.value() or b"").decode() for message in messages)
