"""What stands on the dead-letter, review and retry topics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, TopicPartition

from tests.chaos.evidence import Position, SetAside

PREFIX = "lead-connector."
"""What the names of the connector's headers begin with; topic, partition and offset say whence a record came."""


def read_set_aside(
    bootstrap: str, dead: str, parking: Sequence[str]
) -> tuple[list[SetAside], dict[Position, Position]]:
    """All of it, and for each record of a review or retry topic where its original stands."""
    found: list[SetAside] = []
    copies: dict[Position, Position] = {}
    for topic in (dead, *parking):
        for place, at_ms, origin in _records(bootstrap, topic):
            found.append(SetAside(origin, at_ms, parked=topic != dead))
            if topic != dead:
                copies[place] = origin
    return found, copies


def _records(bootstrap: str, topic: str) -> list[tuple[Position, int, Position]]:
    """Each record's place, its time at the broker, and the place of its original."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"reader-{uuid4()}",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "log_level": 0,
        }
    )
    try:
        partitions = consumer.list_topics(topic, 30).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
        records: list[tuple[Position, int, Position]] = []
        open_ends = len(partitions)
        while open_ends:
            for message in consumer.consume(500, 0.5):
                if (error := message.error()) is not None:
                    assert error.code() == KafkaError._PARTITION_EOF, error
                    open_ends -= 1
                    continue
                headers = dict(cast("list[tuple[str, bytes]]", message.headers() or []))
                number, offset = cast("int", message.partition()), cast("int", message.offset())
                origin = (
                    headers[f"{PREFIX}topic"].decode(),
                    int(headers[f"{PREFIX}partition"]),
                    int(headers[f"{PREFIX}offset"]),
                )
                records.append(((topic, number, offset), message.timestamp()[1], origin))
        return records
    finally:
        consumer.close()
