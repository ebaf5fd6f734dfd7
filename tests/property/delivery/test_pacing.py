"""The pieces of a destination's pace: each does what it says for whatever comes."""

from __future__ import annotations

import heapq
import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connector.delivery.breaker import Breaker, BreakerState
from connector.delivery.concurrency import RISING_SECONDS, WINDOW, Concurrency, Latency
from connector.delivery.lane import Batch, Lane
from connector.delivery.pacing import Rate
from connector.delivery.storm import StormGuard, StormPolicy
from connector.leads.answer import Answer, AnswerClass
from tests.unit.delivery.lanes import DOWN, OK, fill, lane, woken


class Limited:
    """A limit whose requests go in rounds: all that it allows at once, then all their answers."""

    def __init__(self, most: int) -> None:
        self.concurrency = Concurrency(most)
        self.latest = 0
        self.now = 0.0

    @property
    def limit(self) -> int:
        return self.concurrency.limit

    def begin(self, requests: int) -> range:
        """Tickets of requests sent together."""
        for in_flight in range(1, requests + 1):
            self.latest += 1
            self.concurrency.sent(self.latest, in_flight)
        return range(self.latest - requests + 1, self.latest + 1)

    def round(self, seconds: float = 0.02, requests: int | None = None) -> None:
        """All accepted after so many seconds."""
        tickets = self.begin(self.limit if requests is None else requests)
        self.now += seconds
        for ticket in tickets:
            self.concurrency.accepted(ticket, self.latest, seconds, self.now)

    def pressed(self) -> None:
        """One round of failures."""
        for ticket in self.begin(self.limit):
            self.concurrency.pressed(ticket, self.latest)


def test_the_limit_halves_once_a_round_and_grows_by_one_a_round() -> None:
    """From full speed down to one at a time, and up again: never beyond what is allowed."""
    one = Limited(16)
    limits = [one.limit]
    for _ in range(5):
        one.pressed()
        limits.append(one.limit)
    assert limits == [16, 8, 4, 2, 1, 1]
    for _ in range(40):
        before = one.limit
        one.round()
        assert before <= one.limit <= before + 1
    assert one.limit == 16


@given(st.lists(st.booleans(), max_size=40))
def test_requests_sent_before_a_decrease_cause_no_other(late: list[bool]) -> None:
    """However their answers are mixed with those of the round that follows."""
    one = Limited(64)
    old = iter(one.begin(64))
    one.concurrency.pressed(next(old), one.latest)
    new = iter(one.begin(32))
    assert one.limit == 32
    for each in late:
        ticket = next(old if each else new, None)
        if ticket is not None:
            one.concurrency.pressed(ticket, one.latest)
    assert one.limit == (32 if all(late) else 16)


def test_a_limit_that_is_not_used_does_not_grow() -> None:
    """Success at two in flight says nothing of eight."""
    one = Limited(8)
    one.pressed()
    for _ in range(100):
        one.round(requests=3)
    assert one.limit == 4


@given(base=st.floats(0.001, 2.0), noise=st.lists(st.floats(0.0, 0.99), min_size=1, max_size=300))
@example(1.0, [0.0] * 50 + [0.9] * 50)
def test_noise_costs_no_speed(base: float, noise: list[float]) -> None:
    """Answers that take milliseconds more, or not yet twice as long, lower nothing, in whatever pattern."""
    one = Limited(8)
    for share in noise:
        one.round(base + share * max(base, RISING_SECONDS))
        assert one.limit == 8


def test_an_outlier_is_no_trend() -> None:
    """One answer that takes a hundred times as long."""
    latency = Latency()
    assert not any(latency.add(seconds, 0.0) for seconds in ([0.02] * 30 + [2.0]) * 10)


@pytest.mark.parametrize(("usual", "slow"), [(0.02, 0.5), (1.0, 2.5), (0.4, 0.9)])
def test_rising_latency_lowers_the_limit_gently_until_it_is_the_new_normal(usual: float, slow: float) -> None:
    """By a tenth a round at most, to one; after one to two windows a slower API is not slowed down further."""
    one = Limited(20)
    while one.now < 2 * WINDOW:
        one.round(usual)
    assert one.limit == 20
    began, lowest, grew = one.now, one.limit, None
    while grew is None:
        before = one.limit
        one.round(slow)
        assert one.limit >= int(before * 0.9)
        lowest = min(lowest, one.limit)
        if one.limit > before:
            grew = one.now - began
    assert lowest < 5
    assert WINDOW < grew < 2 * WINDOW + 20 * slow
    for _ in range(100):
        one.round(slow)
    assert one.limit == 20


def test_latency_that_is_not_of_our_making_lowers_nothing() -> None:
    """A slow answer to a request that flew alone."""
    one = Limited(8)
    for seconds in [0.02] * 100 + [2.0] * 20:
        one.round(seconds, requests=1)
    assert one.limit == 8


def test_after_a_rest_latency_is_measured_anew() -> None:
    """What was usual before the rest is no measure."""
    latency = Latency()
    assert not any(latency.add(0.02, 0.01 * n) for n in range(100))
    assert not any(latency.add(3.0, 1000.0 + n) for n in range(100))


