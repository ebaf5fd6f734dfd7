"""The Kafka thread: it alone touches the consumer.

It reads records and hands them to the event loop, takes back their outcomes, commits, and answers rebalances. Why it
holds its poll where others pause, and counts a record when it is handed over: DESIGN.md, "Back-pressure".
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connector.delivery.lease import Lease
from connector.delivery.progress import Taken
from connector.delivery.record import Claim, Held, Record
from connector.kafka.backpressure import BackPressure
from connector.kafka.buffer import Buffer
from connector.kafka.clients import OnCommit
from connector.kafka.commits import Committer
from connector.kafka.headers import headers_of
from connector.kafka.intents import Confirm
from connector.kafka.letters import read_back
from connector.kafka.outbox import Outbox
from connector.kafka.ownership import Ownership, position_of
from connector.kafka.positions import Positions
from connector.kafka.settings import KafkaSettings
from connector.kafka.standing import Standings
from connector.kafka.topics import TopicMarks
from connector.kafka.watch import KafkaWatch

HOLD = 0.2
"""Seconds for which the poll is held while the buffer is full: rebalances wait for that long. Then partitions pause."""
GATHER = 0.01
"""Seconds for which the poll is held at most until there is room for more than a few records."""
ENOUGH = 4
"""Answers that are worth looking at together meanwhile."""
FINAL_COMMIT = 12.0
"""Seconds for which the last commit is tried again while the group rebalances, because others stop when we do. It is
refused until we have answered the rebalance, so the consumer is polled meanwhile."""
RESTART = 3.0
"""Seconds between a fatal consumer error and a new consumer."""

_OF_A_PARTITION = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError._PARTITION_EOF})
"""What librdkafka says of a partition in a record's place."""


