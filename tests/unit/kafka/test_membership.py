"""The lease is renewed by what the group answers, and a question is asked when nothing else is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition

from connector.delivery.lease import Lease
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim
from connector.kafka.commits import Committer
from connector.kafka.journal import topic_mark
from tests.unit.kafka.watch import QuietWatch


class Group:
    """A consumer whose commits wait for the test's answer."""

    def __init__(self) -> None:
        self.sent: list[TopicPartition] = []

    def commit(self, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        self.sent = offsets
        return offsets


def made(
    seconds: float, *starts: int | None, clock: Callable[[], float] = time.monotonic
) -> tuple[Lease, Committer, Any]:
    """A lease, a committer with a claim for each start, and the group. ``clock``: the lease's."""
    lease, group = Lease(seconds, clock), Group()
    committer = Committer(QuietWatch(), lease, 100, exact=False)
    for partition, start in enumerate(starts):
        committer.adopt(Claim("leads", partition, PartitionProgress(start)), topic_mark("leads"), start)
    return lease, committer, group


def test_an_idle_member_asks_by_a_commit() -> None:
    """Of a partition whose position is known; the answer renews the lease from when it was asked."""
    lease, committer, group = made(1000.0, None, 7)
    committer.commit(group)
    assert [(each.partition, each.offset) for each in group.sent] == [(1, 7)]
    assert not lease.holds(), "what is asked is not answered"
    committer.answered(None, group.sent)
    assert lease.holds()
    group.sent = []
    committer.commit(group)
    assert group.sent == [], "not more often than the lease needs"


def test_the_lease_runs_from_the_question_not_from_the_answer() -> None:
    """An answer that was long under way says nothing of now."""
    now = 0.0
    lease, committer, group = made(0.2, 0, clock=lambda: now)
    committer.commit(group)
    # The earliest moment at which a lease from the question is surely over; one from the answer below would still run.
    now = time.monotonic() + 0.2
    committer.answered(None, group.sent)
    assert not lease.holds()


@pytest.mark.parametrize(
    ("code", "member"),
    [
        (KafkaError.REBALANCE_IN_PROGRESS, True),
        (KafkaError.UNKNOWN_MEMBER_ID, False),
        (KafkaError.ILLEGAL_GENERATION, False),
        (KafkaError._TRANSPORT, False),
        (KafkaError._TIMED_OUT, False),
    ],
)
def test_a_refusal_tells_whether_we_are_a_member(code: int, member: bool) -> None:
    """While others rejoin the coordinator refuses commits of those it knows; what comes from nobody proves nothing."""
    lease, committer, group = made(1000.0, 0)
    committer.commit(group)
    committer.answered(KafkaError(code), group.sent)
    assert lease.holds() is member