@given(
    per_second=st.floats(0.01, 1000),
    steps=st.lists(st.tuples(st.floats(0, 20), st.integers(1, 50)), min_size=1, max_size=60),
)
def test_no_window_has_more_than_the_rate_and_one_batch(per_second: float, steps: list[tuple[float, int]]) -> None:
    """Whoever asks, and however late."""
    rate = Rate(per_second)
    now, spent = 0.0, list[tuple[float, int]]()
    for late, amount in steps:
        now += late
        spent.append((now, amount))
        now = rate.spend(amount, now)
    for first, last in itertools.combinations(range(len(spent)), 2):
        between = sum(amount for _, amount in spent[first:last])
        seconds = spent[last][0] - spent[first][0]
        assert between <= per_second * seconds * (1 + 1e-9) + 1e-6


def test_a_rate_is_reached_when_nobody_is_late() -> None:
    """The bound is not lower than it says."""
    rate = Rate(50.0)
    now = 0.0
    for _ in range(100):
        now = rate.spend(5, now)
    assert now == pytest.approx(10.0)


results = st.lists(st.integers(1, 12).map(lambda n: [False] * n) | st.just([True]), max_size=60)


@given(results, st.floats(0.5, 1), st.integers(1, 12))
@example([[True]] * 9, 0.9, 10)
@example([[True]] * 9 + [[False]], 0.9, 10)
def test_a_storm_is_called_exactly_when_the_share_of_the_last_results_is_reached(
    requests: list[list[bool]], share: float, size: int
) -> None:
    """Against a plain list of every lead's result; it is called by a refusal, at the time of it."""
    guard = StormGuard(StormPolicy(share, size))
    every: list[bool] = []
    for now, leads in enumerate(requests):
        every += leads
        last = every[-size:]
        if leads == [True]:
            stormy = len(last) == size and sum(last) / size >= share
            assert guard.refused(float(now), probe=False) is stormy
            assert guard.since == (now if stormy else None)
            if stormy:
                return
        else:
            assert not guard.accepted(len(leads), probe=False) and guard.since is None


def test_a_breaker_counts_rounds_in_a_row() -> None:
    """Requests of one round once; an acceptance between them begins anew."""
    breaker = Breaker(2)
    breaker.failed(1, 3, 5.0)
    breaker.failed(2, 3, 6.0)
    breaker.failed(3, 3, 7.0)
    assert (breaker.failures, breaker.failing_since, breaker.state) == (1, 5.0, BreakerState.CLOSED)
    assert not breaker.worked()
    breaker.failed(4, 4, 8.0)
    assert (breaker.failures, breaker.failing_since, breaker.state) == (1, 8.0, BreakerState.CLOSED)
    breaker.failed(5, 5, 9.0)
    assert (breaker.failures, breaker.state) == (2, BreakerState.OPEN)
    breaker.sent()
    assert (breaker.worked(), breaker.state) == (True, BreakerState.CLOSED)


class Api:
    """Answers a lane's requests after a time, and tells how long it took to empty it."""

    def __init__(self, one: Lane, latencies: itertools.cycle[float], capacity: int = 1000) -> None:
        self.lane = one
        self.latencies = latencies
        self.capacity = capacity
        self.accepted = self.refused = 0

    def drain(self) -> float:
        """Run until the lane is empty."""
        now = 0.0
        flying: list[tuple[float, int, float, Batch, Answer]] = []
        while True:
            while batch := self.lane.take(now):
                seconds = next(self.latencies)
                answer = OK if len(flying) < self.capacity else Answer(AnswerClass.THROTTLED, 429)
                heapq.heappush(flying, (now + seconds, batch.ticket, seconds, batch, answer))
            if not flying and not self.lane.waiting:
                return now
            wake_at = self.lane.wake_at()
            if not flying or (wake_at is not None and wake_at < flying[0][0]):
                now = max(now, woken(self.lane))
                continue
            now, _, seconds, batch, answer = heapq.heappop(flying)
            self.lane.settle(batch, Answer(answer.kind, answer.status, None, "", seconds), now)
            self.accepted += answer is OK
            self.refused += answer is not OK


@pytest.mark.parametrize("spike", [0.02, 0.1, 0.2])
def test_a_healthy_api_gets_full_speed_from_the_first_request(spike: float) -> None:
    """Eight in flight and 20 ms, now and then a slow answer: at least 93 % of what eight in flight can do."""
    latencies = [0.02] * 39 + [spike]
    one = lane()
    fill(one, 50 * 800)
    seconds = Api(one, itertools.cycle(latencies)).drain()
    possible = sum(latencies) / len(latencies) * 800 / 8
    assert seconds < possible / 0.93


def test_an_api_with_room_for_three_is_found_out() -> None:
    """Where more than three in flight are answered 429: at a fixed eight, five of eight would be."""
    one = lane(max_leads=10)
    fill(one, 10 * 3000)
    api = Api(one, itertools.cycle([0.02]), capacity=3)
    api.drain()
    assert api.accepted == 3000
    assert api.refused < 0.6 * api.accepted


def test_an_outage_costs_probes_only() -> None:
    """Ten minutes of 500 cost fewer than fifty requests."""
    one = lane()
    fill(one, 400)
    now, requests = 0.0, 0
    while now < 600:
        while batch := one.take(now):
            requests += 1
            one.settle(batch, DOWN, now)
        now = woken(one)
    assert requests < 50
