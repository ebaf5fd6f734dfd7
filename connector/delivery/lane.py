"""The lane of one destination: which leads go into the next request and when, and what an answer does to them.

Pure: no I/O and no clock; every decision is a function of what was put in and an explicit ``now`` (seconds, any
monotonic clock). The dispatcher drives it. Rules: DESIGN.md, "Delivery side" (Nagle's rule, answer classes).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from connector.delivery.backoff import Backoff
from connector.delivery.record import Shipment
from connector.leads.answer import Answer, AnswerClass
from connector.leads.outcome import Outcome, Reason, SetAside, Stage

LONGEST_RETRY_AFTER = 300.0
"""Seconds. A longer Retry-After is cut to this: a slip of the API's cannot stop us for days."""


@dataclass(frozen=True, slots=True)
class LanePolicy:
    """Bounds of a lane. Sizes in leads and bytes of their JSON, times in seconds."""

    max_leads: int = 50
    max_bytes: int = 256 * 1024
    linger: float = 0.1
    max_in_flight: int = 8
    backoff: Backoff = field(default_factory=Backoff)


class Flush(StrEnum):
    """Why a batch was sent when it was."""

    IDLE = "idle"
    """Nothing was in flight."""
    FULL = "full"
    """It reached max_leads or max_bytes."""
    LINGER = "linger"
    """Its oldest lead had waited for linger."""
    RETURNED = "returned"
    """A request came back."""
    DRAIN = "drain"
    """Shutting down."""
    RETRY = "retry"
    """It goes again, whole or in part."""


@dataclass(slots=True, eq=False)
class Batch:
    """Leads that share one request. ``sent_at`` is in seconds on the lane's clock."""

    shipments: list[Shipment]
    flush: Flush
    sent_at: float


@dataclass(slots=True)
class Verdict:
    """What an answer means for the leads of its batch; those in neither list stay in the lane and go again."""

    delivered: list[Shipment] = field(default_factory=list)
    set_aside: list[tuple[Shipment, SetAside]] = field(default_factory=list)