class Source(threading.Thread):
    """Reads, commits and answers rebalances until ``finish``. The thread ends by itself only by raising.

    ``assigned`` gets new claims, ``hand_over`` their records, and ``release`` is told that claims were released; all
    are called on the Kafka thread and must only schedule work on the event loop. The future that ``release`` returns is
    done when no request for those claims can start any more. ``failed`` is called last when the thread dies of an
    unexpected error.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        connect: Callable[[OnCommit], Consumer],
        marks: TopicMarks,
        outbox: Outbox,
        lease: Lease,
        assigned: Callable[[list[Claim]], None],
        hand_over: Callable[[list[Record]], None],
        release: Callable[[], Future[None]],
        watch: KafkaWatch,
        failed: Callable[[BaseException], None],
    ) -> None:
        super().__init__(name="kafka", daemon=True)
        self._settings = settings
        self._connect = connect
        self._outbox = outbox
        self._assigned = assigned
        self._hand_over = hand_over
        self._release = release
        self._watch = watch
        self._failed = failed
        exact = settings.write_intents
        self._lease = lease
        self._committer = Committer(watch, lease, settings.max_leads, exact=exact)
        self._ours = Ownership(self._committer, marks, watch, from_end=settings.begins_at_end, exact=exact)
        self._buffer = Buffer(settings.max_leads, settings.max_bytes)
        self._pressure = BackPressure(self._buffer)
        self._full = False
        self._intents: deque[tuple[Sequence[Record], Confirm | None]] = deque()
        self._positions = Positions(
            self._ours,
            watch,
            from_end=settings.begins_at_end,
            changed=self._committer.touch,
            released=release,
            moved=self._pressure.assigned,
        )
        self._stopping = False
        self._finishing = False
        self._standings = Standings(self._ours, self._positions, watch)

    # What other threads may call.

    def settle(self, records: list[Record], *, resolved: bool) -> None:
        """As ``Buffer.settle``. Any thread; does not block."""
        self._buffer.settle(records, resolved=resolved)

    def hold(self, held: Held | None) -> None:
        """What waits for something that takes nothing; None: nothing does. Any thread; does not block."""
        self._pressure.hold(held)

    def intend(self, records: Sequence[Record], confirm: Confirm) -> None:
        """These records are about to be sent: ``confirm`` is called on the Kafka thread when the broker has
        acknowledged a commit that says so, or a claim of theirs was released. Any thread; does not block."""
        self._intents.append((records, confirm))
        self._buffer.wake()

    def withdraw(self, records: Sequence[Record]) -> None:
        """The request of these records certainly had no effect: a crash from now on leaves them in no doubt. Any
        thread; does not block."""
        self._intents.append((records, None))

    @property
    def outstanding(self) -> int:
        """Records handed over and not settled."""
        return self._buffer.outstanding

    def stop_reading(self) -> None:
        """Hand over nothing more; go on with outcomes, commits and heartbeats. Any thread; does not block."""
        self._stopping = True
        self._buffer.wake()

    def finish(self) -> None:
        """Commit what is resolved, leave the group and end the thread. Any thread; ``join`` waits for it."""
        self._finishing = True
        self.stop_reading()

    # The thread.

    def run(self) -> None:
        """Called by ``start``."""
        try:
            while not self._finishing:
                self._run_consumer()
            self._outbox.close()
        except BaseException as error:
            self._failed(error)
            raise

    def _run_consumer(self) -> None:
        """One consumer from start to close. Returns when asked to finish, or after a fatal error and a pause."""
        consumer = self._connect(self._committer.answered)
        try:
            consumer.subscribe(
                self._topics(), on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
            )
            while not self._finishing:
                self._turn(consumer)
            self._outbox.forgo(released_only=False)
            self._settle()
            until = time.monotonic() + FINAL_COMMIT
            while not self._committer.settled and time.monotonic() < until:
                self._turn(consumer)
        except _FatalError as error:
            # A static member whose old session still runs, a fenced member: a new consumer may join later.
            self._watch.trouble(f"{error}: joining again in {RESTART:.0f} s")
            self._on_lost(consumer, self._ours.partitions())
            self._rest(RESTART)
        finally:
            self._committer.forget_in_flight()
            consumer.close()

    def _topics(self) -> list[str]:
        retries = self._settings.retries
        return [*self._settings.topics, *([] if retries is None else [retries])]

    def _turn(self, consumer: Consumer) -> None:
        try:
            self._turn_once(consumer)
        except KafkaException as error:
            self._complain(error.args[0])

    def _turn_once(self, consumer: Consumer) -> None:
        self._settle()
        self._outbox.poll()
        self._hear_intents()
        self._committer.commit(consumer)
        self._standings.tell(consumer)
        self._positions.find(consumer)
        room = self._room(consumer)
        if room == 0:
            return
        busy = self._buffer.outstanding or self._committer.in_flight
        # While outcomes are awaited the poll is short: what comes back shall be committed at once.
        first = consumer.poll(0.005 if busy else 0.1)
        if first is not None:
            more = consumer.consume(room - 1, 0) if room > 1 and first.error() is None else []
            self._accept([first, *more])

    def _accept(self, messages: list[Message]) -> None:
        records: list[Record] = []
        errors: list[KafkaError] = []
        read = skipped = 0
        now, now_ms = time.monotonic(), time.time_ns() // 1_000_000
        retries = self._settings.retries
        place: tuple[str, int] | None = None
        claim: Claim | None = None
        aged = False
        for message in messages:
            topic, partition, offset = message.topic(), message.partition(), message.offset()
            if error := message.error():
                if not self._told_of_partition(error, topic, partition, offset):
                    errors.append(error)
                place = None  # its claim may be another from now on
                continue
            if topic is None or partition is None or offset is None:
                continue  # a message without error has all three; the types do not say so
            if place is None or partition != place[1] or topic != place[0]:
                # What was fetched together comes together: mostly it is the partition of the record before.
                place, claim, aged = (topic, partition), self._ours.claim_on(topic, partition), False
            if claim is None:
                continue
            position = claim.progress.position
            if position is not None and offset < position:
                # librdkafka gives no record below where it was told to read, save after a defect of its own or ours.
                self._watch.trouble(f"{claim}: offset {offset} after position {position}: going on there")
                claim, aged = self._ours.start_over(claim, offset, anew=False), False
                self._release()
            read += 1
            taken = claim.progress.take(offset)
            if taken is Taken.RESOLVED:
                skipped += 1
                self._committer.touch(claim)
                continue
            kind, timestamp = message.timestamp()
            timestamp_ms = timestamp if kind else None
            record = Record(
                claim, offset, timestamp_ms, message.key(), message.value(), headers_of(message), read_ms=now_ms
            )
            if not aged:
                claim.ages.read(offset, timestamp_ms, now)
                aged = True
            if taken is Taken.IN_DOUBT:
                record.in_doubt = True
            if topic == retries and (origin := read_back(record.headers)) is not None:
                record.origin = origin
                record.in_doubt = record.in_doubt or origin.in_doubt
            records.append(record)
        if read:
            self._watch.read(read, skipped)
        if records:
            self._buffer.add(records)
            self._hand_over(records)
        for error in errors:
            self._complain(error)

    def _told_of_partition(
        self, error: KafkaError, topic: str | None, partition: int | None, offset: int | None
    ) -> bool:
        """What librdkafka says of a partition in a record's place is dealt with; False: it says something else."""
        if error.code() not in _OF_A_PARTITION or topic is None or partition is None or offset is None:
            return False
        claim = self._ours.claim_on(topic, partition)
        if claim is not None:  # or it has left us meanwhile
            if error.code() == KafkaError._PARTITION_EOF:
                self._reached_end(claim, offset)
            else:
                self._positions.lost(claim)
        return True

    def _reached_end(self, claim: Claim, offset: int) -> None:
        """Nothing below this offset is left to read. It may lie above the last record: what ends a transaction has an
        offset, and nobody gets to read it. Committed too, or others would see the group lag for ever."""
        position = claim.progress.position
        if position is not None and position < offset:
            claim.progress.skip(offset)
            self._committer.touch(claim)

    def _settle(self) -> None:
        self._buffer.apply(self._progressed)

    def _hear_intents(self) -> None:
        while self._intents:
            records, confirm = self._intents.popleft()
            if confirm is None:
                self._committer.withdraw(records)
            else:
                self._committer.intents.add(records, confirm)

    def _progressed(self, claim: Claim) -> None:
        if self._ours.holds(claim):
            self._committer.touch(claim)

    # Back-pressure.

    def _room(self, consumer: Consumer) -> int:
        """How many records may be read now; 0 where something else comes first."""
        if self._stopping or (self._full and not self._pressure.half_free()):
            self._pause(consumer, self._ours)
            return 1  # the poll goes on, for heartbeats, commits and rebalances; paused partitions give nothing
        self._full = False
        self._pause(consumer, self._pressure.overdrawn(self._ours))
        if (room := self._pressure.room()) >= self._pressure.least:
            return room
        room = self._gather()
        if self._stopping or room >= self._pressure.least:
            return 0  # another turn: what has come back is committed first, and what is overdrawn now is paused
        if room:
            return room
        self._full = True
        self._pause(consumer, self._ours)
        return 1

    def _gather(self) -> int:
        """Hold the poll until there is room for any records, and then a moment longer until there is for many, unless
        a request waits for its intent to be written down."""
        started = time.monotonic()
        room, until = self._pressure.room(), started + HOLD
        while room < self._pressure.least and not self._stopping and not (room and self._intents):
            now = time.monotonic()
            # Where what is held has changed there is no room again for a moment.
            until = min(until, now + GATHER) if room else started + HOLD
            if now >= until:
                break
            self._buffer.wait(min(until - now, GATHER), settlements=ENOUGH if room else 1)
            self._settle()
            self._outbox.poll()
            room = self._pressure.room()
        return room

    def _pause(self, consumer: Consumer, claims: Iterable[Claim]) -> None:
        """Have exactly these paused."""
        before = self._pressure.paused
        if more := self._pressure.pause(consumer, claims):
            self._watch.paused(more)
        elif before and not self._pressure.paused:
            self._watch.paused(0)

    def _serve(self, seconds: float) -> None:
        """Wait for outcomes without touching the consumer."""
        self._buffer.wait(seconds)
        self._settle()
        self._outbox.poll()

    # Rebalances. These run on the Kafka thread, inside poll, consume or close.

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        assigned_at = time.monotonic()
        claims = self._ours.take(consumer, partitions)
        self._lease.renew(assigned_at)
        positions = [position_of(claim) for claim in claims]
        self._assigned(claims)
        consumer.incremental_assign(positions)
        self._pressure.assigned(consumer, positions)

    def _on_revoke(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        started = time.monotonic()
        claims = self._ours.release(partitions)
        deadline = started + (0.0 if self._finishing else self._settings.revoke_timeout)
        released = self._release()
        while not (released.done() and all(claim.outstanding == 0 for claim in claims)) and not self._finishing:
            self._hear_intents()
            self._committer.release(claims)
            left = deadline - time.monotonic()
            if left <= 0:
                break
            self._serve(min(left, 0.01))
        self._outbox.forgo(released_only=True)
        self._settle()
        self._committer.release(claims)
        self._committer.commit_now(consumer, claims)
        self._ours.drop(claims)
        self._pressure.gone(partitions)
        consumer.incremental_unassign(partitions)
        unresolved = sum(claim.progress.unresolved for claim in claims)
        self._watch.revoked(claims, lost=False, seconds=time.monotonic() - started, unresolved=unresolved)

    def _on_lost(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Somebody else may own these already: nothing is committed."""
        claims = self._ours.release(partitions)
        self._committer.release(claims)
        self._ours.drop(claims)
        self._pressure.gone(partitions)
        self._release()
        unresolved = sum(claim.progress.unresolved for claim in claims)
        self._watch.revoked(claims, lost=True, seconds=0.0, unresolved=unresolved)

    # The rest.

    def _complain(self, error: KafkaError) -> None:
        # A fatal error that poll gives back is marked by its code alone.
        if error.fatal() or error.code() == KafkaError._FATAL:
            raise _FatalError(error.str())
        self._watch.trouble(error.str())

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._finishing and (left := until - time.monotonic()) > 0:
            self._serve(min(left, 0.1))
            self._watch.turned({})


class _FatalError(Exception):
    """librdkafka says that this consumer instance cannot go on."""
