"""The outbox and a producer, topic or claim that fails it."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any
from zlib import crc32

import pytest
from confluent_kafka import KafkaError, KafkaException

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record
from connector.kafka.letters import Letter
from connector.kafka.outbox import Outbox

FATAL = KafkaError(KafkaError._FATAL, "out of order", True)
DEAD = Letter("dead", b"key", b"value", [("h", b"x")], 1000)


class Producer:
    """Answers when it is polled, purged and flushed, as librdkafka does: with the topic's errors in turn, or well."""

    def __init__(self, *, room: int = 1000, counts: dict[str, int] | None = None) -> None:
        self.room = room
        self.counts = {} if counts is None else counts
        self.errors: dict[str, list[KafkaError]] = {}
        self.answering = True
        self.written: list[tuple[str, dict[str, Any]]] = []
        self.asked: list[str] = []
        self._queued: list[tuple[str, dict[str, Any]]] = []
        self._in_callback = False

    def produce(self, topic: str, **letter: Any) -> None:
        if not self.room:
            raise KafkaException(FATAL)
        self.room -= 1
        if topic in self.counts and letter["partition"] >= self.counts[topic]:
            raise KafkaException(KafkaError(KafkaError._UNKNOWN_PARTITION))
        self._queued.append((topic, letter))

    def poll(self, _timeout: float) -> None:
        if self.room and self.answering:
            self._answer(None)

    def purge(self) -> None:
        self._purged = True

    def flush(self, _timeout: float) -> None:
        assert self._purged
        self._answer(KafkaError(KafkaError._PURGE_QUEUE))

    def list_topics(self, topic: str, _timeout: float) -> Any:
        assert not self._in_callback, "the client's C code does not take that"
        self.asked.append(topic)
        return SimpleNamespace(topics={topic: SimpleNamespace(partitions=range(self.counts.get(topic, 0)))})

    def _answer(self, error: KafkaError | None) -> None:
        self._in_callback = True
        queued, self._queued = self._queued, []
        for topic, letter in queued:
            errors = self.errors.get(topic)
            problem = error or (errors.pop(0) if errors else None)
            if problem is None:
                self.written.append((topic, letter))
            letter["on_delivery"](problem, None)
        self._in_callback = False


class Desk:
    """An outbox over producers, and what it has said."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *producers: Producer) -> None:
        monkeypatch.setattr("connector.kafka.outbox.RETRY", 1e-6)
        monkeypatch.setattr("connector.kafka.outbox.RETRY_LATE", 1e-6)
        monkeypatch.setattr("connector.kafka.partitions.LOOK", 0.0)
        self.producer = producers[0]
        self.said: list[Any] = []
        self.claim = Claim("leads", 3, PartitionProgress(0))
        left = list(producers)
        self.outbox = Outbox(
            lambda: left.pop(0),  # type: ignore[arg-type,return-value]
            on_trouble=lambda topic, text: self.said.append(("trouble", topic, text)),
            on_written=lambda topic: self.said.append(("written", topic)),
            on_forgone=lambda topic, receipts: self.said.append(("forgone", topic, receipts)),
        )

    def record(self, offset: int = 7) -> Record:
        return Record(self.claim, offset, 1000, None, b"x", None)

    def send(self, *letters: Letter, offset: int = 7, final: bool = True) -> None:
        done, left = self.told("done", offset), self.told("left", offset)
        self.outbox.send(self.record(offset), letters, done, abandoned=left, final=final)

    def receipts(self, *letters: Letter) -> None:
        self.outbox.send_receipts([self.record(n) for n in range(len(letters))], letters, self.told("done", "all"))

    def told(self, what: str, who: object) -> Callable[[], None]:
        return lambda: self.said.append((what, who))

    def poll(self, times: int = 1) -> None:
        for _ in range(times):
            self.outbox.poll()

    @property
    def topics(self) -> list[str]:
        return [topic for topic, _ in self.producer.written]


def test_a_letter_is_written_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, value, headers and timestamp arrive; where no partition is named the client chooses."""
    desk = Desk(monkeypatch, Producer())
    desk.send(DEAD)
    assert desk.outbox.pending == 1
    desk.poll(2)
    [(topic, letter)] = desk.producer.written
    assert (topic, letter["key"], letter["value"], letter["headers"]) == ("dead", b"key", b"value", [("h", b"x")])
    assert (letter["timestamp"], letter["partition"]) == (1000, -1)
    assert desk.said == [("done", 7)] and desk.outbox.pending == 0