class Lane:
    """Leads for one destination between mapping and outcome. Not thread-safe: the event loop owns it."""

    def __init__(self, policy: LanePolicy, random: Callable[[], float]) -> None:
        self._policy = policy
        self._random = random
        self._max_leads = policy.max_leads
        self._max_bytes = policy.max_bytes
        self._pending: deque[Shipment] = deque()
        self._pending_bytes = 0
        self._again: deque[list[Shipment]] = deque()
        self._in_flight = 0
        self._returned = False
        self._draining = False
        self._hold_until = float("-inf")
        self._failed_at = float("-inf")
        self.failures = 0
        """Failures in a row; 0 while the destination accepts."""

    @property
    def in_flight(self) -> int:
        """Requests without an answer."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """Leads that are in no request."""
        return len(self._pending) + sum(map(len, self._again))

    def add(self, shipment: Shipment) -> None:
        """A lead to deliver. Its ``waiting_since`` is on the clock that ``now`` is read from."""
        self._pending.append(shipment)
        self._pending_bytes += len(shipment.lead.body)

    def drain(self) -> None:
        """From now on nothing waits to fill a batch."""
        self._draining = True

    def take(self, now: float, *, more_coming: bool = False) -> Batch | None:
        """The next batch to send at once, counted as in flight; None when there is none yet (see ``wake_at``).

        ``more_coming``: leads that were read together with those here follow within this turn or the next; a batch that
        is not full waits for them, where otherwise an idle lane or a returned request would have it go half empty.
        """
        if self._in_flight >= self._policy.max_in_flight or now < self._hold_until:
            return None
        if self._again:
            batch = Batch(self._again.popleft(), Flush.RETRY, now)
        else:
            flush = self._flush(now, more_coming)
            if flush is None:
                return None
            batch = Batch(self._form(), flush, now)
        self._returned = False
        self._in_flight += 1
        for shipment in batch.shipments:
            shipment.attempts += 1
        return batch

    def wake_at(self) -> float | None:
        """When ``take`` may give a batch although nothing else happens; None when only an event can change that."""
        if self._in_flight >= self._policy.max_in_flight or not (self._again or self._pending):
            return None
        if self._again:
            return self._hold_until
        return max(self._hold_until, self._pending[0].waiting_since + self._policy.linger)

    def settle(self, batch: Batch, answer: Answer, now: float) -> Verdict:
        """What the answer does. Leads that are to be sent again stay in the lane, before those that still wait."""
        self._in_flight -= 1
        self._returned = True
        shipments = batch.shipments
        verdict = Verdict()
        match answer.kind:
            case AnswerClass.ACCEPTED:
                self.failures = 0
                verdict.delivered = shipments
            case AnswerClass.REJECTED | AnswerClass.TOO_LARGE:
                self.failures = 0
                if answer.kind is AnswerClass.TOO_LARGE:
                    self._remember_size(shipments)
                if len(shipments) > 1:
                    half = (len(shipments) + 1) // 2
                    self._again.extendleft((shipments[half:], shipments[:half]))
                else:
                    verdict.set_aside = [(shipments[0], _refused(answer))]
            case AnswerClass.UNKNOWN_HUB if all(s.lead.hub_from_event for s in shipments):
                verdict.set_aside = [(s, _refused(answer)) for s in shipments]
            case _:
                self._again.append(shipments)
                self._hold(batch.sent_at, answer.retry_after, now)
        return verdict

    def abandon(self) -> None:
        """A batch that was taken is not sent after all: its claims were released."""
        self._in_flight -= 1
        self._returned = True

    def forget(self) -> list[Shipment]:
        """Take out the waiting leads whose claims are released, and give them back; those in flight stay."""
        waiting = [*self._pending, *(s for batch in self._again for s in batch)]
        gone = [s for s in waiting if s.record.claim.released]
        if gone:
            self._pending = deque(s for s in self._pending if not s.record.claim.released)
            self._pending_bytes = sum(len(s.lead.body) for s in self._pending)
            kept = ([s for s in batch if not s.record.claim.released] for batch in self._again)
            self._again = deque(batch for batch in kept if batch)
        return gone

    def _flush(self, now: float, more_coming: bool) -> Flush | None:
        if not self._pending:
            return None
        if len(self._pending) >= self._max_leads or self._pending_bytes >= self._max_bytes:
            return Flush.FULL
        if more_coming:
            return None
        if self._draining:
            return Flush.DRAIN
        if self._in_flight == 0:
            return Flush.IDLE
        if self._returned:
            return Flush.RETURNED
        if now >= self._pending[0].waiting_since + self._policy.linger:
            return Flush.LINGER
        return None

    def _form(self) -> list[Shipment]:
        """At least one lead, then more while they fit: a lead larger than max_bytes goes alone."""
        shipments: list[Shipment] = []
        size = 0
        while self._pending and len(shipments) < self._max_leads:
            weight = len(self._pending[0].lead.body)
            if shipments and size + weight > self._max_bytes:
                break
            size += weight
            shipments.append(self._pending.popleft())
        self._pending_bytes -= size
        return shipments

    def _remember_size(self, shipments: list[Shipment]) -> None:
        self._max_leads = max(1, min(self._max_leads, len(shipments) // 2))
        self._max_bytes = max(1, min(self._max_bytes, sum(len(s.lead.body) for s in shipments) // 2))

    def _hold(self, sent_at: float, retry_after: float | None, now: float) -> None:
        if sent_at >= self._failed_at:
            # Requests that were in flight together fail together: that is one failure, not eight.
            self.failures += 1
            self._failed_at = now
        delay = self._policy.backoff.delay(max(1, self.failures), self._random)
        if retry_after is not None:
            delay += min(retry_after, LONGEST_RETRY_AFTER)
        self._hold_until = max(self._hold_until, now + delay)


def _refused(answer: Answer) -> SetAside:
    """Why a lead that was sent alone, or to a hub that it named itself, cannot go."""
    match answer.kind:
        case AnswerClass.TOO_LARGE:
            reason, message = Reason.TOO_LARGE, "the API refuses this lead alone as too large; shorten what it carries"
        case AnswerClass.UNKNOWN_HUB:
            reason, message = Reason.UNKNOWN_HUB, "the API does not know the hub that the event names"
        case _:
            reason, message = Reason.REJECTED, "the API refuses this lead; its answer is in the header answer"
    return SetAside(Outcome.DEAD_LETTER, Stage.DELIVER, reason, message)
