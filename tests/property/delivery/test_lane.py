"""The lane, whatever arrives and whatever the API answers, on a clock of our own."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connector.delivery.backoff import Backoff
from connector.delivery.lane import LONGEST_RETRY_AFTER, Batch, Flush, Lane, LanePolicy
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Reason

OK = Answer(AnswerClass.ACCEPTED, 200)
DOWN = Answer(AnswerClass.UNAVAILABLE, 500)
BAD = Answer(AnswerClass.REJECTED, 400)
LARGE = Answer(AnswerClass.TOO_LARGE, 413)
RETRIED = [
    AnswerClass.UNAVAILABLE,
    AnswerClass.AMBIGUOUS,
    AnswerClass.UNAUTHORIZED,
    AnswerClass.UNKNOWN_HUB,
    AnswerClass.THROTTLED,
]

_offsets = itertools.count()


def shipment(now: float = 0.0, size: int = 10, claim: Claim | None = None, hub_from_event: bool = False) -> Shipment:
    """A lead of ``size`` bytes that has waited since ``now``."""
    claim = claim or Claim("leads", 0, PartitionProgress(0))
    record = Record(claim, next(_offsets), None, None, b"x", None)
    lead = MappedLead("id", None, "route", Destination("sales"), b"x" * size, hub_from_event)
    return Shipment(record, lead, now)


class LaneLife(RuleBasedStateMachine):
    """Leads come, requests are taken and answered in any order, claims are released."""

    @initialize(
        max_leads=st.integers(1, 8),
        max_bytes=st.integers(5, 100),
        linger=st.sampled_from([0.0, 0.1, 5.0]),
        max_in_flight=st.integers(1, 4),
    )
    def begin(self, max_leads: int, max_bytes: int, linger: float, max_in_flight: int) -> None:
        self.policy = LanePolicy(max_leads, max_bytes, linger, max_in_flight, Backoff(0.2, 30.0))
        self.lane = Lane(self.policy, lambda: 0.5)
        self.now = 0.0
        self.claims = [Claim("leads", p, PartitionProgress(0)) for p in range(3)]
        self.alive: set[Shipment] = set()
        self.flying: list[Batch] = []
        self.ended: list[Shipment] = []

    @rule(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=12), data=st.data())
    def arrive(self, sizes: list[int], data: st.DataObject) -> None:
        live = [c for c in self.claims if not c.released]
        if not live:
            self.claims.append(Claim("leads", len(self.claims), PartitionProgress(0)))
            live = self.claims[-1:]
        for size in sizes:
            one = shipment(self.now, size, data.draw(st.sampled_from(live)))
            self.alive.add(one)
            self.lane.add(one)

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.1, 1.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def pump(self) -> None:
        """What the dispatcher does: take all there is, then sleep until wake_at."""
        while batch := self.lane.take(self.now):
            assert batch.shipments
            size = sum(len(s.lead.body) for s in batch.shipments)
            assert len(batch.shipments) <= self.policy.max_leads
            assert size <= self.policy.max_bytes or len(batch.shipments) == 1
            assert not {*batch.shipments} & {s for b in self.flying for s in b.shipments}, "no lead flies twice"
            self.flying.append(batch)
        assert self.lane.in_flight == len(self.flying) <= self.policy.max_in_flight
        wake_at = self.lane.wake_at()
        if wake_at is None:
            idle = not self.lane.waiting
            assert idle or self.lane.in_flight == self.policy.max_in_flight, "waiting leads are never forgotten"
        else:
            assert wake_at > self.now, "what could go now was taken"
            before = self.lane.in_flight
            if (batch := self.lane.take(wake_at)) is None:
                raise AssertionError("nothing to take at the time the lane asked to be woken")
            self.now = wake_at
            self.flying.append(batch)
            assert self.lane.in_flight == before + 1

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), kind=st.sampled_from(list(AnswerClass)), retry_after=st.sampled_from([None, 0.0, 2.0, 1e9]))
    def answer(self, data: st.DataObject, kind: AnswerClass, retry_after: float | None) -> None:
        batch = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        leads = list(batch.shipments)
        verdict = self.lane.settle(batch, Answer(kind, 200, retry_after), self.now)
        ended = [*verdict.delivered, *(s for s, _ in verdict.set_aside)]
        assert {*ended} <= {*leads} and len(ended) == len({*ended})
        if kind is AnswerClass.ACCEPTED:
            assert verdict.delivered == leads and not verdict.set_aside
        else:
            assert not verdict.delivered
        if kind in RETRIED:
            assert not ended, "these say nothing against a lead: it goes again"
        if len(leads) > 1:
            assert not verdict.set_aside, "no lead is set aside for the company it kept"
        for one in ended:
            self.alive.remove(one)
            self.ended.append(one)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        claim.released = True
        flying = {s for b in self.flying for s in b.shipments}
        gone = self.lane.forget()
        expected = {s for s in self.alive - flying if s.record.claim.released}
        assert {*gone} == expected and len(gone) == len(expected)
        self.alive -= expected

    @invariant()
    def every_lead_is_somewhere(self) -> None:
        flying = sum(len(b.shipments) for b in self.flying)
        assert self.lane.waiting + flying == len(self.alive)


LaneLife.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
TestLaneLife = LaneLife.TestCase


def lane(max_leads: int = 50, linger: float = 0.1, max_in_flight: int = 8) -> Lane:
    return Lane(LanePolicy(max_leads, 10_000, linger, max_in_flight, Backoff(0.2, 30.0)), lambda: 1.0)


def taken(one: Lane, now: float) -> Batch:
    batch = one.take(now)
    assert batch is not None
    return batch


def test_an_idle_lane_sends_at_once() -> None:
    """Nothing in flight: a lead does not wait for company."""
    quiet = lane()
    quiet.add(shipment(5.0))
    batch = taken(quiet, 5.0)
    assert (batch.flush, len(batch.shipments)) == (Flush.IDLE, 1)


def test_a_busy_lane_collects_until_linger_or_a_return_or_full() -> None:
    """Nagle's rule, each of its three ends."""
    busy = lane(max_leads=3)
    busy.add(shipment(0.0))
    first = taken(busy, 0.0)
    busy.add(shipment(0.0))
    assert busy.take(0.05) is None
    assert busy.wake_at() == 0.1
    assert taken(busy, 0.1).flush is Flush.LINGER
    busy.add(shipment(0.1))
    assert busy.take(0.1) is None
    busy.settle(first, OK, 0.11)
    assert taken(busy, 0.11).flush is Flush.RETURNED
    for _ in range(3):
        busy.add(shipment(0.11))
    assert taken(busy, 0.11).flush is Flush.FULL


