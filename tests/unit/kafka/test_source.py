"""The Kafka thread against a consumer that does as it is told."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition

from connector.delivery.lease import Lease
from connector.delivery.record import Record
from connector.kafka.journal import decode
from connector.kafka.settings import KafkaSettings
from connector.kafka.source import Source
from tests.unit.kafka.watch import QuietWatch


class Message:
    """A record, or an error in its place."""

    def __init__(self, offset: int, error: KafkaError | None = None) -> None:
        self._offset = offset
        self._error = error

    def error(self) -> KafkaError | None:
        return self._error

    def topic(self) -> str:
        return "leads"

    def partition(self) -> int:
        return 0

    def offset(self) -> int:
        return self._offset

    def timestamp(self) -> tuple[int, int]:
        return 1, 1000

    def key(self) -> None:
        return None

    def value(self) -> bytes:
        return b"x"

    def headers(self) -> None:
        return None


class Script:
    """A consumer that is assigned one partition, then gives out messages once."""

    def __init__(self, messages: list[Message]) -> None:
        self._messages = messages
        self.closed = False

    def subscribe(self, _topics: list[str], on_assign: Any, **_callbacks: Any) -> None:
        self._on_assign = on_assign

    def poll(self, _timeout: float) -> Message | None:
        if self._on_assign:
            call, self._on_assign = self._on_assign, None
            call(self, [TopicPartition("leads", 0)])
        return self._messages.pop(0) if self._messages else None

    def consume(self, count: int, _timeout: float) -> list[Message]:
        taken, self._messages = self._messages[:count], self._messages[count:]
        return taken

    def committed(self, partitions: list[TopicPartition], _timeout: float) -> list[TopicPartition]:
        return [TopicPartition(p.topic, p.partition, 0) for p in partitions]

    def get_watermark_offsets(self, *_args: Any, **_how: Any) -> tuple[int, int]:
        return 0, 0

    def close(self) -> None:
        self.closed = True

    def __getattr__(self, name: str) -> Any:
        return lambda *_args, **_how: None


class Marks:
    def forget(self) -> None:
        pass

    def mark(self, _topic: str) -> str:
        return "mark"

    def ask(self, _topics: Any) -> bool:
        return True

    def answers(self) -> dict[str, str]:
        return {}


class NothingToWrite:
    """An outbox without letters."""

    def poll(self) -> None:
        pass

    def forgo(self, *, released_only: bool) -> None:
        pass

    def close(self) -> None:
        pass


def test_a_fatal_error_among_records_loses_count_of_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Records read with the error are handed over like any others: else they would fill the buffer for ever."""
    monkeypatch.setattr("connector.kafka.source.RESTART", 0.01)
    fatal = KafkaError(KafkaError._FATAL, "gone", True)
    scripts = [Script([Message(0), Message(1), Message(2, fatal), Message(3)]), Script([])]
    made: list[Script] = []
    handed: list[Record] = []

    def connect(_on_commit: Any) -> Any:
        made.append(scripts[len(made)])
        if len(made) == 2:
            source.settle(handed, resolved=False)
            source.finish()
        return made[-1]

    def release() -> Future[None]:
        done: Future[None] = Future()
        done.set_result(None)
        return done

    failures: list[BaseException] = []
    source = Source(
        KafkaSettings("x:1", "group", ("leads",)),
        connect,
        Marks(),  # type: ignore[arg-type]
        NothingToWrite(),  # type: ignore[arg-type]
        Lease(10.0),
        lambda _claims: None,
        handed.extend,
        release,
        QuietWatch(),
        failures.append,
    )
    source.start()
    source.join(20)
    assert not source.is_alive() and not failures
    assert source.outstanding == 0


class Leaving(Script):
    """Its one partition leaves while a commit is under way, whose answer it has only for the next poll."""

    def subscribe(self, _topics: list[str], on_assign: Any, **callbacks: Any) -> None:
        self._on_assign = on_assign
        self._on_revoke = callbacks["on_revoke"]
        self._under_way = False
        self.last: list[TopicPartition] = []

    def commit(self, offsets: list[TopicPartition], *, asynchronous: bool) -> list[TopicPartition]:
        self._under_way = asynchronous
        if not asynchronous:
            self.last = offsets
        return offsets

    def poll(self, timeout: float) -> Message | None:
        if self._on_revoke and not self._messages and self._under_way:
            call, self._on_revoke = self._on_revoke, None
            call(self, [TopicPartition("leads", 0)])
        return super().poll(timeout)


def test_a_partition_does_not_wait_for_a_request_that_waits_for_its_intent(monkeypatch: pytest.MonkeyPatch) -> None:
    """No commit is answered within a revocation: the request is let go, does not start, and is in no doubt."""
    monkeypatch.setattr("connector.kafka.source.FINAL_COMMIT", 0.01)
    consumer = Leaving([Message(0)])
    revoked = threading.Event()

    class Watch(QuietWatch):
        def revoked(self, *_args: Any, **_how: Any) -> None:
            revoked.set()

    def hand_over(records: list[Record]) -> None:
        source.intend(records, lambda _refused: source.settle(records, resolved=False))

    def release() -> Future[None]:
        done: Future[None] = Future()
        done.set_result(None)
        return done

    source = Source(
        KafkaSettings("x:1", "group", ("leads",), write_intents=True, revoke_timeout=300.0),
        lambda _on_commit: consumer,  # type: ignore[arg-type,return-value]
        Marks(),  # type: ignore[arg-type]
        NothingToWrite(),  # type: ignore[arg-type]
        Lease(10.0),
        lambda _claims: None,
        hand_over,
        release,
        Watch(),
        lambda _error: None,
    )
    source.start()
    try:
        assert revoked.wait(10), "the revocation waits until its time is over"
        assert [decode(p.offset, p.metadata, "mark").doubtful for p in consumer.last] == [[]]
    finally:
        source.finish()
        source.join(20)
