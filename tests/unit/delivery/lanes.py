"""Leads, answers and lanes for the tests of the delivery core, on a clock of our own."""

from __future__ import annotations

import itertools
from typing import Any

from connector.delivery.backoff import Backoff
from connector.delivery.lane import Batch, Lane, LanePolicy
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead

OK = Answer(AnswerClass.ACCEPTED, 200)
DOWN = Answer(AnswerClass.UNAVAILABLE, 500)
LOST = Answer(AnswerClass.AMBIGUOUS)
BAD = Answer(AnswerClass.REJECTED, 400)
LARGE = Answer(AnswerClass.TOO_LARGE, 413)
FAILURES = [
    AnswerClass.UNAVAILABLE,
    AnswerClass.AMBIGUOUS,
    AnswerClass.UNAUTHORIZED,
    AnswerClass.UNKNOWN_HUB,
    AnswerClass.THROTTLED,
]
"""They say nothing of the leads."""

_offsets = itertools.count()


def shipment(now: float = 0.0, size: int = 10, claim: Claim | None = None, hub_from_event: bool = False) -> Shipment:
    """A lead of ``size`` bytes that has waited since ``now``."""
    claim = claim or Claim("leads", 0, PartitionProgress(0))
    record = Record(claim, next(_offsets), None, None, b"x", None)
    lead = MappedLead("id", None, "route", Destination("sales"), b"x" * size, hub_from_event)
    return Shipment(record, lead, now)


def lane(max_leads: int = 50, linger: float = 0.1, max_in_flight: int = 8, **more: Any) -> Lane:
    """A lane that waits 0.2, 0.4, 0.8 … 30 s after failures: no jitter."""
    policy = LanePolicy(max_leads, 10_000, linger, max_in_flight, Backoff(0.2, 30.0), **more)
    return Lane(policy, lambda: 1.0)


def fill(one: Lane, count: int, now: float = 0.0) -> list[Shipment]:
    """So many leads, added in this order."""
    leads = [shipment(now) for _ in range(count)]
    for lead in leads:
        one.add(lead)
    return leads


def taken(one: Lane, now: float) -> Batch:
    """The next batch, which must be there."""
    batch = one.take(now)
    assert batch is not None
    return batch


def all_taken(one: Lane, now: float) -> list[Batch]:
    """Everything that goes now."""
    return list(iter(lambda: one.take(now), None))


def woken(one: Lane) -> float:
    """When the lane wants to be asked again, which it must want."""
    wake_at = one.wake_at()
    assert wake_at is not None
    return wake_at


def fail(one: Lane, times: int, now: float = 0.0, answer: Answer = DOWN) -> float:
    """One request after the other fails, each as early as it may go. Gives the time of the last failure."""
    for turn in range(times):
        if turn:
            now = woken(one)
        one.settle(taken(one, now), answer, now)
    return now
