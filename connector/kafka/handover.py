"""Writes replayed leads and the decisions about their letters in one transaction, so that neither is there without the
other: whatever is killed whenever, a letter is open and its lead was not written, or it is decided and the lead was.

One process at a time decides about the letters of a topic: who begins shuts out who was there before.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from connector.delivery.position import Position
from connector.kafka.clients import Clients
from connector.kafka.decisions import Mark, mark_letter
from connector.kafka.letters import Letter
from connector.kafka.outbox import explained
from connector.kafka.probe import why
from connector.kafka.settings import KafkaSettings

TIMEOUT = 10.0
"""Seconds for the brokers to answer a question."""
PATIENCE = 30.0
"""Seconds for which the beginning and the end of a transaction are tried, and records written."""
_FENCED = (KafkaError._FENCED, KafkaError.PRODUCER_FENCED, KafkaError.INVALID_PRODUCER_EPOCH)
_WITHOUT = (KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, KafkaError.CLUSTER_AUTHORIZATION_FAILED)


class HandoverError(Exception):
    """What was to be written was not; the message says why and what to do. What earlier calls wrote stands."""


class Handed(NamedTuple):
    """One decision, and the records to be written with it. Where there is a lead, ``mark.to`` is filled in."""

    mark: Mark
    lead: Letter | None = None


class Handover:
    """Decides about letters of one topic. Not thread-safe; every method blocks, and raises HandoverError: then make
    another, for librdkafka may purge what is written next together with what was given up."""

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        """``topic``: of the letters.

        Shuts out any other process that decides about them, ends what one that was killed had begun, and returns when
        all that was written before can be read. Read the decisions after this.
        """
        self._troubles: list[str] = []
        self._topic = topic
        self._bootstrap_servers = settings.bootstrap_servers
        self._counts: dict[str, int] = {}
        self._id = f"{settings.group_id}.{topic}.decisions"
        self._producer: Producer = Clients(settings, self._troubles.append).transactional(self._id)
        self._call(partial(self._producer.init_transactions, TIMEOUT))

    def write(self, batch: Sequence[Handed]) -> list[Mark]:
        """Write all of it, or nothing. Returns the decisions as they were written."""
        if not batch:
            return []
        self._call(self._producer.begin_transaction)
        try:
            places = self._produce([each.lead for each in batch if each.lead is not None])
            marks = [each.mark if each.lead is None else each.mark._replace(to=next(places)) for each in batch]
            self._produce([mark_letter(mark) for mark in marks])
        except (HandoverError, KeyboardInterrupt):
            self._abort()
            raise
        self._call(partial(self._producer.commit_transaction, TIMEOUT), abort=True)
        return marks

    def _produce(self, letters: Sequence[Letter]) -> Iterator[Position]:
        answers: list[Position | None] = [None] * len(letters)
        failures: list[tuple[KafkaError, Letter]] = []

        def answered(number: int, error: KafkaError | None, message: Message) -> None:
            if error is not None:
                failures.append((error, letters[number]))
            elif (offset := message.offset()) is not None and (at := message.partition()) is not None:
                answers[number] = Position(letters[number].topic, at, offset)

        for number, letter in enumerate(letters):
            where = self._partition(letter)
            while True:
                try:
                    self._producer.produce(
                        letter.topic,
                        value=letter.value,
                        key=letter.key,
                        headers=list(letter.headers) if letter.headers else None,
                        partition=where,
                        timestamp=letter.timestamp_ms or 0,
                        on_delivery=partial(answered, number),
                    )
                    break
                except BufferError:
                    self._producer.poll(0.1)
                except KafkaException as error:
                    raise HandoverError(self._told(error.args[0], letter)) from error
        try:
            self._producer.flush(PATIENCE)
        except (KafkaException, SystemError) as error:
            # The client's C code raises a fatal error while it serves our callbacks; it is then inside of the second.
            cause = error if isinstance(error, KafkaException) else error.__cause__
            if not isinstance(cause, KafkaException):
                raise
            raise HandoverError(self._told(cause.args[0])) from error
        if failures:
            raise HandoverError(self._told(*failures[0]))
        if None in answers:
            because = f": {self._troubles[-1]}" if self._troubles else ""
            raise HandoverError(f"the brokers did not acknowledge everything in {PATIENCE:g} s{because}")
        return iter([place for place in answers if place is not None])

    def _partition(self, letter: Letter) -> int:
        count = self._counts.get(letter.topic)
        if count is None:
            count = self._counts[letter.topic] = self._count(letter.topic)
        if letter.partition is not None:
            # A lead's own topic may have been made anew with fewer partitions.
            return letter.partition if letter.partition < count else -1
        if letter.spread_by is None:
            return -1
        return zlib.crc32(letter.spread_by.encode("utf-8", "backslashreplace")) % count

    def _count(self, topic: str) -> int:
        try:
            count = len(self._producer.list_topics(topic, TIMEOUT).topics[topic].partitions)
        except KafkaException as error:
            raise HandoverError(self._told(error.args[0])) from error
        if not count:
            raise HandoverError(f"create the topic {topic}: there is none")
        return count

    def _abort(self) -> None:
        try:
            self._producer.abort_transaction(TIMEOUT)
        except KafkaException as error:
            # Whoever comes next, or the broker after a minute, ends it: nothing of it will be read.
            self._troubles.append(error.args[0].str())

    def _call(self, call: Callable[[], object], *, abort: bool = False) -> None:
        until = time.monotonic() + PATIENCE
        while True:
            try:
                call()
            except KafkaException as error:
                reason = error.args[0]
                if reason.retriable() and time.monotonic() < until:
                    continue  # what was begun goes on: these calls may be made again
                if abort and reason.txn_requires_abort():
                    self._abort()
                raise HandoverError(self._told(reason)) from error
            return

    def _told(self, error: KafkaError, letter: Letter | None = None) -> str:
        if error.code() in _FENCED:
            return f"another process began to decide about the letters of {self._topic}; this one stops"
        if error.code() in _WITHOUT and letter is None:
            return f"allow this principal to write with the transactional id {self._id}: {error.str()}"
        if letter is not None:
            return explained(error, letter)
        self._producer.poll(0)  # serves the callback that says what is behind it
        return why(error, self._troubles, self._bootstrap_servers, PATIENCE)
