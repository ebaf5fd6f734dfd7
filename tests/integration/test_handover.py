"""Leads and the decisions about their letters on a real Kafka: both or neither, and one process at a time."""

from __future__ import annotations

import random
import time

import pytest

from connector.delivery.position import Position
from connector.kafka.decisions import Decision, Mark
from connector.kafka.handover import Handed, Handover, HandoverError
from connector.kafka.letters import Letter
from connector.kafka.reading import Position as Start
from connector.kafka.reading import Reader
from connector.kafka.settings import KafkaSettings
from testbed.broker import Broker
from tests.conftest import MakeTopic


def held(settings: KafkaSettings, topic: str) -> list[tuple[int, bytes | None]]:
    """What a topic holds: partition and key of each record."""
    with Reader(settings) as reader:
        return sorted((r.partition, r.key) for r in reader.records(topic, reader.spans(topic, Start())))


def handed(letters: str, offset: int, to: str) -> Handed:
    """A letter that is replayed."""
    mark = Mark(Decision.REPLAYED, Position(letters, 1, offset), time.time_ns() // 1_000_000)
    return Handed(mark, Letter(to, b"key", b"value", None, spread_by="sales"))


def test_both_or_neither(kafka: Broker, make_topic: MakeTopic) -> None:
    """What cannot be written whole is not there at all; what is written says where, and its leads share a partition."""
    letters, retries = make_topic(2), make_topic(6)
    settings = KafkaSettings(kafka.bootstrap_servers, f"group-{letters}", ())
    handover = Handover(settings, letters)
    marks = handover.write([handed(letters, number, retries) for number in range(3)])
    places = [mark.to for mark in marks]
    assert [place and (place.topic, place.offset) for place in places] == [(retries, number) for number in range(3)]
    handover = Handover(settings, letters)  # which waits until what was written before can be read
    before = held(settings, letters), held(settings, retries)
    assert len(before[0]) == len(before[1]) == 3 and {partition for partition, _ in before[0]} == {1}
    too_large = Letter(retries, b"key", random.randbytes(2_000_000), None, spread_by="sales")
    mark = Mark(Decision.REPLAYED, Position(letters, 1, 9), time.time_ns() // 1_000_000)
    with pytest.raises(HandoverError, match=r"raise max\.message\.bytes"):
        handover.write([handed(letters, 8, retries), Handed(mark, too_large)])
    with pytest.raises(HandoverError, match="there is none"):
        Handover(settings, letters).write(
            [handed(letters, 8, retries), Handed(mark, Letter("no-such-topic", b"key", b"value"))]
        )
    handover = Handover(settings, letters)
    assert (held(settings, letters), held(settings, retries)) == before
    handover.write([handed(letters, 8, retries)])
    Handover(settings, letters)
    assert len(held(settings, letters)) == len(held(settings, retries)) == 4


def test_who_begins_shuts_out_who_was_there(kafka: Broker, make_topic: MakeTopic) -> None:
    """Of the same group and topic; the first writes nothing any more, and says why."""
    letters, others, retries = make_topic(2), make_topic(2), make_topic(1)
    settings = KafkaSettings(kafka.bootstrap_servers, f"group-{letters}", ())
    first, elsewhere = Handover(settings, letters), Handover(settings, others)
    first.write([handed(letters, 0, retries)])
    second = Handover(settings, letters)
    with pytest.raises(HandoverError, match="another process began to decide about the letters"):
        first.write([handed(letters, 1, retries)])
    second.write([handed(letters, 2, retries)])
    elsewhere.write([handed(others, 0, retries)])
    for topic in (letters, others):
        Handover(settings, topic)
    assert len(held(settings, letters)) == 2 and len(held(settings, retries)) == 3