def test_a_receipt_is_not_sent_before_its_dead_letter_is_acknowledged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters of a record go one after the other, whatever others do; then the record is done, once."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.errors["dead"] = [KafkaError(KafkaError._MSG_TIMED_OUT)]
    desk.send(DEAD, Letter("receipts", b"a", b"1", partition=3))
    desk.send(DEAD, Letter("receipts", b"b", b"2", partition=3), offset=8)
    desk.poll(6)
    assert [letter["key"] for topic, letter in desk.producer.written if topic == "receipts"] == [b"b", b"a"]
    assert desk.topics.index("receipts") > desk.topics.index("dead")
    assert sorted(what for what in desk.said if what[0] == "done") == [("done", 7), ("done", 8)]


def test_a_batch_of_receipts_is_done_once_when_all_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that fails is waited for; the others are not written again."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.errors["receipts"] = [KafkaError(KafkaError._MSG_TIMED_OUT)]
    desk.receipts(*(Letter("receipts", b"%d" % n, b"", partition=0) for n in range(50)))
    desk.poll()
    assert ("done", "all") not in desk.said and desk.outbox.pending == 1
    desk.poll(2)
    assert desk.said[-2:] == [("written", "receipts"), ("done", "all")]
    assert len({letter["key"] for _, letter in desk.producer.written}) == len(desk.producer.written) == 50


def test_receipts_of_nothing_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their end would never be told."""
    with pytest.raises(ValueError, match="no records"):
        Desk(monkeypatch, Producer()).receipts()


def test_no_letters_are_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record with nothing to write is done at the next poll."""
    desk = Desk(monkeypatch, Producer())
    desk.send()
    desk.poll()
    assert desk.said == [("done", 7)]


def test_a_timestamp_that_the_topic_refuses_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record stamped two hours ahead on a topic that allows it: the letter goes with the time of writing, and that
    is no trouble. The letter after it keeps its own time."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.errors["dead"] = [KafkaError(KafkaError.INVALID_TIMESTAMP)]
    desk.send(DEAD._replace(timestamp_ms=4_000_000_000_000), Letter("receipts", b"a", b"1", None, 2000))
    desk.poll(3)
    assert [letter["timestamp"] for _, letter in desk.producer.written] == [0, 2000]
    assert desk.said == [("done", 7)]


def test_a_topic_that_refuses_every_timestamp_is_a_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """No endless loop within one poll."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.errors["dead"] = [KafkaError(KafkaError.INVALID_TIMESTAMP)] * 5
    desk.send(DEAD)
    desk.poll(10)
    assert desk.said[-1] == ("done", 7) and len(desk.said) == 4 + 2


def test_a_fatal_producer_error_forgets_no_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters that the failed producer had taken are written by the next one; only the cause is told."""
    desk = Desk(monkeypatch, Producer(room=2), last := Producer())
    for offset in range(4):
        desk.send(DEAD, offset=offset)
    desk.poll(3)
    assert len(last.written) == 4
    assert sorted(what for what in desk.said if what[0] == "done") == [("done", n) for n in range(4)]
    assert [what[2] for what in desk.said if what[0] == "trouble"] == ["out of order: the topic is dead"]


def test_a_partition_that_is_missing_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """The text says what to do, the producer is made to look, and what goes to other partitions is no end of it."""
    desk = Desk(monkeypatch, Producer(counts={"receipts": 3}))
    desk.receipts(*(Letter("receipts", b"x", b"", partition=n) for n in (2, 5)))
    desk.poll(2)
    assert desk.said[0][2].endswith(
        "give the topic receipts at least 6 partitions, and no fewer than the topics that are read"
    )
    assert "receipts" in desk.producer.asked
    assert not [what for what in desk.said if what[0] != "trouble"]
    desk.producer.counts["receipts"] = 6
    desk.poll(3)
    assert desk.said[-2:] == [("written", "receipts"), ("done", "all")]


