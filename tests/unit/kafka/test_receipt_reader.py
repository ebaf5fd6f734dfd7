"""Reading receipts from a consumer that does as it is told."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record
from connector.kafka.receipt_reader import ReceiptsRead, read_receipts
from connector.kafka.receipts import Receipt, receipt_letter, receipt_of
from connector.leads.outcome import Outcome

EOF = KafkaError(KafkaError._PARTITION_EOF)
AWAY = KafkaError(KafkaError._ALL_BROKERS_DOWN, "brokers away")


def receipt(offset: int) -> bytes:
    """Of a record at this offset."""
    record = Record(Claim("leads", 0, PartitionProgress(0)), offset, None, None, None, None)
    value = receipt_letter("receipts", receipt_of(record, Outcome.DELIVERED, None, now_ms=1)).value
    assert value is not None
    return value


class Message:
    """A message, or an error in its place."""

    def __init__(self, offset: int, what: bytes | KafkaError | None) -> None:
        self._offset = offset
        self._what = what

    def error(self) -> KafkaError | None:
        return self._what if isinstance(self._what, KafkaError) else None

    def offset(self) -> int:
        return self._offset

    def value(self) -> bytes | None:
        assert not isinstance(self._what, KafkaError)
        return self._what


class Consumer:
    """One partition: offset to message; says its end when it comes to it."""

    def __init__(self, log: dict[int, bytes | None], high: int, *, start: int = -1, low: int = 0) -> None:
        self._log = log
        self._bounds = (low, high)
        self._found = start
        self.errors: list[KafkaError] = []
        self.asking: list[KafkaError] = []
        self.hangs = False
        self._pending: list[Message] = []
        self.assigned: int | None = None
        self.closed = False

    def get_watermark_offsets(self, where: TopicPartition, _timeout: float) -> tuple[int, int]:
        assert (where.topic, where.partition) == ("receipts", 4)
        if self.asking:
            raise KafkaException(self.asking.pop(0))
        return self._bounds

    def offsets_for_times(self, wanted: list[TopicPartition], _timeout: float) -> list[TopicPartition]:
        [where] = wanted
        return [TopicPartition(where.topic, where.partition, self._found)]

    def assign(self, wanted: list[TopicPartition]) -> None:
        [where] = wanted
        self.assigned = where.offset
        self._pending = [Message(-1, error) for error in self.errors]
        self._pending += [Message(offset, self._log[offset]) for offset in sorted(self._log) if offset >= where.offset]
        if not self.hangs:
            self._pending.append(Message(self._bounds[1], EOF))

    def poll(self, timeout: float) -> Message | None:
        if self._pending:
            return self._pending.pop(0)
        time.sleep(timeout)
        return None

    def consume(self, count: int, _timeout: float) -> list[Message]:
        taken, self._pending = self._pending[:count], self._pending[count:]
        return taken

    def close(self) -> None:
        self.closed = True


def read(consumer: Consumer, *, seconds: float = 20, **how: Any) -> tuple[ReceiptsRead, list[int]]:
    """What came of it, and the offsets of the receipts' records."""
    found: list[Receipt] = []
    deadline = time.monotonic() + seconds
    came = read_receipts(lambda: consumer, "receipts", 4, 1000, found.append, deadline=deadline, **how)  # type: ignore[arg-type,return-value]
    assert consumer.closed
    return came, [each.position.offset for each in found]


def log(*offsets: int) -> dict[int, bytes | None]:
    """Receipts at these offsets."""
    return {offset: receipt(offset) for offset in offsets}


def test_receipts_are_read_from_a_time_to_the_end() -> None:
    """In order; what comes later than the beginning of the reading is not waited for."""
    consumer = Consumer(log(3, 4, 5, 6, 7, 8), high=7, start=4)
    assert read(consumer) == (ReceiptsRead(3, 0, None), [4, 5, 6])


def test_an_end_that_holds_no_message_is_an_end() -> None:
    """Compaction and transactions leave offsets without a message; the client then says that it is at the end."""
    assert read(Consumer(log(4), high=9, start=4)) == (ReceiptsRead(1, 0, None), [4])


@pytest.mark.parametrize("bounds", [(0, 0), (7, 7), (0, 7)])
def test_nothing_to_read_is_read_at_once(bounds: tuple[int, int]) -> None:
    """An empty partition, and one with nothing from that time on."""
    consumer = Consumer({}, low=bounds[0], high=bounds[1])
    assert read(consumer) == (ReceiptsRead(0, 0, None), []) and consumer.assigned is None


def test_foreign_messages_are_counted_and_tombstones_are_not() -> None:
    """Neither stops anything."""
    consumer = Consumer({**log(1, 5), 2: b"hello", 3: None, 4: b"{}"}, high=6, start=0)
    assert read(consumer) == (ReceiptsRead(2, 2, None), [1, 5])


@pytest.mark.parametrize(("most", "first"), [(2, 8), (100, 4), (0, None)])
def test_no_more_is_read_than_is_kept(most: int, first: int | None) -> None:
    """The latest are what counts."""
    consumer = Consumer(log(*range(10)), high=10, start=4)
    _, found = read(consumer, most=most)
    assert consumer.assigned == first and found == list(range(10 if first is None else first, 10))


def test_errors_that_pass_are_waited_for() -> None:
    """A broker that does not answer at once is asked again."""
    consumer = Consumer(log(0), high=1, start=0)
    consumer.asking = [KafkaError(KafkaError._TRANSPORT), KafkaError(KafkaError._TIMED_OUT)]
    consumer.errors = [AWAY]
    assert read(consumer) == (ReceiptsRead(1, 0, None), [0])


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (KafkaError._UNKNOWN_PARTITION, "give the topic receipts at least 5 partitions"),
        (KafkaError.UNKNOWN_TOPIC_OR_PART, "or create it"),
        (KafkaError.TOPIC_AUTHORIZATION_FAILED, "allow this principal to read the topic receipts"),
    ],
)
def test_errors_that_stay_are_told_at_once(code: int, text: str) -> None:
    """With what to do; whether a question meets them or the reading."""
    asked = Consumer(log(0), high=1, start=0)
    asked.asking = [KafkaError(code)]
    met = Consumer(log(0), high=1, start=0)
    met.errors = [KafkaError(code)]
    for consumer in (asked, met):
        came, _ = read(consumer)
        assert came.trouble is not None and text in came.trouble


def test_the_deadline_ends_it() -> None:
    """With the last error, and with what was read until then."""
    consumer = Consumer(log(0), high=5, start=0)
    consumer.errors = [AWAY]
    consumer.hangs = True
    came, found = read(consumer, seconds=0.3)
    assert found == [0] and came.trouble == "the end of receipts[4] was not reached in time: brokers away"


def test_it_ends_when_nobody_wants_it() -> None:
    """The partition has gone meanwhile."""
    stop = threading.Event()
    consumer = Consumer(log(0), high=5, start=0)
    consumer.hangs = True
    threading.Timer(0.2, stop.set).start()
    came, found = read(consumer, stop=stop.is_set)
    assert found == [0]
    assert came.trouble == "it is not wanted any more"
