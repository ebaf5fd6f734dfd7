"""Letters and receipts on a real Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewPartitions  # type: ignore[attr-defined]

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record
from connector.kafka.clients import Clients
from connector.kafka.letters import Letter
from connector.kafka.outbox import Outbox
from connector.kafka.receipt_reader import ReceiptsRead, read_receipts
from connector.kafka.receipts import Receipt, receipt_letter, receipt_of
from connector.kafka.settings import KafkaSettings
from connector.leads.outcome import Outcome
from testbed.broker import Broker
from testbed.waiting import until
from tests.conftest import MakeTopic

START_MS = 1_768_489_200_000


class Desk:
    """An outbox on a broker, and what it has said."""

    def __init__(self, kafka: Broker) -> None:
        self.clients = Clients(KafkaSettings(kafka.bootstrap_servers, "outbox", ("leads",)), lambda _trouble: None)
        self.troubles: list[tuple[str, str]] = []
        self.written: list[str] = []
        self.outbox = Outbox(
            self.clients.producer,
            on_trouble=lambda topic, text: self.troubles.append((topic, text)),
            on_written=self.written.append,
            on_forgone=lambda topic, receipts: pytest.fail(f"{receipts} receipts of {topic}"),
        )

    def serve(self, condition: Callable[[], bool], what: str) -> None:
        """Serve the outbox until something is so."""

        def turn() -> bool:
            self.outbox.poll()
            return condition()

        until(turn, limit=120, what=what, details=lambda: str(self.troubles[-3:]))

    def receipts(self, topic: str, partition: int, times: list[int]) -> list[Receipt]:
        """Receipts of delivered records, offset by offset, written and acknowledged."""
        claim = Claim("leads", partition, PartitionProgress(0))
        records = [Record(claim, offset, None, None, None, None) for offset in range(len(times))]
        receipts = [
            receipt_of(record, Outcome.DELIVERED, None, now_ms=time_ms)
            for record, time_ms in zip(records, times, strict=True)
        ]
        done: list[bool] = []
        self.outbox.send_receipts(
            records, [receipt_letter(topic, each) for each in receipts], lambda: done.append(True)
        )
        self.serve(lambda: bool(done), "receipts are written")
        return receipts


def read(desk: Desk, topic: str, partition: int, since_ms: int) -> tuple[ReceiptsRead, list[Receipt]]:
    """What came of it, and the receipts."""
    found: list[Receipt] = []
    deadline = time.monotonic() + 120
    return read_receipts(desk.clients.reader, topic, partition, since_ms, found.append, deadline=deadline), found


def test_receipts_come_back_from_their_time_on(kafka: Broker, make_topic: MakeTopic) -> None:
    """Of one partition, to an end that is a transaction's marker and no message; what is foreign is counted."""
    desk = Desk(kafka)
    topic = make_topic(3, name="receipts")
    receipts = desk.receipts(topic, 2, [START_MS + 1000 * number for number in range(100)])
    desk.receipts(topic, 1, [START_MS] * 3)
    foreign = Producer({"bootstrap.servers": kafka.bootstrap_servers, "transactional.id": topic})
    foreign.init_transactions(60)
    foreign.begin_transaction()
    foreign.produce(topic, b"hello", b"key", 2)
    foreign.produce(topic, None, b"leads/2/5", 2)
    foreign.commit_transaction(60)
    # The marker is written some time after the commit is acknowledged.
    until(lambda: read(desk, topic, 2, 0) == (ReceiptsRead(100, 1, None), receipts), limit=120, what="all is read")
    assert read(desk, topic, 2, START_MS + 60_000) == (ReceiptsRead(40, 1, None), receipts[60:])
    assert read(desk, topic, 2, START_MS + 10**13)[0].receipts == 0
    assert read(desk, topic, 0, 0) == (ReceiptsRead(0, 0, None), [])
    came, _ = read(desk, topic, 7, 0)
    assert came.trouble is not None and "at least 8 partitions" in came.trouble


def test_a_partition_that_is_added_is_noticed(kafka: Broker, make_topic: MakeTopic) -> None:
    """Not after five minutes, when the producer would look by itself."""
    desk = Desk(kafka)
    topic = make_topic(1, name="receipts")
    desk.receipts(topic, 0, [START_MS])
    record = Record(Claim("leads", 3, PartitionProgress(0)), 0, None, None, None, None)
    done: list[bool] = []
    desk.outbox.send_receipts([record], [Letter(topic, b"k", b"v", partition=3)], lambda: done.append(True))
    desk.serve(lambda: bool(desk.troubles), "the missing partition is told")
    assert "at least 4 partitions" in desk.troubles[0][1]
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    admin.create_partitions([NewPartitions(topic, 4)])[topic].result(60)
    desk.serve(lambda: bool(done), "the receipt is written")
    assert desk.written == [topic]


def test_leads_of_a_hub_lie_together_on_the_retry_topic(kafka: Broker, make_topic: MakeTopic) -> None:
    """In order, whatever their keys."""
    desk = Desk(kafka)
    topic = make_topic(6, name="retry")
    done: list[int] = []
    for number in range(30):
        record = Record(Claim("leads", 0, PartitionProgress(0)), number, None, None, None, None)
        letter = Letter(
            topic, b"key-%d" % number, b"%d" % number, [("h", b"x")], START_MS, spread_by=f"hub-{number % 3}"
        )
        desk.outbox.send(record, [letter], lambda: done.append(1), abandoned=lambda: pytest.fail("given up"))
    desk.serve(lambda: len(done) == 30, "the letters are written")
    consumer = desk.clients.reader()
    consumer.assign([TopicPartition(topic, partition, 0) for partition in range(6)])
    found: dict[int, list[tuple[int, int]]] = {}

    def take() -> bool:
        for message in consumer.consume(100, 0.2):
            if message.error() is None:
                value, partition = message.value(), message.partition()
                assert value is not None and partition is not None
                found.setdefault(int(value) % 3, []).append((partition, int(value)))
        return sum(map(len, found.values())) == 30

    until(take, limit=120, what="30 letters")
    consumer.close()
    for letters in found.values():
        assert len({partition for partition, _ in letters}) == 1
        assert [number for _, number in letters] == sorted(number for _, number in letters)