def test_troubles_are_told_by_topic(monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic that works says nothing, and its letters do not end the trouble of another."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.errors["dead"] = [KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED)] * 2
    desk.send(DEAD)
    desk.receipts(Letter("receipts", b"x", b""))
    desk.poll(4)
    assert [what[:2] for what in desk.said] == [
        ("trouble", "dead"),
        ("done", "all"),
        ("trouble", "dead"),
        ("written", "dead"),
        ("done", 7),
    ]
    assert "allow this principal to write to the topic dead" in desk.said[0][2]


def test_a_letter_in_trouble_that_is_given_up_does_not_end_the_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a letter that was written says that the topic can be written again."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.errors["dead"] = [KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)]
    desk.send(DEAD)
    desk.poll()
    desk.claim.released = True
    desk.poll()
    assert [what[0] for what in desk.said] == ["trouble", "left"]
    desk.claim = Claim("leads", 3, PartitionProgress(0))
    desk.send(DEAD, offset=9)
    desk.poll(2)
    assert desk.said[2:] == [("written", "dead"), ("done", 9)]


@pytest.mark.parametrize("count", [1, 3, 7])
def test_letters_that_share_a_text_share_a_partition(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Whatever their keys; the number of partitions is asked for once."""
    desk = Desk(monkeypatch, Producer(counts={"retry": count}))
    for offset in range(5):
        desk.send(Letter("retry", b"%d" % offset, b"", spread_by="ventas México \ud800"), offset=offset)
    desk.poll(2)
    expected = crc32("ventas México \\ud800".encode()) % count
    assert [letter["partition"] for _, letter in desk.producer.written] == [expected] * 5
    assert desk.producer.asked == ["retry"]


def test_a_letter_waits_until_the_partitions_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the topic nothing can be said of its partitions; made later, it is found."""
    desk = Desk(monkeypatch, Producer())
    desk.send(Letter("retry", b"a", b"", spread_by="sales"))
    desk.poll(2)
    assert "is there a topic retry?" in desk.said[0][2] and desk.outbox.pending == 1
    desk.producer.counts["retry"] = 2
    desk.poll(2)
    assert desk.said[-2:] == [("written", "retry"), ("done", 7)]


def test_fewer_partitions_than_before_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A retry topic made anew with fewer: the letter goes to one that is there."""
    desk = Desk(monkeypatch, Producer(counts={"retry": 100}))
    desk.send(Letter("retry", b"a", b"", spread_by="sales"))
    desk.poll(2)
    desk.producer.counts["retry"] = 1
    desk.send(Letter("retry", b"a", b"", spread_by="sales"), offset=8)
    desk.poll(4)
    assert desk.said[-1] == ("done", 8)
    assert desk.producer.written[-1][1]["partition"] == 0


def test_a_record_whose_claim_is_released_is_left_to_its_next_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its dead letter is taken, and after it failed."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.errors["dead"] = [KafkaError(KafkaError._MSG_TIMED_OUT)]
    desk.send(DEAD, offset=1)
    desk.poll()
    desk.claim.released = True
    desk.send(DEAD, offset=2)
    desk.poll(2)
    assert not desk.producer.written
    assert sorted(desk.said[1:]) == [("left", 1), ("left", 2)] and desk.outbox.pending == 0


def test_an_outcome_that_stands_is_never_left_to_the_next_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Released after the dead letter was written, or after the delivery: the record is done whether its receipt is
    written or not. Its next owner would send it, or set it aside, again. The receipt is tried on."""
    desk = Desk(monkeypatch, Producer())
    desk.send(DEAD, Letter("receipts", b"a", b""))
    desk.poll()
    desk.claim.released = True
    desk.producer.errors["receipts"] = [KafkaError(KafkaError._MSG_TIMED_OUT)]
    desk.poll(4)
    assert desk.said == [("done", 7)], "no leads are held up by it"
    assert desk.topics == ["dead", "receipts"]
    desk.receipts(Letter("receipts", b"b", b""))
    desk.poll(2)
    assert desk.topics == ["dead", "receipts", "receipts"] and desk.said[1:] == [("done", "all")]


def test_the_receipt_of_an_outcome_that_is_not_the_last_is_not_written_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parked, and the partition lost: whoever has the lead next writes what became of it, and that must stand."""
    desk = Desk(monkeypatch, Producer())
    desk.send(DEAD, Letter("receipts", b"a", b""), final=False)
    desk.producer.errors["receipts"] = [KafkaError(KafkaError._MSG_TIMED_OUT)] * 3
    desk.poll(2)
    desk.claim.released = True
    desk.poll(4)
    assert desk.topics == ["dead"] and desk.said[-2:] == [("forgone", "receipts", 1), ("done", 7)]


def test_a_late_receipt_is_given_up_in_the_end_and_keeps_nothing_but_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its record and all that shared its request may be large, and count against the buffer no longer."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.errors["receipts"] = [KafkaError(KafkaError._MSG_TIMED_OUT)] * 100
    done = partial(desk.said.append, ("done", "one"))
    kept = weakref.ref(done)
    desk.outbox.send_receipts([desk.record()], [Letter("receipts", b"a", b"")], done)
    del done
    desk.poll(2)
    desk.claim.released = True
    desk.poll(2)
    desk.said.clear()
    assert kept() is None
    desk.poll(4)
    assert not desk.said, "it is tried on"
    monkeypatch.setattr("connector.kafka.outbox.LATE", 0.0)
    desk.claim = Claim("leads", 4, PartitionProgress(0))
    desk.receipts(Letter("receipts", b"b", b""))
    desk.claim.released = True
    desk.poll(4)
    assert ("forgone", "receipts", 1) in desk.said


def test_receipts_survive_a_broker_that_is_away_for_longer_than_the_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delivered, then the broker goes and the partitions are lost: when it is back the receipts are written, once, for
    nobody sends these leads again and nobody else would write them."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.errors["receipts"] = [KafkaError(KafkaError._MSG_TIMED_OUT)] * 4
    desk.receipts(Letter("receipts", b"a", b""), Letter("receipts", b"b", b""))
    desk.poll()
    desk.claim.released = True
    desk.poll(10)
    assert sorted(letter["key"] for _, letter in desk.producer.written) == [b"a", b"b"]
    assert [what for what in desk.said if what[0] != "trouble"] == [("done", "all"), ("written", "receipts")]
    desk.outbox.close()
    assert desk.said[-1] == ("written", "receipts"), "nothing is missing"


def test_receipts_that_are_not_written_by_the_end_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many, and of which topic; so are those that are too many to keep."""
    monkeypatch.setattr("connector.kafka.outbox.MOST_LATE", 2)
    desk = Desk(monkeypatch, Producer())
    desk.producer.answering = False
    desk.receipts(*(Letter("receipts", b"%d" % n, b"") for n in range(5)))
    desk.poll()
    desk.claim.released = True
    desk.outbox.forgo(released_only=True)
    assert desk.said == [("forgone", "receipts", 1)] * 3 + [("done", "all")]
    desk.outbox.close()
    assert desk.said[4:] == [("forgone", "receipts", 2)]


@pytest.mark.parametrize("released_only", [True, False])
def test_receipts_are_forgone_before_the_last_commit(monkeypatch: pytest.MonkeyPatch, released_only: bool) -> None:
    """What waits for nothing but a receipt is done; dead letters that are not acknowledged are not."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.answering = False
    desk.receipts(Letter("receipts", b"a", b""), Letter("receipts", b"b", b""))
    desk.send(DEAD, Letter("receipts", b"c", b""))
    kept, desk.claim = desk.claim, Claim("leads", 4, PartitionProgress(0))
    desk.receipts(Letter("receipts", b"d", b""))
    desk.poll()
    kept.released = True
    desk.outbox.forgo(released_only=released_only)
    assert desk.said.count(("done", "all")) == (1 if released_only else 2)
    assert desk.outbox.pending == (2 if released_only else 1)
    desk.producer.answering = True
    desk.poll(4)
    assert desk.said.count(("done", "all")) == 2 and desk.said.count(("done", 7)) == 1
    assert desk.outbox.pending == 0, "a late answer changes nothing"


def test_close_tells_nobody_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not acknowledged is read again."""
    desk = Desk(monkeypatch, Producer())
    desk.producer.answering = False
    desk.send(DEAD)
    desk.receipts(Letter("receipts", b"a", b""))
    desk.poll()
    desk.outbox.close()
    desk.producer.flush(0)
    assert desk.said == []
