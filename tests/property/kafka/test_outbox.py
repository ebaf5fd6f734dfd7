"""The outbox, whatever becomes of letters, producers and claims: every record ends once, and as it must."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record
from connector.kafka.letters import Letter
from connector.kafka.outbox import Outbox

FATAL = KafkaError(KafkaError._FATAL, "fenced", True)
REFUSALS = [
    KafkaError(code)
    for code in (KafkaError._MSG_TIMED_OUT, KafkaError.INVALID_TIMESTAMP, KafkaError.TOPIC_AUTHORIZATION_FAILED)
]


class Broker:
    """What was acknowledged, over all producers; a letter's value names it."""

    def __init__(self) -> None:
        self.acknowledged: list[bytes] = []


class Producer:
    """Answers what it is told to answer, when it is polled."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self.fatal = False
        self.full = False
        self.queued: list[tuple[bytes, Callable[..., None]]] = []
        self.answers: list[tuple[bytes, Callable[..., None], KafkaError | None]] = []

    def produce(self, _topic: str, *, value: bytes, on_delivery: Callable[..., None], **_rest: Any) -> None:
        if self.fatal:
            raise KafkaException(FATAL)
        if self.full:
            raise BufferError("Local: Queue full")
        self.queued.append((value, on_delivery))

    def poll(self, _timeout: float) -> None:
        answers, self.answers = self.answers, []
        for value, told, error in answers:
            if error is None:
                self._broker.acknowledged.append(value)
            told(error, None)

    def purge(self) -> None:
        error = KafkaError(KafkaError._PURGE_QUEUE)
        self.answers += [(value, told, error) for value, told in self.queued]
        self.queued.clear()

    def flush(self, _timeout: float) -> None:
        self.poll(0)


class Life(RuleBasedStateMachine):
    """Dead letters with receipts, receipts of deliveries in batches, claims that come and go."""

    @initialize()
    def begin(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("connector.kafka.outbox.RETRY", 1e-9)
        self.patch.setattr("connector.kafka.outbox.RETRY_LATE", 1e-9)
        self.broker = Broker()
        self.producers: list[Producer] = []
        self.claim = Claim("leads", 0, PartitionProgress(0))
        self.number = 0
        self.forgone = 0
        self.standing: list[bytes] = []
        """Letters and receipts of records that are done."""
        self.awaited: dict[int, tuple[Claim, list[bytes], bool]] = {}
        """Sent and not ended: claim, values of the letters, and whether they are receipts of a batch."""
        self.troubled: set[str] = set()
        self.outbox = Outbox(
            self.connect,  # type: ignore[arg-type]
            on_trouble=lambda topic, _text: self.troubled.add(topic),
            on_written=self.written,
            on_forgone=self.count_forgone,
        )

    def connect(self) -> Producer:
        self.producers.append(Producer(self.broker))
        return self.producers[-1]

    def written(self, topic: str) -> None:
        assert topic in self.troubled, "only after a trouble"
        self.troubled.remove(topic)

    def count_forgone(self, _topic: str, receipts: int) -> None:
        self.forgone += receipts

    def done(self, number: int) -> None:
        claim, values, batch = self.awaited.pop(number)
        self.standing += values
        acknowledged = [value for value in values if value in self.broker.acknowledged]
        if batch:
            assert len(acknowledged) == len(values) or self.may_forgo(claim)
        else:
            assert values[0] in acknowledged, "the outcome is durable"
            assert len(acknowledged) == len(values) or self.may_forgo(claim)
            places = [self.broker.acknowledged.index(value) for value in acknowledged]
            assert places == sorted(places), "each after the one before"

    def may_forgo(self, claim: Claim) -> bool:
        return claim.released or self.forgoing_all

    def abandoned(self, number: int) -> None:
        claim, values, batch = self.awaited.pop(number)
        assert claim.released and not batch and values[0] not in self.broker.acknowledged

    forgoing_all = False

    @rule(letters=st.integers(1, 3))
    def send(self, letters: int) -> None:
        number = self.number = self.number + 1
        values = [f"{number}/{each}".encode() for each in range(letters)]
        self.awaited[number] = (self.claim, values, False)
        self.outbox.send(
            Record(self.claim, number, None, None, None, None),
            [Letter(f"topic-{each}", None, value) for each, value in enumerate(values)],
            partial(self.done, number),
            abandoned=partial(self.abandoned, number),
        )

    @rule(leads=st.integers(1, 4))
    def delivered(self, leads: int) -> None:
        number = self.number = self.number + 1
        values = [f"{number}/{each}".encode() for each in range(leads)]
        self.awaited[number] = (self.claim, values, True)
        records = [Record(self.claim, number, None, None, None, None)] * leads
        self.outbox.send_receipts(records, [Letter("topic-1", None, v) for v in values], partial(self.done, number))

    @rule()
    def poll(self) -> None:
        self.outbox.poll()

    @precondition(lambda self: any(producer.queued for producer in self.producers))
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """The broker answers some letters, well or not; it is heard at the next poll."""
        producer = self.producers[-1]
        for value, told in list(producer.queued):
            what = data.draw(st.sampled_from(["wait", "well", "well", "ill"]))
            if what != "wait":
                producer.queued.remove((value, told))
                error = data.draw(st.sampled_from(REFUSALS)) if what == "ill" else None
                producer.answers.append((value, told, error))

    @rule(fatal=st.booleans())
    def fail(self, fatal: bool) -> None:
        self.producers[-1].fatal |= fatal
        self.producers[-1].full = not self.producers[-1].full

    @rule()
    def release(self) -> None:
        """The partition goes, and comes back under another claim."""
        self.claim.released = True
        self.claim = Claim("leads", 0, PartitionProgress(0))

    @rule(everything=st.booleans())
    def forgo(self, everything: bool) -> None:
        self.forgoing_all = everything
        self.outbox.forgo(released_only=not everything)
        self.forgoing_all = False
        for claim, values, batch in self.awaited.values():
            stands = batch or values[0] in self.broker.acknowledged
            assert not (stands and (everything or claim.released)), "nothing that stands is waited for"

    @invariant()
    def none_is_forgotten(self) -> None:
        if hasattr(self, "outbox"):
            assert (self.outbox.pending == 0) == (not self.awaited)

    def teardown(self) -> None:
        """With a broker that answers, everything ends, and no trouble stays."""
        if not hasattr(self, "outbox"):
            return
        for _ in range(12):
            for producer in self.producers:
                producer.full = False
                producer.answers += [(value, told, None) for value, told in producer.queued]
                producer.queued.clear()
            self.outbox.poll()
        assert not self.awaited and self.outbox.pending == 0
        assert sorted(self.broker.acknowledged) == sorted(self.standing), "every receipt of what stands, nothing twice"
        self.outbox.close()
        assert not self.forgone
        self.patch.undo()


Life.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestLife = Life.TestCase
