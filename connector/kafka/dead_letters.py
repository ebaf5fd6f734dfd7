"""Records set aside: to the dead-letter topic as they were, with why in the headers.

A record counts as set aside only when the broker has acknowledged its dead letter; until then it is tried again, for
as long as it takes.
"""

from __future__ import annotations

import heapq
import itertools
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from confluent_kafka import KafkaError, KafkaException, Producer

from connector.delivery.record import Record
from connector.leads.answer import Answer
from connector.leads.outcome import SetAside

RETRY = 1.0
"""Seconds between two tries to write a dead letter."""


PURGE = 1.0
"""Seconds for a failed producer to give back what it had."""

PREFIX = "lead-connector."
"""What the names of our headers begin with."""


@dataclass(order=True, slots=True)
class _Letter:
    due: float
    number: int
    record: Record = field(compare=False)
    headers: list[tuple[str, str | bytes | None]] = field(compare=False)
    why: SetAside = field(compare=False)
    timestamp_ms: int | None = field(compare=False)


class DeadLetters:
    """Writes dead letters. ``send`` may be called on any thread; all else belongs to the Kafka thread.

    ``on_durable`` is called on the Kafka thread for each record that is now safely on the topic, ``on_trouble`` with a
    text for each try that failed. Records whose claims are released are dropped: their next owner sets them aside.
    """

    def __init__(
        self,
        connect: Callable[[], Producer],
        topic: str,
        version: str,
        on_durable: Callable[[Record, SetAside], None],
        on_abandoned: Callable[[Record], None],
        on_trouble: Callable[[str], None],
    ) -> None:
        self._connect = connect
        self._producer = connect()
        self._topic = topic
        self._version = version
        self._on_durable = on_durable
        self._on_abandoned = on_abandoned
        self._on_trouble = on_trouble
        self._inbox: deque[_Letter] = deque()
        self._later: list[_Letter] = []
        self._numbers = itertools.count()

    def send(self, record: Record, why: SetAside, attempts: int, answer: Answer | None) -> None:
        """Set a record aside. Any thread; does not block."""
        headers = letter_headers(record, why, attempts, answer, self._version)
        self._inbox.append(_Letter(0.0, next(self._numbers), record, headers, why, record.timestamp_ms))

    def poll(self) -> None:
        """Hand letters to the producer and serve its acknowledgements. Kafka thread; does not block."""
        now = time.monotonic()
        while self._inbox:
            self._produce(self._inbox.popleft(), now)
        while self._later and self._later[0].due <= now:
            self._produce(heapq.heappop(self._later), now)
        self._producer.poll(0)

    def close(self) -> None:
        """Give up on what is not acknowledged; it is read again. Kafka thread."""
        self._producer.purge()
        self._producer.poll(0)

    def _produce(self, letter: _Letter, now: float) -> None:
        record = letter.record
        if record.claim.released:
            self._on_abandoned(record)
            return
        try:
            self._producer.produce(
                self._topic,
                value=record.value,
                key=record.key,
                headers=letter.headers,
                timestamp=letter.timestamp_ms or 0,
                on_delivery=lambda error, _message: self._answered(letter, error),
            )
        except BufferError as error:
            self._again(letter, str(error), now)
        except KafkaException as error:
            self._again(letter, _explained(error.args[0], self._topic), now)
            if error.args[0].fatal():
                # An idempotent producer does not recover from a fatal error. The answers for what it had queued are
                # served first: a letter that is never answered would hold its partition for ever.
                failed, self._producer = self._producer, self._connect()
                failed.purge()
                failed.flush(PURGE)

    def _answered(self, letter: _Letter, error: KafkaError | None) -> None:
        if error is None:
            self._on_durable(letter.record, letter.why)
        else:
            if error.code() == KafkaError.INVALID_TIMESTAMP:
                letter.timestamp_ms = None  # the source topic allows what this one does not; the header has it
            self._again(letter, _explained(error, self._topic), time.monotonic())

    def _again(self, letter: _Letter, trouble: str, now: float) -> None:
        if letter.record.claim.released:
            self._on_abandoned(letter.record)
            return
        self._on_trouble(trouble)
        letter.due = now + RETRY
        heapq.heappush(self._later, letter)


def _explained(error: KafkaError, topic: str) -> str:
    match error.code():
        case KafkaError.UNKNOWN_TOPIC_OR_PART | KafkaError._UNKNOWN_TOPIC:
            hint = f"create the topic {topic}"
        case KafkaError.MSG_SIZE_TOO_LARGE:
            hint = f"raise max.message.bytes of the topic {topic} above that of the source topic"
        case KafkaError.TOPIC_AUTHORIZATION_FAILED | KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            hint = f"allow this principal to write to the topic {topic}"
        case KafkaError._MSG_TIMED_OUT:
            hint = f"no broker acknowledged it in time; is there a topic {topic}, and are its brokers up?"
        case _:
            hint = f"the topic is {topic}"
    return f"{error.str()}: {hint}"


def letter_headers(
    record: Record, why: SetAside, attempts: int, answer: Answer | None, version: str
) -> list[tuple[str, str | bytes | None]]:
    """The original headers, then ours (``lead-connector.…``; a replayed letter's old ones are replaced)."""
    ours = {
        "outcome": why.outcome.value,
        "stage": why.stage.value,
        "reason": why.reason.value,
        "message": why.message,
        "topic": record.claim.topic,
        "partition": str(record.claim.partition),
        "offset": str(record.offset),
        "timestamp": "" if record.timestamp_ms is None else str(record.timestamp_ms),
        "attempts": str(attempts),
        "status": "" if answer is None or answer.status is None else str(answer.status),
        "answer": "" if answer is None else answer.excerpt,
        "version": version,
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    kept = [header for header in record.headers or () if not header[0].startswith(PREFIX)]
    return [*kept, *((PREFIX + name, text.encode()) for name, text in ours.items() if text)]