def test_draining_waits_for_nothing() -> None:
    """After SIGTERM what is there goes, busy or not."""
    busy = lane()
    busy.add(shipment())
    taken(busy, 0.0)
    busy.add(shipment())
    busy.drain()
    assert taken(busy, 0.0).flush is Flush.DRAIN


@given(
    count=st.integers(1, 200),
    poison=st.sets(st.integers(0, 199), max_size=6),
    answer=st.sampled_from([BAD, LARGE]),
)
@settings(deadline=None)
def test_bisection_finds_exactly_the_leads_that_cannot_go(count: int, poison: set[int], answer: Answer) -> None:
    """A refused batch is halved until each bad lead stands alone; all others are delivered, each once."""
    one = lane(max_leads=count)
    leads = [shipment() for _ in range(count)]
    bad = {leads[i] for i in poison if i < count}
    for lead in leads:
        one.add(lead)
    delivered: list[Shipment] = []
    aside: list[Shipment] = []
    requests = 0
    while batch := one.take(0.0):
        requests += 1
        verdict = one.settle(batch, answer if bad & {*batch.shipments} else OK, 0.0)
        delivered += verdict.delivered
        aside += [s for s, why in verdict.set_aside if why.reason in (Reason.REJECTED, Reason.TOO_LARGE)]
    assert sorted(map(id, aside)) == sorted(map(id, bad))
    assert sorted(map(id, delivered)) == sorted(map(id, set(leads) - bad))
    if answer is BAD:
        assert requests <= 1 + 2 * len(bad) * (count.bit_length() + 1)


def test_too_large_is_remembered() -> None:
    """After a 413 batches are no larger than the half that may pass."""
    one = lane(max_leads=40)
    for _ in range(80):
        one.add(shipment())
    one.settle(taken(one, 0.0), LARGE, 0.0)
    sizes = []
    while batch := one.take(0.0):
        sizes.append(len(batch.shipments))
        one.settle(batch, OK, 0.0)
    assert sizes == [20, 20, 20, 20]


@pytest.mark.parametrize("kind", RETRIED)
def test_failures_hold_the_lane_and_grow(kind: AnswerClass) -> None:
    """Each failure in a row doubles the longest wait; an accepted request forgets them."""
    one = lane(max_in_flight=1)
    one.add(shipment())
    now = 0.0
    waits = []
    for _ in range(5):
        one.settle(taken(one, now), Answer(kind, None), now)
        assert one.take(now) is None
        wake_at = one.wake_at()
        assert wake_at is not None
        waits.append(round(wake_at - now, 6))
        now = wake_at
    assert waits == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert one.failures == 5
    one.settle(taken(one, now), OK, now)
    assert one.failures == 0


def test_requests_that_fail_together_are_one_failure() -> None:
    """Eight time-outs of one outage do not make eight steps of back-off."""
    one = lane(max_leads=1)
    for _ in range(8):
        one.add(shipment())
    batches = [taken(one, 0.0)]
    one.settle(batches[0], OK, 0.0)
    flying = []
    while batch := one.take(0.0):
        flying.append(batch)
    for batch in flying:
        one.settle(batch, DOWN, 1.0)
    assert one.failures == 1


def test_retry_after_is_kept_and_bounded() -> None:
    """The API's wish is granted in full, but not for days."""
    one = lane(max_in_flight=1)
    one.add(shipment())
    one.settle(taken(one, 0.0), Answer(AnswerClass.THROTTLED, 429, 7.0), 0.0)
    assert one.take(6.99) is None
    one.settle(taken(one, 7.3), Answer(AnswerClass.THROTTLED, 429, 1e9), 8.0)
    wake_at = one.wake_at()
    assert wake_at is not None
    assert LONGEST_RETRY_AFTER <= wake_at - 8.0 <= LONGEST_RETRY_AFTER + 1


def test_an_unknown_hub_holds_unless_the_event_named_it() -> None:
    """The configuration's mistake loses no lead; the event's is the lead's own."""
    one = lane()
    one.add(shipment())
    assert not one.settle(taken(one, 0.0), Answer(AnswerClass.UNKNOWN_HUB, 404), 0.0).set_aside
    other = lane()
    other.add(shipment(hub_from_event=True))
    [(_, why)] = other.settle(taken(other, 0.0), Answer(AnswerClass.UNKNOWN_HUB, 404), 0.0).set_aside
    assert why.reason is Reason.UNKNOWN_HUB
