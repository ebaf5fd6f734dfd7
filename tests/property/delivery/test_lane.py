"""The lane, whatever arrives and whatever the API answers, on a clock of our own."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connector.delivery.backoff import Backoff
from connector.delivery.breaker import BreakerState
from connector.delivery.lane import Batch, Lane, LanePolicy
from connector.delivery.pacing import LONGEST_RETRY_AFTER
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Shipment
from connector.delivery.storm import StormPolicy
from connector.leads.answer import Answer, AnswerClass
from connector.leads.outcome import Reason
from tests.unit.delivery.lanes import BAD, FAILURES, LARGE, OK, lane, shipment

JITTER = 0.5
EVER = 10_000
"""More steps than any lane here needs to get empty."""

policies = st.builds(
    LanePolicy,
    max_leads=st.integers(1, 8),
    max_bytes=st.integers(5, 100),
    linger=st.sampled_from([0.0, 0.1, 5.0]),
    max_in_flight=st.integers(1, 5),
    backoff=st.just(Backoff(0.2, 30.0)),
    request_rate=st.sampled_from([None, None, 0.5, 20.0]),
    lead_rate=st.sampled_from([None, None, 0.3, 3.5, 50.0]),
    breaker_failures=st.integers(1, 4),
    probe_leads=st.integers(1, 3),
    park_ambiguous=st.booleans(),
    park_after=st.sampled_from([None, 0.5, 60.0]),
    storm=st.none() | st.builds(StormPolicy, share=st.sampled_from([0.5, 0.9, 1.0]), min_leads=st.integers(1, 6)),
)


class LaneLife(RuleBasedStateMachine):
    """Leads come, requests are taken and answered in any order, claims are released, leads are parked."""

    @initialize(policy=policies)
    def begin(self, policy: LanePolicy) -> None:
        self.policy = policy
        self.lane = Lane(policy, lambda: JITTER)
        self.now = 0.0
        self.claims = [Claim("leads", p, PartitionProgress(0)) for p in range(3)]
        self.alive: set[Shipment] = set()
        self.flying: list[Batch] = []
        self.sent: list[tuple[float, int]] = []
        self.not_before = 0.0
        self.draining = False

    @rule(sizes=st.lists(st.integers(1, 60), min_size=1, max_size=12), back=st.booleans(), data=st.data())
    def arrive(self, sizes: list[int], back: bool, data: st.DataObject) -> None:
        live = [c for c in self.claims if not c.released]
        if not live:
            self.claims.append(Claim("leads", len(self.claims), PartitionProgress(0)))
            live = self.claims[-1:]
        for size in sizes:
            one = shipment(self.now, size, data.draw(st.sampled_from(live)), data.draw(st.booleans()))
            one.returned = back
            self.alive.add(one)
            self.lane.add(one)

    @rule(seconds=st.sampled_from([0.0, 0.01, 0.1, 1.0, 400.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule()
    def drain(self) -> None:
        self.lane.drain()

    @rule()
    def pump(self) -> None:
        """What the dispatcher does: take all there is, then sleep until wake_at."""
        while self.send():
            pass
        wake_at = self.lane.wake_at()
        if wake_at is None:
            assert not self.lane.waiting or self.lane.in_flight >= self.lane.limit, "waiting leads are never forgotten"
        elif self.policy.park_after is None:
            assert wake_at > self.now, "what could go now was taken"
            self.now = wake_at
            assert self.send(), "nothing to take at the time the lane asked to be woken"

    def send(self) -> bool:
        """Take one batch, and hold it against all that is promised of it."""
        state, limit, flying = self.lane.state, self.lane.limit, self.lane.in_flight
        storming, oldest = self.lane.storming, self.lane.held()[:1]
        batch = self.lane.take(self.now)
        if batch is None:
            return False
        leads = batch.shipments
        assert leads and flying < limit <= self.policy.max_in_flight
        assert self.now >= self.not_before, "back-off and Retry-After are kept"
        if state is not BreakerState.CLOSED or storming:
            assert flying == 0 and batch.probe and len(leads) <= (1 if storming else self.policy.probe_leads)
        if state is BreakerState.OPEN:
            assert self.lane.state is BreakerState.HALF_OPEN
        assert len(leads) <= self.policy.max_leads
        assert sum(len(s.lead.body) for s in leads) <= self.policy.max_bytes or len(leads) == 1
        assert not {*leads} & {s for b in self.flying for s in b.shipments}, "no lead flies twice"
        assert {*leads} <= self.alive and oldest
        self.rates_hold(len(leads))
        self.flying.append(batch)
        return True

    def rates_hold(self, leads: int) -> None:
        """From every request to this one: no more than the rate allows, and this one."""
        for back in range(1, len(self.sent) + 1):
            seconds = self.now - self.sent[-back][0] + 1e-6
            assert self.policy.request_rate is None or back <= self.policy.request_rate * seconds
            before = sum(count for _, count in self.sent[-back:])
            assert self.policy.lead_rate is None or before <= self.policy.lead_rate * seconds
        assert self.policy.lead_rate is None or leads <= max(1, self.policy.lead_rate)
        self.sent.append((self.now, leads))

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), kind=st.sampled_from(list(AnswerClass)), retry_after=st.sampled_from([None, 0.0, 2.0, 1e9]))
    def answer(self, data: st.DataObject, kind: AnswerClass, retry_after: float | None) -> None:
        batch = self.flying.pop(data.draw(st.integers(0, len(self.flying) - 1)))
        leads, storming = list(batch.shipments), self.lane.storming
        events = all(lead.lead.hub_from_event for lead in leads)
        verdict = self.lane.settle(batch, Answer(kind, 200, retry_after, seconds=0.02), self.now)
        for lead in leads:
            lead.record.in_doubt = lead.record.in_doubt or kind is AnswerClass.AMBIGUOUS
        ended = [*verdict.delivered, *(s for s, _ in verdict.set_aside)]
        assert {*ended} <= {*leads} and len(ended) == len({*ended})
        assert verdict.delivered == (leads if kind is AnswerClass.ACCEPTED else [])
        if kind is AnswerClass.AMBIGUOUS and self.policy.park_ambiguous:
            assert ended == leads and {why.reason for _, why in verdict.set_aside} == {Reason.AMBIGUOUS}
        elif kind is AnswerClass.UNKNOWN_HUB and events:
            assert ended == leads
        elif kind in FAILURES:
            assert not ended, "these say nothing against a lead: it goes again"
        elif len(leads) > 1:
            assert not verdict.set_aside, "no lead is set aside for the company it kept"
        elif kind is AnswerClass.REJECTED and (storming or self.lane.storming):
            assert not ended, "in a storm nothing is dead-lettered"
        if kind in FAILURES and not (kind is AnswerClass.UNKNOWN_HUB and events):
            assert self.lane.stalled_since is not None and self.lane.stalled(self.now)
            delay = self.policy.backoff.delay(max(1, self.lane.failures), lambda: JITTER)
            longer = min(retry_after or 0.0, LONGEST_RETRY_AFTER)
            self.not_before = max(self.not_before, self.now + delay + longer)
        elif kind is AnswerClass.ACCEPTED and (batch.probe or not storming):
            assert self.lane.stalled_since is None and self.lane.state is BreakerState.CLOSED
        self.alive -= {*ended}

    @precondition(lambda self: self.flying)
    @rule()
    def abandon(self) -> None:
        """The dispatcher finds every claim of a batch released, and gives its leads back itself."""
        batch = self.flying.pop()
        self.alive -= {*batch.shipments}
        batch.shipments = []
        self.lane.abandon(batch)

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def defer(self, data: st.DataObject) -> None:
        """There is no room to write down some of a batch: those of its leads that are new, for some of its claims."""
        batch = data.draw(st.sampled_from(self.flying))
        claims = data.draw(st.sets(st.sampled_from(sorted({s.record.claim for s in batch.shipments}, key=repr))))
        leads = [s for s in batch.shipments if s.record.claim in claims and not s.record.in_doubt]
        attempts = [s.attempts for s in leads]
        assert self.lane.defer(batch, {s.record for s in leads}, self.now) == len(leads)
        assert not {*leads} & {*batch.shipments} and [s.attempts + 1 for s in leads] == attempts
        if not batch.shipments:
            self.flying.remove(batch)
            self.lane.abandon(batch)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        claim = data.draw(st.sampled_from(self.claims))
        claim.released = True
        flying = {s for b in self.flying for s in b.shipments}
        gone = self.lane.forget()
        expected = {s for s in self.alive - flying if s.record.claim.released}
        assert {*gone} == expected and len(gone) == len(expected)
        self.alive -= expected

    @rule()
    def park(self) -> None:
        waiting = self.lane.held()
        gone = self.lane.park(self.now)
        since = self.lane.stalled_since
        if gone:
            assert self.policy.park_after is not None and since is not None
            assert self.now >= since + self.policy.park_after
            kept = [s for s in waiting if s not in {*gone}]
            assert not any(s.returned for s in gone)
            assert all(s.returned for s in kept) or kept == waiting[: self.policy.probe_leads]
            assert kept or self.flying or self.now < self.not_before, "the hub is never given up"
        self.alive -= {*gone}

    @rule(policy=policies)
    def use(self, policy: LanePolicy) -> None:
        """The limits are changed under way. What was sent before obeyed those of its time."""
        self.lane.use(policy)
        self.policy = policy
        self.sent.clear()
        if policy.storm is None:
            assert not self.lane.storming

    @rule()
    def take_back(self) -> None:
        """The mapping is changed: what is in no request and cannot have arrived is mapped anew."""
        waiting = self.lane.held()
        back = self.lane.take_back()
        assert back == [s for s in waiting if not s.ambiguous]
        assert all(s.ambiguous for s in self.lane.held())
        self.alive -= {*back}

    @invariant()
    def every_lead_is_somewhere(self) -> None:
        flying = [s for b in self.flying for s in b.shipments]
        held = self.lane.held()
        assert self.lane.waiting == len(held) and self.lane.in_flight == len(self.flying)
        assert len(held) + len(flying) == len(self.alive) and {*held, *flying} == self.alive
        assert [s.waiting_since for s in held] == sorted(s.waiting_since for s in held)

    def teardown(self) -> None:
        """Once the API accepts everything, the lane empties by itself, with no more than the time it asks for."""
        if not hasattr(self, "lane"):
            return
        for _ in range(EVER):
            self.park()
            while self.send():
                pass
            for batch in self.flying:
                assert self.lane.settle(batch, OK, self.now).delivered == batch.shipments
                self.alive -= {*batch.shipments}
            self.flying.clear()
            self.every_lead_is_somewhere()
            if not self.alive:
                return
            wake_at = self.lane.wake_at()
            assert wake_at is not None, "leads wait, and the lane asks for nothing"
            self.now = max(self.now, wake_at)
        raise AssertionError("the lane does not empty")


LaneLife.TestCase.settings = settings(max_examples=200, stateful_step_count=50)
TestLaneLife = LaneLife.TestCase


@given(
    count=st.integers(1, 200),
    poison=st.sets(st.integers(0, 199), max_size=6),
    answer=st.sampled_from([BAD, LARGE]),
)
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


@given(
    broken=st.integers(1, 300),
    bad=st.sets(st.integers(0, 299), max_size=40),
    guard=st.builds(StormPolicy, share=st.sampled_from([0.5, 0.9, 1.0]), min_leads=st.integers(1, 30)),
)
@settings(max_examples=50)
def test_a_contract_that_breaks_and_is_mended_costs_few_leads(broken: int, bad: set[int], guard: StormPolicy) -> None:
    """For so many requests the API refuses everything: fewer leads than the window holds are dead-lettered. When it is
    mended, those that are truly bad are, and all others are delivered."""
    one = Lane(LanePolicy(max_leads=10, storm=guard), lambda: JITTER)
    leads = [shipment() for _ in range(300)]
    for lead in leads:
        one.add(lead)
    poison = {leads[i] for i in bad}
    now, ended, lost = 0.0, set[Shipment](), set[Shipment]()
    for request in range(EVER):
        if (batch := one.take(now)) is None:
            if not {*one.held()} - poison:
                break
            wake_at = one.wake_at()
            assert wake_at is not None
            now = wake_at
            continue
        refused = request < broken or poison & {*batch.shipments}
        verdict = one.settle(batch, BAD if refused else OK, now)
        ended |= {*verdict.delivered, *(s for s, _ in verdict.set_aside)}
        lost |= {s for s, _ in verdict.set_aside} - poison
    assert ended | {*one.held()} == {*leads} and not ended & {*one.held()}
    assert not one.waiting or one.storming, "bad leads are held while nothing but bad leads is there"
    assert len(lost) < guard.min_leads
