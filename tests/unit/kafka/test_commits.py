"""Commits to brokers that take little metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import pytest
from confluent_kafka import Consumer, KafkaError, TopicPartition

from connector.delivery.lease import Lease
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim
from connector.kafka import commits
from connector.kafka.commits import Committer
from connector.kafka.journal import LIMIT, Note, encode, topic_mark
from tests.unit.kafka.watch import QuietWatch

MARK = topic_mark("leads")
GAPS = [(2 * n + 1, 2 * n + 2) for n in range(5000)]


class Sink:
    """A consumer that keeps what it shall commit."""

    def __init__(self) -> None:
        self.lengths: list[int] = []

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> None:
        self.lengths = [len(each.metadata or "") for each in offsets]


@dataclass(frozen=True)
class Refusal:
    """A broker's answer for one partition (the real one cannot be given an error)."""

    topic: str
    partition: int
    error: KafkaError


def test_a_refusal_halves_the_metadata_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many partitions it concerns."""
    monkeypatch.setattr(commits, "AGAIN", 0.0)
    committer, sink = Committer(QuietWatch(), Lease(60), 2000, exact=False), Sink()
    for partition in range(6):
        claim = Claim("leads", partition, PartitionProgress(0, GAPS))
        committer.adopt(claim, MARK, None)
        committer.touch(claim)
    committer.commit(cast("Consumer", sink))
    assert [LIMIT - 30 < length <= LIMIT for length in sink.lengths] == [True] * 6
    error = KafkaError(KafkaError.OFFSET_METADATA_TOO_LARGE)
    committer.answered(None, cast("Any", [Refusal("leads", partition, error) for partition in range(6)]))
    committer.commit(cast("Consumer", sink))
    assert [LIMIT // 2 - 30 < length <= LIMIT // 2 for length in sink.lengths] == [True] * 6


def test_no_room_at_all() -> None:
    """An offset is committed without metadata rather than never."""
    assert encode(7, Note(GAPS[4:], [(7, 2007)]), MARK, 24) == ""
