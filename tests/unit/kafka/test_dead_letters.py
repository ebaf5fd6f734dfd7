"""Dead letters and a producer that fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record
from connector.kafka.dead_letters import DeadLetters
from connector.leads.outcome import Outcome, Reason, SetAside, Stage

WHY = SetAside(Outcome.DEAD_LETTER, Stage.DECODE, Reason.UNDECODABLE, "")
FATAL = KafkaError(KafkaError._FATAL, "out of order", True)


class Producer:
    """Takes letters until it fails; answers when it is polled, purged and flushed, as librdkafka does."""

    def __init__(self, room: int) -> None:
        self._room = room
        self._queued: list[Callable[..., None]] = []
        self._answers: list[tuple[Callable[..., None], KafkaError | None]] = []

    def produce(self, _topic: str, *, on_delivery: Callable[..., None], **_letter: Any) -> None:
        if not self._room:
            raise KafkaException(FATAL)
        self._room -= 1
        self._queued.append(on_delivery)

    def poll(self, _timeout: float) -> None:
        if self._room:
            self._answers += [(answer, None) for answer in self._queued]
            self._queued.clear()
        self.flush(0)

    def purge(self) -> None:
        self._answers += [(answer, KafkaError(KafkaError._PURGE_QUEUE)) for answer in self._queued]
        self._queued.clear()

    def flush(self, _timeout: float) -> None:
        answers, self._answers = self._answers, []
        for answer, error in answers:
            answer(error, None)


class Strict(Producer):
    """Its topic refuses timestamps."""

    def produce(self, _topic: str, *, on_delivery: Callable[..., None], **letter: Any) -> None:
        if letter["timestamp"]:
            self._answers.append((on_delivery, KafkaError(KafkaError.INVALID_TIMESTAMP)))
        else:
            super().produce(_topic, on_delivery=on_delivery, **letter)
            self.headers = dict(letter["headers"])


def test_a_timestamp_that_the_topic_refuses_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record stamped two hours ahead on a topic that allows it: the letter goes with the time of writing, and the
    original's in a header."""
    monkeypatch.setattr("connector.kafka.dead_letters.RETRY", 0.0)
    producer = Strict(100)
    durable: list[int] = []
    letters = DeadLetters(
        lambda: producer,  # type: ignore[arg-type,return-value]
        "dead",
        "1",
        lambda record, _why: durable.append(record.offset),
        lambda record: pytest.fail(f"{record.offset} was given up"),
        lambda _message: None,
    )
    letters.send(Record(Claim("leads", 0, PartitionProgress(0)), 7, 4_000_000_000_000, None, b"x", None), WHY, 0, None)
    for _ in range(3):
        letters.poll()
    assert durable == [7]
    assert producer.headers["lead-connector.timestamp"] == b"4000000000000"


def test_a_fatal_producer_error_forgets_no_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that the failed producer had taken are written by the next one."""
    monkeypatch.setattr("connector.kafka.dead_letters.RETRY", 0.0)
    producers = [Producer(2), Producer(100)]
    durable: list[int] = []
    letters = DeadLetters(
        lambda: producers.pop(0),  # type: ignore[arg-type,return-value]
        "dead",
        "1",
        lambda record, _why: durable.append(record.offset),
        lambda record: pytest.fail(f"{record.offset} was given up"),
        lambda _message: None,
    )
    claim = Claim("leads", 0, PartitionProgress(0))
    for offset in range(4):
        letters.send(Record(claim, offset, None, None, b"x", None), WHY, 0, None)
    for _ in range(3):
        letters.poll()
    assert sorted(durable) == [0, 1, 2, 3]
