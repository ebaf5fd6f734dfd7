"""Reads the receipts of one partition back, for the duplicate window after a restart."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connector.kafka.receipts import Receipt, read_receipt

ANSWER = 2.0
"""Seconds for one answer of a broker, after which it is asked again."""
PAUSE = 0.2
"""Seconds between two questions of which the first failed."""
SLICE = 0.1
"""Seconds after which ``stop`` is looked at again."""
AT_ONCE = 500
"""Messages taken together."""

T = TypeVar("T")

_NO_SUCH = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)
_FINAL = (
    *_NO_SUCH,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError._AUTHENTICATION,
    KafkaError._FATAL,
)
"""What asking again does not change within a start's patience."""


class ReceiptsRead(NamedTuple):
    """What came of reading: receipts given on, messages that were none of ours or damaged, and why the end was not
    reached (None: it was)."""

    receipts: int
    skipped: int
    trouble: str | None


def read_receipts(
    connect: Callable[[], Consumer],
    topic: str,
    partition: int,
    since_ms: int,
    on_receipt: Callable[[Receipt], None],
    *,
    deadline: float,
    stop: Callable[[], bool] = lambda: False,
    most: int | None = None,
) -> ReceiptsRead:
    """Give ``on_receipt`` the receipts of a partition, oldest first, from a time (milliseconds since the epoch) to what
    is its end now; ``most``: only the messages that are among so many before the end.

    Blocks until ``deadline`` (monotonic seconds) at most, and ends within some 2 s when ``stop`` says so: run it in a
    thread of its own. ``on_receipt`` and ``stop`` are called on that thread. ``connect`` makes a consumer that commits
    nothing and reports the ends of partitions (``Clients.reader``). Never raises for what a broker does.
    """
    reading = _Reading(topic, partition, on_receipt, deadline, stop)
    try:
        consumer = connect()
        try:
            start, end = reading.bounds(consumer, since_ms, most)
            if start < end:
                consumer.assign([TopicPartition(topic, partition, start)])
                reading.run(consumer, end)
        finally:
            consumer.close()
    except KafkaException as error:
        return ReceiptsRead(reading.receipts, reading.skipped, reading.explained(error.args[0]))
    except _GivenUp as error:
        return ReceiptsRead(reading.receipts, reading.skipped, str(error))
    return ReceiptsRead(reading.receipts, reading.skipped, None)


class _GivenUp(Exception):
    """The time is over, or nobody wants it any more; the message says so."""


class _Reading:
    """One partition from a place to its end."""

    def __init__(
        self,
        topic: str,
        partition: int,
        on_receipt: Callable[[Receipt], None],
        deadline: float,
        stop: Callable[[], bool],
    ) -> None:
        self._topic = topic
        self._partition = partition
        self._on_receipt = on_receipt
        self._deadline = deadline
        self._stop = stop
        self._last: KafkaError | None = None
        self.receipts = 0
        self.skipped = 0

    def bounds(self, consumer: Consumer, since_ms: int, most: int | None) -> tuple[int, int]:
        """The offset to begin at and the one to end before. Raises KafkaException and _GivenUp; blocks."""
        where = TopicPartition(self._topic, self._partition)
        low, high = self._asked(lambda timeout: consumer.get_watermark_offsets(where, timeout))
        if low >= high:
            return high, high
        at = TopicPartition(self._topic, self._partition, since_ms)
        [found] = self._asked(lambda timeout: consumer.offsets_for_times([at], timeout))
        if found.error is not None:
            raise KafkaException(found.error)
        start = found.offset if found.offset >= 0 else high
        return max(low, start, 0 if most is None else high - most), high

    def run(self, consumer: Consumer, end: int) -> None:
        """Read up to an offset. Raises KafkaException and _GivenUp; blocks."""
        while True:
            self._go_on()
            first = consumer.poll(SLICE)
            if first is not None:
                for message in (first, *consumer.consume(AT_ONCE, 0)):
                    if self._take(message, end):
                        return

    def _take(self, message: Message, end: int) -> bool:
        """Look at a message; True when it is the last."""
        if (error := message.error()) is not None:
            self._last = error
            if error.fatal() or error.code() in _FINAL:
                raise KafkaException(error)
            # What compaction has taken away at the end is found missing here.
            return error.code() == KafkaError._PARTITION_EOF
        offset = message.offset()
        if offset is None or offset >= end:
            return True
        value = message.value()
        receipt = read_receipt(value)
        if receipt is not None:
            self.receipts += 1
            self._on_receipt(receipt)
        elif value is not None:  # not a tombstone, which may stay behind a receipt that somebody had removed
            self.skipped += 1
        return offset + 1 >= end

    def _asked(self, ask: Callable[[float], T | None]) -> T:
        while True:
            self._go_on()
            try:
                answer = ask(min(ANSWER, max(SLICE, self._deadline - time.monotonic())))
                if answer is not None:
                    return answer
            except KafkaException as error:
                if error.args[0].code() in _FINAL:
                    raise
                self._last = error.args[0]
            time.sleep(PAUSE)

    def _go_on(self) -> None:
        if self._stop():
            raise _GivenUp("it is not wanted any more")
        if time.monotonic() >= self._deadline:
            reason = "" if self._last is None else f": {self._last.str()}"
            raise _GivenUp(f"the end of {self._topic}[{self._partition}] was not reached in time{reason}")

    def explained(self, error: KafkaError) -> str:
        """What is wrong, and what to do about it."""
        if error.code() in _NO_SUCH:
            least = self._partition + 1
            return f"{error.str()}: give the topic {self._topic} at least {least} partitions, or create it"
        if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
            return f"{error.str()}: allow this principal to read the topic {self._topic}"
        return f"{error.str()}: the topic is {self._topic}"
