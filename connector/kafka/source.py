"""The Kafka thread: it alone touches the consumer.

It reads records and hands them to the event loop, takes back their outcomes, commits, and answers rebalances. Why it
holds its poll where others pause, and counts a record when it is handed over: DESIGN.md, "Back-pressure".
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import cast

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaError, KafkaException, Message, TopicPartition

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Headers, Record
from connector.kafka.clients import OnCommit
from connector.kafka.commits import Committer
from connector.kafka.dead_letters import DeadLetters
from connector.kafka.journal import decode
from connector.kafka.settings import KafkaSettings
from connector.kafka.topics import TopicMarks
from connector.kafka.watch import KafkaWatch

MOST_AT_ONCE = 500
"""Records in one hand-over to the event loop."""
HOLD = 0.2
"""Seconds for which the poll is held while the buffer is full: rebalances wait for that long. Then partitions pause."""
COMMITTED_TIMEOUT = 10.0
"""Seconds to wait for the committed offsets of new partitions."""


class Source(threading.Thread):
    """Reads, commits and answers rebalances until ``finish``. The thread ends by itself only by raising.

    ``hand_over`` gets records and ``release`` is told that claims were released; both are called on the Kafka thread
    and must only schedule work on the event loop; the future ``release`` returns is done when no request for those
    claims can start any more. ``failed`` is called last when the thread dies of an unexpected error.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        connect: Callable[[OnCommit], Consumer],
        marks: TopicMarks,
        dead_letters: Callable[[Source], DeadLetters],
        hand_over: Callable[[list[Record]], None],
        release: Callable[[], Future[None]],
        watch: KafkaWatch,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__(name="kafka", daemon=True)
        self._settings = settings
        self._connect = connect
        self._marks = marks
        self._hand_over = hand_over
        self._release = release
        self._watch = watch
        self._failed = failed
        self._committer = Committer(watch)
        self._owned: dict[tuple[str, int], Claim] = {}
        self._settled: deque[tuple[list[Record], bool]] = deque()
        self._wake = threading.Event()
        self._outstanding = 0
        self._outstanding_bytes = 0
        self._paused = False
        self._stopping = False
        self._finishing = False
        self._turned = 0.0
        self.dead_letters = dead_letters(self)

    # What other threads may call.

    def settle(self, records: list[Record], *, resolved: bool) -> None:
        """These records have an outcome that is durable (resolved), or were forgotten because their claims were
        released. Each record is settled once. Any thread; does not block."""
        self._settled.append((records, resolved))
        self._wake.set()

    @property
    def outstanding(self) -> int:
        """Records handed over and not settled."""
        return self._outstanding

    def stop_reading(self) -> None:
        """Hand over nothing more; go on with outcomes, commits and heartbeats. Any thread; does not block."""
        self._stopping = True
        self._wake.set()

    def finish(self) -> None:
        """Commit what is resolved, leave the group and end the thread. Any thread; ``join`` waits for it."""
        self._finishing = True
        self.stop_reading()

    # The thread.

    def run(self) -> None:
        try:
            while not self._finishing:
                self._run_consumer()
            self.dead_letters.close()
        except BaseException as error:
            self._failed(error)
            raise

    def _run_consumer(self) -> None:
        """One consumer from start to close. Returns when asked to finish, or after a fatal error and a pause."""
        consumer = self._connect(self._committer.answered)
        try:
            consumer.subscribe(
                list(self._settings.topics), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
            while not self._finishing:
                try:
                    self._turn(consumer)
                except KafkaException as error:
                    self._complain(error.args[0])
            self._settle()
            self._committer.commit_now(consumer, self._owned.values())
        except _FatalError as error:
            # A static member whose old session still runs, a fenced member: a new consumer may join later.
            self._watch.trouble(f"{error}: joining again in {RESTART:.0f} s")
            self._on_lost(consumer, [TopicPartition(t, p) for t, p in self._owned])
            self._wait(RESTART)
        finally:
            self._committer.forget_in_flight()
            consumer.close()

    def _turn(self, consumer: Consumer) -> None:
        self._settle()
        self.dead_letters.poll()
        self._committer.commit(consumer)
        self._report(consumer)
        room = self._room(consumer)
        if room == 0:
            return
        busy = self._outstanding or self._committer.in_flight
        # While outcomes are awaited the poll is short: what comes back shall be committed at once.
        first = consumer.poll(0.005 if busy else 0.1)
        if first is not None:
            more = consumer.consume(room - 1, 0) if room > 1 and first.error() is None else []
            self._accept([first, *more])

    def _accept(self, messages: list[Message]) -> None:
        records: list[Record] = []
        read = skipped = 0
        for message in messages:
            if error := message.error():
                self._complain(error)
                continue
            claim = self._owned.get((cast("str", message.topic()), cast("int", message.partition())))
            if claim is None:
                continue
            offset = cast("int", message.offset())
            if claim.progress.position is not None and offset < claim.progress.position:
                claim = self._rewound(claim, offset)
            read += 1
            if not claim.progress.take(offset):
                skipped += 1
                self._committer.touch(claim)
                continue
            kind, timestamp = message.timestamp()
            headers = cast("Headers | None", message.headers())
            record = Record(claim, offset, timestamp if kind else None, message.key(), message.value(), headers)
            claim.outstanding += 1
            self._outstanding += 1
            self._outstanding_bytes += record.size
            records.append(record)
        if read:
            self._watch.read(read, skipped)
        if records:
            self._hand_over(records)

    def _settle(self) -> None:
        self._wake.clear()
        while self._settled:
            records, resolved = self._settled.popleft()
            self._outstanding -= len(records)
            for record in records:
                claim = record.claim
                claim.outstanding -= 1
                self._outstanding_bytes -= record.size
                if resolved:
                    claim.progress.resolve(record.offset)
                    if self._owned.get((claim.topic, claim.partition)) is claim:
                        self._committer.touch(claim)

    # Back-pressure.

    def _room(self, consumer: Consumer) -> int:
        """How many records may be read now; 0 after having waited in vain for room."""
        if self._stopping:
            self._pause(consumer)
            return 1
        if not self._full():
            self._resume(consumer)
            return min(MOST_AT_ONCE, self._settings.max_leads - self._outstanding)
        if self._paused:
            return 1
        until = time.monotonic() + HOLD
        while self._full() and not self._finishing and (left := until - time.monotonic()) > 0:
            self._wake.wait(min(left, 0.01))
            self._settle()
            self.dead_letters.poll()
        if self._full():
            self._pause(consumer)
            self._watch.held(paused=True)
        return 0

    def _full(self) -> bool:
        share = 2 if self._paused else 1  # after a pause, not before half of it is free: resuming fetches anew
        return (
            self._outstanding * share >= self._settings.max_leads
            or self._outstanding_bytes * share >= self._settings.max_bytes
        )

    def _pause(self, consumer: Consumer) -> None:
        if not self._paused:
            self._paused = True
            consumer.pause([TopicPartition(t, p) for t, p in self._owned])

    def _resume(self, consumer: Consumer) -> None:
        if self._paused:
            self._paused = False
            consumer.resume([TopicPartition(t, p) for t, p in self._owned])
            self._watch.held(paused=False)

    # Rebalances. These run on the Kafka thread, inside poll, consume or close.

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        claims: list[Claim] = []
        restored = 0
        positions: list[TopicPartition] = []
        self._marks.forget()  # a topic may have been re-created since the last assignment
        for partition in self._committed(consumer, partitions):
            start = partition.offset if partition.offset >= 0 else None
            mark = self._marks.mark(partition.topic)
            ranges = decode(start, partition.metadata, mark) if start is not None else []
            claim = Claim(partition.topic, partition.partition, PartitionProgress(start, ranges))
            self._committer.adopt(claim, mark, start)
            self._owned[partition.topic, partition.partition] = claim
            claims.append(claim)
            restored += sum(end - first for first, end in ranges)
            position = OFFSET_INVALID if start is None else start
            positions.append(TopicPartition(partition.topic, partition.partition, position))
        consumer.incremental_assign(positions)
        if self._paused and positions:
            consumer.pause(positions)
        self._watch.assigned(claims, restored)

    def _committed(self, consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
        try:
            return consumer.committed(partitions, COMMITTED_TIMEOUT) if partitions else []
        except KafkaException as error:
            # librdkafka then asks for the offset itself before it reads. What was resolved above it is not known:
            # that may send a lead twice, and loses none.
            self._watch.trouble(f"committed offsets: {error.args[0].str()}")
            return [TopicPartition(p.topic, p.partition, OFFSET_INVALID) for p in partitions]

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        started = time.monotonic()
        claims = self._let_go(partitions)
        deadline = started + (0.0 if self._finishing else self._settings.revoke_timeout)
        released = self._release()
        while not (released.done() and all(claim.outstanding == 0 for claim in claims)):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._wake.wait(min(left, 0.01))
            self._settle()
            self.dead_letters.poll()
        self._settle()
        self._committer.commit_now(consumer, claims)
        self._forget(claims)
        consumer.incremental_unassign(partitions)
        unresolved = sum(claim.progress.unresolved for claim in claims)
        self._watch.revoked(claims, lost=False, seconds=time.monotonic() - started, unresolved=unresolved)

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Somebody else may own these already: nothing is committed."""
        claims = self._let_go(partitions)
        self._forget(claims)
        self._release()
        unresolved = sum(claim.progress.unresolved for claim in claims)
        self._watch.revoked(claims, lost=True, seconds=0.0, unresolved=unresolved)

    def _let_go(self, partitions: list[TopicPartition]) -> list[Claim]:
        claims = [c for p in partitions if (c := self._owned.get((p.topic, p.partition))) is not None]
        for claim in claims:
            claim.released = True
        return claims

    def _forget(self, claims: list[Claim]) -> None:
        for claim in claims:
            self._owned.pop((claim.topic, claim.partition), None)
            self._committer.drop(claim)

    def _rewound(self, claim: Claim, offset: int) -> Claim:
        """The topic begins anew below our position (re-created, truncated): what we knew of it means nothing now."""
        self._watch.trouble(f"{claim}: offset {offset} comes after position {claim.progress.position}: starting over")
        claim.released = True
        self._release()
        self._forget([claim])
        fresh = Claim(claim.topic, claim.partition, PartitionProgress(offset))
        self._marks.forget()
        self._committer.adopt(fresh, self._marks.mark(claim.topic), None)
        self._owned[claim.topic, claim.partition] = fresh
        return fresh

    # The rest.

    def _complain(self, error: KafkaError) -> None:
        # A fatal error that poll gives back is marked by its code alone.
        if error.fatal() or error.code() == KafkaError._FATAL:
            raise _FatalError(error.str())
        self._watch.trouble(error.str())

    def _report(self, consumer: Consumer) -> None:
        now = time.monotonic()
        if now - self._turned < 1.0:
            return
        self._turned = now
        lags: dict[Claim, int] = {}
        for claim in self._owned.values():
            watermark = claim.progress.watermark
            if watermark is not None:
                _, high = consumer.get_watermark_offsets(TopicPartition(claim.topic, claim.partition), cached=True)
                if high >= 0:
                    lags[claim] = max(0, high - watermark)
        self._watch.turned(lags)

    def _wait(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._finishing and (left := until - time.monotonic()) > 0:
            self._wake.wait(min(left, 0.1))
            self._settle()
            self.dead_letters.poll()
            self._watch.turned({})


RESTART = 3.0
"""Seconds between a fatal consumer error and a new consumer."""


class _FatalError(Exception):
    """librdkafka says that this consumer instance cannot go on."""
