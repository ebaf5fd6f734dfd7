"""Everything we write to Kafka: dead letters, letters for review and for the retry topic, receipts.

A letter counts as written only when the broker has acknowledged it; until then it is tried again, for as long as it
takes. What is in them: `letters.py`, `receipts.py`.
"""

from __future__ import annotations

import heapq
import itertools
import time
import zlib
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from confluent_kafka import KafkaError, KafkaException, Producer

from connector.delivery.record import Record
from connector.kafka.letters import Letter
from connector.kafka.parcels import Countdown, Parcel, Troubles
from connector.kafka.partitions import Partitions

RETRY = 1.0
"""Seconds between two tries to write a letter."""
PURGE = 1.0
"""Seconds for a failed producer to give back what it had."""
RETRY_LATE = 5.0
"""Seconds between two tries to write receipts that nobody waits for."""
MOST_LATE = 20_000
"""Records whose receipts are tried on while nobody waits for them; of more, they are forgone. A receipt is some hundred
bytes."""
LATE = 3600.0
"""Seconds for which they are tried on."""


class Outbox:
    """Writes letters with one idempotent producer. ``send``, ``send_receipts`` and ``pending`` may be used on any
    thread; all else belongs to the Kafka thread, and everything given here is called on it.

    The first letter of a record makes its outcome durable; those after it are receipts. Until then a record whose claim
    is released is abandoned: its next owner sets it aside. From then on it will be ``done`` whatever happens to the
    receipts, for its next owner would send it, or set it aside, a second time. They are tried on all the same, until
    the end or for ``LATE``: without them a broker that was away for longer than the session leaves leads of which
    nobody finds what became of them. Not those of an outcome that is not the last: they could be written after the
    last one's, and would then stand for it.
    """

    def __init__(
        self,
        connect: Callable[[], Producer],
        *,
        on_trouble: Callable[[str, str], None],
        on_written: Callable[[str], None],
        on_forgone: Callable[[str, int], None],
    ) -> None:
        """``on_trouble(topic, text)``: a try failed; the text says what to do. ``on_written(topic)``: after troubles,
        no letter of this topic is in trouble any more. ``on_forgone(topic, receipts)``: so many receipts are not known
        to be written, and are not tried again: the end has come, or they are too many."""
        self._connect = connect
        self._producer = connect()
        self._partitions = Partitions()
        self._troubles = Troubles(on_trouble, on_written)
        self._on_forgone = on_forgone
        self._inbox: deque[Parcel] = deque()
        self._at_once: deque[Parcel] = deque()
        self._later: list[Parcel] = []
        self._open: set[Parcel] = set()
        self._late: set[Parcel] = set()
        """Receipts of records that are done."""
        self._numbers = itertools.count()

    def send(
        self,
        record: Record,
        letters: Sequence[Letter],
        done: Callable[[], None],
        *,
        abandoned: Callable[[], None],
        final: bool = True,
    ) -> None:
        """Write a record's letters, each when the one before it is acknowledged. Any thread; does not block.

        Then ``done`` is called; ``abandoned`` instead when the claim was released before the first was acknowledged.
        Neither after ``close``. ``final``: the record, wherever it may come back from, gets no other outcome.
        """
        self._inbox.append(Parcel(next(self._numbers), record.claim, letters, done, abandoned, final=final))

    def send_receipts(self, records: Sequence[Record], receipts: Sequence[Letter], done: Callable[[], None]) -> None:
        """Write one receipt for each of these records, of which there is one at least and whose outcome stands. Any
        thread; does not block. ``done`` is called once, when each is acknowledged or forgone; not after ``close``."""
        if not records:
            raise ValueError("receipts of no records: done would never be called")
        count = Countdown(len(records), done)
        numbers = self._numbers
        self._inbox.extend(
            [Parcel(next(numbers), r.claim, (receipt,), count) for r, receipt in zip(records, receipts, strict=True)]
        )

    @property
    def pending(self) -> int:
        """Records whose letters are not all written. Any thread."""
        return len(self._inbox) + len(self._open)

    def poll(self) -> None:
        """Hand letters to the producer and serve its acknowledgements. Kafka thread; does not block, save for some
        round trips, of 2 s at most, when it asks for a topic's partitions."""
        now = time.monotonic()
        while self._inbox:
            self._open.add(self._inbox[0])
            self._produce(self._inbox.popleft(), now)
        while self._later and self._later[0].due <= now:
            self._produce(heapq.heappop(self._later), now)
        self._producer.poll(0)
        while self._at_once:
            self._produce(self._at_once.popleft(), now)
        self._partitions.ask_again(self._producer, now)

    def forgo(self, *, released_only: bool) -> None:
        """Wait no longer for receipts of outcomes that stand (``released_only``: whose claims are released): their
        records are done now, so that the commit that follows counts them. The receipts are tried on. Kafka thread;
        blocks no more than ``poll``."""
        self.poll()
        for parcel in list(self._open):
            if parcel.stands and (parcel.claim.released or not released_only):
                self._let_go(parcel)

    def close(self) -> None:
        """Give up on what is not acknowledged; save for receipts it is read again. Kafka thread."""
        self._open.clear()
        self._producer.poll(0)
        self._forgo(self._late)
        self._late.clear()
        self._producer.purge()
        self._producer.poll(0)

    def _produce(self, parcel: Parcel, now: float) -> None:
        if parcel not in self._open and parcel not in self._late:
            return  # let go meanwhile
        if not parcel.stands:
            if not parcel.letters:
                self._end(parcel, parcel.done)
                return
            if parcel.claim.released:
                self._let_go(parcel)
                return
        letter = parcel.letters[parcel.written]
        if (partition := letter.partition) is None and (partition := self._partition(letter, now)) is None:
            self._again(parcel, now, f"how many partitions it has is not known: is there a topic {letter.topic}?")
            return
        try:
            self._producer.produce(
                letter.topic,
                value=letter.value,
                key=letter.key,
                headers=list(letter.headers) if letter.headers else None,
                partition=partition,
                timestamp=0 if parcel.untimed else max(0, letter.timestamp_ms or 0),
                on_delivery=partial(self._answered, parcel),
            )
        except BufferError as error:
            self._again(parcel, now, str(error))
        except KafkaException as error:
            self._failed(parcel, error.args[0], now)
            if error.args[0].fatal():
                # An idempotent producer does not recover from a fatal error. The answers for what it had queued are
                # served first: a letter that is never answered would hold its partition for ever.
                failed, self._producer = self._producer, self._connect()
                failed.purge()
                failed.flush(PURGE)

    def _partition(self, letter: Letter, now: float) -> int | None:
        """The partition to write to, -1 for the client's choice; None while it cannot be known."""
        if letter.spread_by is None:
            return -1
        count = self._partitions.count(self._producer, letter.topic, now)
        return None if count is None else zlib.crc32(letter.spread_by.encode("utf-8", "backslashreplace")) % count

    def _answered(self, parcel: Parcel, error: KafkaError | None, _message: object) -> None:
        # A delivery callback: nothing in here may call the producer, whose C code is not made for it.
        if parcel not in self._open and parcel not in self._late:
            return  # let go meanwhile
        if error is not None:
            self._failed(parcel, error, time.monotonic())
            return
        if self._troubles:
            self._troubles.written(parcel)
        parcel.written += 1
        if parcel.written == len(parcel.letters):
            if parcel in self._late:
                self._late.discard(parcel)
            else:
                self._end(parcel, parcel.done)
        else:
            parcel.stands = True
            parcel.untimed = False
            self._at_once.append(parcel)

    def _failed(self, parcel: Parcel, error: KafkaError, now: float) -> None:
        match error.code():
            case KafkaError.INVALID_TIMESTAMP if not parcel.untimed:
                parcel.untimed = True  # the source topic allows what this one does not; a header has it
                self._at_once.append(parcel)
            case KafkaError._PURGE_QUEUE | KafkaError._PURGE_INFLIGHT:
                self._again(parcel, now)  # our own doing, after a fatal error that has been told
            case code:
                if code == KafkaError._UNKNOWN_PARTITION and parcel in self._open:  # asking holds the thread up
                    self._partitions.doubt(parcel.letter.topic)
                self._again(parcel, now, explained(error, parcel.letter))

    def _again(self, parcel: Parcel, now: float, trouble: str | None = None) -> None:
        if parcel in self._open and parcel.claim.released:
            self._let_go(parcel)
        if parcel in self._late:
            if now >= parcel.until:
                self._late.discard(parcel)
                self._forgo([parcel])
                return
            parcel.due = now + RETRY_LATE  # nothing waits for it: it is no trouble
        elif parcel in self._open:
            if trouble is not None:
                self._troubles.failed(parcel, trouble)
            parcel.due = now + RETRY
        else:
            return
        heapq.heappush(self._later, parcel)

    def _let_go(self, parcel: Parcel) -> None:
        """The parcel is waited for no longer. What of it is not written is not tried again, save for receipts."""
        self._troubles.forget(parcel)
        if not parcel.stands:
            self._end(parcel, parcel.abandoned)
        elif parcel.final and len(self._late) < MOST_LATE:
            self._late.add(parcel)
            self._end(parcel, parcel.detach(time.monotonic() + LATE))
        else:
            self._forgo([parcel])
            self._end(parcel, parcel.done)

    def _forgo(self, parcels: Iterable[Parcel]) -> None:
        missing = Counter(letter.topic for parcel in parcels for letter in parcel.letters[parcel.written :])
        for topic, receipts in missing.items():
            self._on_forgone(topic, receipts)

    def _end(self, parcel: Parcel, tell: Callable[[], None] | None) -> None:
        self._open.discard(parcel)
        if tell is not None:
            tell()


