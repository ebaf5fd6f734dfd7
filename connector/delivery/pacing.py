"""The pace of one destination: how many requests it gets at a time, and when the next may go.

Composed of small pieces that know nothing of each other: ``Concurrency``, ``Rate``, ``Breaker`` and ``StormGuard``.
Pure: no I/O and no clock; ``now`` is seconds on any monotonic clock. The lane drives it.
"""

from __future__ import annotations

from collections.abc import Callable

from connector.delivery.backoff import Backoff
from connector.delivery.breaker import Breaker, BreakerState
from connector.delivery.concurrency import Concurrency
from connector.delivery.policy import LanePolicy
from connector.delivery.storm import StormGuard, StormPolicy
from connector.leads.answer import AnswerClass

LONGEST_RETRY_AFTER = 300.0
"""Seconds. A longer Retry-After is cut to this: a slip of the API's cannot stop us for days."""

_PAST = float("-inf")
_PRESSURE = (AnswerClass.THROTTLED, AnswerClass.UNAVAILABLE, AnswerClass.AMBIGUOUS)
"""Failures that fewer requests at a time may cure. A wrong token or hub is not among them."""


class Rate:
    """At most so much a second, without bursts: GCRA (ITU-T I.371) with no tolerance.

    Over any time of T seconds no more than ``per_second`` x T is spent, and what was spent at its end. Without
    tolerance a late timer is not made up for: the rate is a bound, not a goal.
    """

    def __init__(self, per_second: float | None) -> None:
        self._per_second = per_second

    def spend(self, amount: int, now: float) -> float:
        """Use ``amount`` at ``now``, which must not be before the time that was given last. Gives the time (seconds)
        when more may be spent."""
        return _PAST if self._per_second is None else now + amount / self._per_second


class Pace:
    """When a destination gets its next request, and what its answers change in that.

    Every request has a *ticket*, its number. A request that is sent while ``probing`` is a *probe*: it is alone.
    """

    def __init__(
        self,
        max_in_flight: int,
        breaker_failures: int,
        backoff: Backoff,
        random: Callable[[], float],
        *,
        request_rate: float | None = None,
        lead_rate: float | None = None,
        storm: StormPolicy | None = None,
    ) -> None:
        """Rates are numbers a second; None is without a limit (rates) or a guard (storm)."""
        self._concurrency = Concurrency(max_in_flight)
        self._breaker = Breaker(breaker_failures)
        self._storm = StormGuard(storm)
        self._requests = Rate(request_rate)
        self._leads = Rate(lead_rate)
        self._backoff = backoff
        self._random = random
        self._latest = 0
        self.held_until = _PAST
        """When the back-off is over; seconds."""
        self.ready_at = _PAST
        """When the next request may go, by back-off and rates, if fewer than ``limit`` are in flight; seconds."""

    def use(self, policy: LanePolicy) -> None:
        """Other bounds from now on; what was learnt of the destination stays."""
        self._concurrency.use(policy.max_in_flight)
        self._breaker.threshold = policy.breaker_failures
        self._storm.use(policy.storm)
        self._requests = Rate(policy.request_rate)
        self._leads = Rate(policy.lead_rate)
        self._backoff = policy.backoff

    @property
    def state(self) -> BreakerState:
        """The breaker's state. It is half open from the probe's start, not from the end of the back-off: there is no
        clock here."""
        return self._breaker.state

    @property
    def failures(self) -> int:
        """Failures in a row; 0 while the API takes requests."""
        return self._breaker.failures

    @property
    def failing_since(self) -> float | None:
        """When the first failure came since the API last took a request; seconds."""
        return self._breaker.failing_since

    @property
    def storming(self) -> bool:
        """Whether nearly every lead is refused."""
        return self._storm.since is not None

    @property
    def stalled_since(self) -> float | None:
        """From when on no lead got through, by failures or by a storm; seconds. None while they do."""
        begun = [since for since in (self._breaker.failing_since, self._storm.since) if since is not None]
        return min(begun, default=None)

    @property
    def probing(self) -> bool:
        """Whether requests go one at a time, and small, to see whether the API takes them."""
        return self._storm.since is not None or self._breaker.state is not BreakerState.CLOSED

    @property
    def limit(self) -> int:
        """Requests that may be in flight at a time once ``ready_at`` has come."""
        return 1 if self.probing else self._concurrency.limit

    def sent(self, leads: int, in_flight: int, now: float) -> int:
        """A request begins; ``in_flight`` counts it. Gives its ticket."""
        self._latest += 1
        self._concurrency.sent(self._latest, in_flight)
        self._breaker.sent()
        self.ready_at = max(self.held_until, self._requests.spend(1, now), self._leads.spend(leads, now))
        return self._latest

    def abandoned(self) -> None:
        """A request was not sent after all. What it used of the rates is gone."""
        self._breaker.abandoned()

    def accepted(self, ticket: int, leads: int, seconds: float, now: float, *, probe: bool) -> None:
        """The API took a request of so many leads, after ``seconds``."""
        self._concurrency.accepted(ticket, self._latest, seconds, now)
        if self._storm.accepted(leads, probe=probe):
            self._concurrency.restart()
        self.answered()

    def answered(self) -> None:
        """The API takes requests, whatever it thinks of the leads in this one."""
        if self._breaker.worked():
            self._concurrency.restart()

    def failed(self, ticket: int, kind: AnswerClass, retry_after: float | None, now: float) -> None:
        """A request failed in a way that says nothing of its leads."""
        self._breaker.failed(ticket, self._latest, now)
        if kind in _PRESSURE:
            self._concurrency.pressed(ticket, self._latest)
        # At least 1: a request from before an acceptance may fail after it.
        self._hold(max(1, self.failures), now, min(retry_after or 0.0, LONGEST_RETRY_AFTER))

    def refused(self, now: float, *, probe: bool) -> bool:
        """A lead was refused alone. True if it must be held, for there is a storm."""
        before = self._storm.refusals
        stormy = self._storm.refused(now, probe=probe)
        if self._storm.refusals > before:
            self._hold(self._storm.refusals, now)
        return stormy

    def _hold(self, step: int, now: float, longer: float = 0.0) -> None:
        self.held_until = max(self.held_until, now + self._backoff.delay(step, self._random) + longer)
        self.ready_at = max(self.ready_at, self.held_until)
