"""The lane of one destination: which leads go into the next request and when, and what an answer does to them.

Pure: no I/O and no clock; every decision is a function of what was put in and an explicit ``now`` (seconds, any
monotonic clock). The dispatcher drives it. Rules: DESIGN.md, "Delivery side" (Nagle's rule, answer classes). How many
requests go and when is the pace's (``pacing.py``), the order of the leads the queues' (``waiting.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Set
from math import inf

from connector.delivery.batch import SET_ASIDE, Batch, Verdict
from connector.delivery.breaker import BreakerState
from connector.delivery.nagle import Flush, Nagle
from connector.delivery.pacing import Pace
from connector.delivery.policy import LanePolicy
from connector.delivery.record import Record, Shipment
from connector.delivery.waiting import Waiting
from connector.leads.answer import Answer, AnswerClass
from connector.leads.outcome import SetAside

__all__ = ["Batch", "Flush", "Lane", "LanePolicy", "Verdict"]

SLOW = 1.0
"""Seconds. A destination that leaves a request unanswered for longer counts as stalled, long before the time-out; one
whose leads wait for longer, for the requests of others to be answered or for its rate, as behind."""

ROOM_AGAIN = 0.1
"""Seconds after which leads without room in what is written down try again."""


class Lane:
    """Leads for one destination between mapping and outcome. Not thread-safe: the event loop owns it."""

    def __init__(self, policy: LanePolicy, random: Callable[[], float]) -> None:
        """``random`` gives numbers in [0, 1), for the back-off's jitter."""
        self._policy = policy
        self._waiting = Waiting(policy.batch_leads, policy.max_bytes)
        self._nagle = Nagle(policy.linger)
        self._pace = Pace(
            policy.max_in_flight,
            policy.breaker_failures,
            policy.backoff,
            random,
            request_rate=policy.request_rate,
            lead_rate=policy.lead_rate,
            storm=policy.storm,
        )
        self._flying: dict[int, Batch] = {}
        self._parked_at = self._room_at = -inf
        self.add = self._waiting.add
        """A lead to deliver. Its ``waiting_since`` is on the clock that ``now`` is read from. Bound here, and not a
        method of the lane's own: it is called for every lead."""

    def use(self, policy: LanePolicy) -> None:
        """Other bounds from now on; what was learnt of the destination stays."""
        self._policy = policy.of_list(self._policy.max_leads) if self._policy.whole_lists else policy
        self._waiting.use(self._policy.batch_leads, self._policy.max_bytes)
        self._nagle.linger = self._policy.linger
        self._pace.use(self._policy)

    @property
    def in_flight(self) -> int:
        """Requests without an answer."""
        return len(self._flying)

    @property
    def waiting(self) -> int:
        """Leads that are in no request."""
        return len(self._waiting)

    def held(self) -> list[Shipment]:
        """The leads that are in no request, oldest first."""
        return self._waiting.in_order()

    def leads(self) -> list[Shipment]:
        """The same in any order, which costs less."""
        return self._waiting.everything()

    @property
    def failures(self) -> int:
        """Failures in a row; 0 while the destination takes requests."""
        return self._pace.failures

    @property
    def state(self) -> BreakerState:
        """The circuit breaker's. Open until the probe starts, even when the back-off is over."""
        return self._pace.state

    @property
    def limit(self) -> int:
        """Requests that may be in flight at a time at present; 1 while the breaker is not closed, or in a storm."""
        return self._pace.limit

    @property
    def storming(self) -> bool:
        """Whether nearly every lead is refused, so that leads are held instead of dead-lettered."""
        return self._pace.storming

    @property
    def stalled_since(self) -> float | None:
        """From when on the destination has taken nothing, by failures or by a storm. None while it takes leads."""
        return self._pace.stalled_since

    def stalled(self, now: float) -> bool:
        """Whether the destination takes nothing at present, or leaves its oldest request unanswered for too long."""
        if self._pace.stalled_since is not None:
            return True
        oldest = next(iter(self._flying.values()), None)
        return oldest is not None and now - oldest.sent_at > SLOW

    def behind(self, now: float) -> bool:
        """Whether more leads come than it takes, so that its backlog would fill what it shares with others."""
        waiting = self._waiting
        return any(queue and now - queue[0].waiting_since > SLOW for queue in (waiting.pending, waiting.deferred))

    def drain(self) -> None:
        """From now on nothing waits to fill a batch."""
        self._nagle.draining = True

    def take(self, now: float, *, more_coming: bool = False) -> Batch | None:
        """The next batch to send at once, counted as in flight; None when there is none yet (see ``wake_at``).

        ``more_coming``: leads that were read together with those here follow within this turn or the next; a batch that
        is not full waits for them, where otherwise an idle lane or a returned request would have it go half empty.
        """
        self._nagle.more_coming = more_coming
        pace = self._pace
        if self._waiting.deferred and now >= self._room_at:
            self._waiting.undefer()
            self._nagle.returned = True
        if len(self._flying) >= pace.limit or now < pace.ready_at:
            return None
        probe = pace.probing
        chosen = self._probe() if probe else self._choose(now)
        if chosen is None:
            return None
        shipments, flush = chosen
        self._nagle.returned = False
        ticket = pace.sent(len(shipments), len(self._flying) + 1, now)
        batch = self._flying[ticket] = Batch(shipments, flush, now, ticket, probe)
        for shipment in shipments:
            shipment.attempts += 1
        return batch

    def wake_at(self) -> float | None:
        """When ``take`` (or ``park``) may give something although nothing else happens; None when only an event can
        change that."""
        take_at = self._take_at()
        park_at = self._parking_begins
        if park_at is None or park_at <= self._parked_at or not self._waiting:
            return take_at
        return park_at if take_at is None else min(take_at, park_at)

    def settle(self, batch: Batch, answer: Answer, now: float) -> Verdict:
        """What the answer does. Leads that are to be sent again stay in the lane, before those that still wait."""
        self._land(batch)
        shipments = batch.shipments
        verdict = Verdict()
        match answer.kind:
            case AnswerClass.ACCEPTED:
                self._pace.accepted(batch.ticket, len(shipments), answer.seconds, now, probe=batch.probe)
                verdict.delivered = shipments
            case AnswerClass.REJECTED | AnswerClass.TOO_LARGE:
                self._pace.answered()
                verdict.set_aside = self._refuse(batch, answer.kind, now)
            case AnswerClass.UNKNOWN_HUB if all(s.lead.hub_from_event for s in shipments):
                self._pace.answered()
                verdict.set_aside = [(s, SET_ASIDE[answer.kind]) for s in shipments]
            case _:
                self._pace.failed(batch.ticket, answer.kind, answer.retry_after, now)
                verdict.set_aside = self._keep(batch, answer.kind)
        if not self._pace.probing:
            self._waiting.regroup()
        return verdict

    def defer(self, batch: Batch, refused: Set[Record], now: float) -> int:
        """There is no room to write down that these records are about to be sent: their leads leave the batch, and wait
        for ``ROOM_AGAIN`` with all others of their claims that are in no doubt yet. Those that are go meanwhile, for
        their outcomes make room. Gives how many left."""
        out = [shipment for shipment in batch.shipments if shipment.record in refused]
        batch.shipments = [shipment for shipment in batch.shipments if shipment.record not in refused]
        for shipment in out:
            shipment.attempts -= 1
        claims = {record.claim for record in refused}
        if not self._waiting.deferred:
            self._room_at = now + ROOM_AGAIN
        self._waiting.defer(out, lambda s: s.record.claim in claims and not s.record.in_doubt)
        return len(out)

    def abandon(self, batch: Batch) -> None:
        """A batch that was taken is not sent after all: its claims were released."""
        self._land(batch)
        self._pace.abandoned()

    def forget(self) -> list[Shipment]:
        """Take out the waiting leads whose claims are released, and give them back; those in flight stay."""
        return self._waiting.remove(lambda shipment: shipment.record.claim.released)

    def take_back(self) -> list[Shipment]:
        """Take out and give back the leads that are in no request, oldest first; those that may have arrived stay."""
        return self._waiting.remove(lambda shipment: not shipment.ambiguous)

    def park(self, now: float) -> list[Shipment]:
        """Take out and give back the leads that may wait elsewhere, for the destination has failed for ``park_after``.

        Leads that came back from there stay, and serve as probes. Without any, the next probe's leads stay when it is
        due, so that the destination is never given up. A storm parks nothing: it is no outage. Call it before ``take``,
        whenever that is called; it costs nothing while it is not due.
        """
        due = self._parking_begins
        if due is None or now < due:
            return []
        self._parked_at = now
        leads = [shipment for shipment in self.held() if not shipment.returned]
        if len(leads) == len(self._waiting) and not self._flying and now >= self._pace.held_until:
            leads = leads[self._policy.probe_leads :]
        return self._waiting.remove(set(leads).__contains__) if leads else []

    @property
    def _parking_begins(self) -> float | None:
        since, after = self._pace.failing_since, self._policy.park_after
        return None if since is None or after is None else since + after

    def _take_at(self) -> float | None:
        waiting, pace = self._waiting, self._pace
        if len(self._flying) >= pace.limit or not waiting:
            return None
        room_at = max(self._room_at, pace.ready_at) if waiting.deferred else inf
        if waiting.again or (pace.probing and (waiting.pending or waiting.tried)):
            return min(pace.ready_at, room_at)
        if not waiting.pending:
            return room_at
        return min(self._nagle.due(waiting, len(self._flying), pace.ready_at), room_at)

    def _probe(self) -> tuple[list[Shipment], Flush] | None:
        # In a storm one lead at a time: of a batch, nobody could tell whether it was refused for one or for all.
        leads = self._waiting.probe(1 if self._pace.storming else self._policy.probe_leads)
        return (leads, Flush.RETRY) if leads else None

    def _choose(self, now: float) -> tuple[list[Shipment], Flush] | None:
        waiting = self._waiting
        flush = self._nagle.flush(waiting, len(self._flying), now)
        # What goes again goes first. But where one request goes at a time, another batch has its turn after a failure:
        # a batch that the API cannot digest would otherwise be all that is ever sent.
        gives_way = flush is not None and self._pace.failures and self._pace.limit == 1
        if waiting.again and not gives_way:
            return waiting.retry(), Flush.RETRY
        return None if flush is None else (waiting.form(), flush)

    def _land(self, batch: Batch) -> None:
        del self._flying[batch.ticket]
        self._nagle.returned = True

    def _refuse(self, batch: Batch, kind: AnswerClass, now: float) -> list[tuple[Shipment, SetAside]]:
        """A batch is halved until the lead that cannot go stands alone."""
        waiting, shipments = self._waiting, batch.shipments
        large = kind is AnswerClass.TOO_LARGE
        if large:
            waiting.too_large(shipments)
        if len(shipments) > 1:
            waiting.halve(shipments)
        elif not large and self._pace.refused(now, probe=batch.probe):
            waiting.tried.append(shipments[0])
        else:
            return [(shipments[0], SET_ASIDE[kind])]
        return []

    def _keep(self, batch: Batch, kind: AnswerClass) -> list[tuple[Shipment, SetAside]]:
        """A failure says nothing against the leads: they go again, unless they may have arrived and that is to be
        looked into first."""
        if kind is AnswerClass.AMBIGUOUS:
            for shipment in batch.shipments:
                shipment.ambiguous += 1
            if self._policy.park_ambiguous:
                return [(shipment, SET_ASIDE[kind]) for shipment in batch.shipments]
        if batch.probe:
            self._waiting.tried.extend(batch.shipments)
        else:
            self._waiting.again.append(batch.shipments)
        return []