def explained(error: KafkaError, letter: Letter) -> str:
    """What is wrong, and what to do about it."""
    topic = letter.topic
    match error.code():
        case KafkaError._UNKNOWN_PARTITION if letter.partition is not None:
            least = letter.partition + 1
            hint = f"give the topic {topic} at least {least} partitions, and no fewer than the topics that are read"
        case KafkaError.UNKNOWN_TOPIC_OR_PART | KafkaError._UNKNOWN_TOPIC:
            hint = f"create the topic {topic}"
        case KafkaError.MSG_SIZE_TOO_LARGE:
            hint = (
                f"raise max.message.bytes of the topic {topic} above that of the source topic (above 10 MB also"
                " message.max.bytes in kafka.properties)"
            )
        case KafkaError.TOPIC_AUTHORIZATION_FAILED | KafkaError.CLUSTER_AUTHORIZATION_FAILED:
            hint = f"allow this principal to write to the topic {topic}"
        case KafkaError._MSG_TIMED_OUT:
            hint = f"no broker acknowledged it in time; is there a topic {topic}, and are its brokers up?"
        case _:
            hint = f"the topic is {topic}"
    # An error says the same whether `produce` raises it or the answer brings it.
    return f"{error.str().removeprefix('Unable to produce message: ')}: {hint}"
