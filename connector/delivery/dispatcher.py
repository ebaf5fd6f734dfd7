"""Sends what the lanes say when they say it, and reports every outcome."""

from __future__ import annotations

import asyncio
import random as random_module
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from connector.delivery.lane import SLOW, Batch, Flush, Lane, LanePolicy
from connector.delivery.lease import Lease
from connector.delivery.record import Record, Shipment
from connector.delivery.slots import Slots
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage


class Outcomes(Protocol):
    """Where outcomes go. Called on the event loop; must not block and must not raise."""

    def delivered(self, shipments: list[Shipment], answer: Answer) -> None:
        """The API confirmed these leads by this answer."""

    def set_aside(self, record: Record, why: SetAside, shipment: Shipment | None, answer: Answer | None) -> None:
        """This record will not be sent; it is settled when that is durable."""

    def forgotten(self, records: list[Record]) -> None:
        """These records' claims were released before they had an outcome; whoever owns the partition reads them."""


class Observer(Protocol):
    """Who watches the requests (metrics and the log). Called on the event loop; must not block."""

    def request_started(self, destination: Destination, leads: int, flush: Flush) -> None:
        """A request is about to be sent."""

    def lease_expired(self, leads: int) -> None:
        """So many leads of a request wait until the group confirms that their partitions are still ours. Called again
        and again while they do."""

    def request_answered(self, destination: Destination, leads: int, answer: Answer, lane: Lane) -> None:
        """Its answer came; ``lane`` is in the state that the answer has brought it into."""


Post = Callable[[Destination, list[bytes]], Awaitable[Answer]]
"""Sends contacts (JSON) to a destination. Never raises for anything that a server or network does."""


Around = Callable[[Destination, Batch, Awaitable[Answer]], Awaitable[Answer]]
"""Watches one request (tracing): awaits it and gives its answer. Must not block, and raises only what that raises."""


class Intents(Protocol):
    """Has it written down what is about to be sent, so that a crash leaves to know what may have arrived."""

    async def intend(self, records: list[Record]) -> Sequence[Record]:
        """These are about to be sent. Returns when that is durable, save for those given back: for them there is no
        room, and they must not be sent. Or when one of their claims was released: then it is durable for none."""

    def withdraw(self, records: list[Record]) -> None:
        """Their request certainly had no effect."""


Spawn = Callable[[Coroutine[None, None, None]], "asyncio.Task[None]"]
"""Starts a task whose failure is not lost (a TaskGroup's create_task)."""

EXPIRED = SetAside(
    Outcome.EXPIRED, Stage.DELIVER, Reason.TOO_OLD, "it became older than the max_age of its route while it waited"
)
HUB_DOWN = SetAside(
    Outcome.PARKED, Stage.DELIVER, Reason.HUB_DOWN, "its hub takes nothing; it comes back from the retry topic"
)

LOOK_AGAIN = 0.05
"""Seconds between two looks at a lease that has run out."""

MOST_LANES = 1000
"""Hubs may be named by events; beyond this number, lanes with nothing in them are forgotten with what they learnt."""


class Dispatcher:
    """One lane for each destination. Lives on the event loop's thread; nothing here blocks."""

    def __init__(
        self,
        policy: LanePolicy,
        post: Post,
        outcomes: Outcomes,
        observer: Observer,
        spawn: Spawn,
        now_ms: Callable[[], int],
        lease: Lease,
        random: Callable[[], float] = random_module.random,
        most_requests: int = 1000,
        intents: Intents | None = None,
        around: Around | None = None,
    ) -> None:
        """``now_ms``: milliseconds since the epoch. ``most_requests``: over all destinations, as ``Slots`` has it. The
        client must have connections for these and all slots lent: a request that waited in there could start after its
        claim was released."""
        self._policy = policy
        self._post = post
        self._outcomes = outcomes
        self._observer = observer
        self._spawn = spawn
        self._now_ms = now_ms
        self._lease = lease
        self._intents = intents
        self._around = around
        self._random = random
        self._lanes: dict[Destination, Lane] = {}
        self._timers: dict[Destination, asyncio.TimerHandle] = {}
        self._requests: set[asyncio.Task[None]] = set()
        self._slots = Slots(most_requests, SLOW)
        self._draining = False
        self._closed = False
        self._fed: dict[Destination, Lane] = {}
        self._more_coming = False

    def submit(self, shipments: Iterable[Shipment], *, more_coming: bool = False) -> None:
        """Leads to deliver, in the order in which they were read.

        ``more_coming``: ``submit`` is called again within this turn of the loop or the next, as ``Lane.take`` has it.
        """
        before: Destination | None = None
        lane: Lane | None = None
        for shipment in shipments:
            destination = shipment.lead.destination
            if lane is None or destination is not before:  # hashing one costs more than all else here
                before, lane = destination, self._fed.get(destination)
                if lane is None:
                    lane = self._fed[destination] = self._lane(shipment.lead)
            lane.add(shipment)
        self._more_coming = more_coming
        for destination, lane in self._fed.items():
            self._pump(destination, lane)
        if not more_coming:
            self._fed.clear()

    def use(self, policy: LanePolicy, most_requests: int) -> None:
        """Other bounds from now on, as ``Dispatcher`` has them."""
        self._policy = policy
        self._slots.use(most_requests)
        for destination, lane in list(self._lanes.items()):
            lane.use(policy)
            self._pump(destination, lane)

    def take_back(self) -> list[Shipment]:
        """Take out and give back the leads that are in no request, to be mapped anew; those that may have arrived stay,
        to go again as they were."""
        return [shipment for lane in self._lanes.values() for shipment in lane.take_back()]

    def forget_idle(self, destinations: Iterable[Destination]) -> list[Destination]:
        """Forget these, for no more leads come for them; not those that still have some. Gives those forgotten."""
        idle = [to for to in destinations if (lane := self._lanes.get(to)) and not lane.in_flight and not lane.waiting]
        for destination in idle:
            del self._lanes[destination]
            if timer := self._timers.pop(destination, None):
                timer.cancel()
            self._fed.pop(destination, None)
        return idle

    def release(self) -> None:
        """Forget the waiting leads whose claims are released; requests in flight go on to their end."""
        for lane in list(self._lanes.values()):  # leads that waited for those forgotten may make new ones
            self._forget(lane)

    def drain(self) -> None:
        """From now on nothing waits to fill a batch."""
        self._draining = True
        for destination, lane in list(self._lanes.items()):
            lane.drain()
            self._pump(destination, lane)

    @property
    def in_flight(self) -> int:
        """Requests without an answer, over all destinations."""
        return len(self._requests)

    @property
    def waiting(self) -> int:
        """Leads in no request, over all destinations."""
        return sum(lane.waiting for lane in self._lanes.values())

    @property
    def lanes(self) -> Mapping[Destination, Lane]:
        """The lanes by destination, to be looked at and left alone."""
        return self._lanes

    @property
    def keeps_apart(self) -> bool:
        """True while there is a destination whose leads must not hold up the others': it takes nothing, or has fallen
        behind while another has not."""
        return bool(self._late())

    def apart(self) -> Iterator[Record]:
        """The records that wait for such destinations."""
        return (shipment.record for lane in self._late() for shipment in lane.leads())

    def held(self) -> Iterator[Record]:
        """Those of them that wait for destinations that take nothing."""
        return (shipment.record for lane in self._stalled() for shipment in lane.leads())

    async def close(self) -> None:
        """Abandon what is still under way: its leads stay unresolved and are read again.

        Nothing is sent from here on.
        """
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        requests = list(self._requests)
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)

    def _stalled(self) -> list[Lane]:
        now = asyncio.get_running_loop().time()
        return [lane for lane in self._lanes.values() if lane.stalled(now)]

    def _late(self) -> list[Lane]:
        now = asyncio.get_running_loop().time()
        late = [lane for lane in self._lanes.values() if lane.stalled(now) or lane.behind(now)]
        return late if len(late) < len(self._lanes) else self._stalled()

    def _lane(self, lead: MappedLead) -> Lane:
        destination = lead.destination
        lane = self._lanes.get(destination)
        if lane is None:
            if len(self._lanes) >= MOST_LANES:
                self._lanes = {d: known for d, known in self._lanes.items() if known.in_flight or known.waiting}
            lane = self._lanes[destination] = Lane(
                self._policy if lead.collect is None else self._policy.of_list(lead.collect.max_leads), self._random
            )
            if self._draining:
                lane.drain()
        return lane

    def _pump(self, destination: Destination, lane: Lane) -> None:
        if self._closed:
            return
        loop = asyncio.get_running_loop()
        if timer := self._timers.pop(destination, None):
            timer.cancel()
        for shipment in lane.park(loop.time()):
            self._outcomes.set_aside(shipment.record, HUB_DOWN, shipment, None)
        more_coming = self._more_coming and destination in self._fed
        while batch := lane.take(loop.time(), more_coming=more_coming):
            request = self._spawn(self._send(destination, lane, batch))
            self._requests.add(request)
            request.add_done_callback(self._requests.discard)
        if (wake_at := lane.wake_at()) is not None:
            self._timers[destination] = loop.call_at(wake_at, self._pump, destination, lane)

    async def _send(self, destination: Destination, lane: Lane, batch: Batch) -> None:
        async with self._slots.one():
            await self._send_now(destination, lane, batch)
        self._pump(destination, lane)

    async def _send_now(self, destination: Destination, lane: Lane, batch: Batch) -> None:
        # The batch was taken a turn ago or has waited for its turn.
        self._sort_out(batch)
        while batch.shipments and not self._lease.holds():
            self._observer.lease_expired(len(batch.shipments))
            await asyncio.sleep(LOOK_AGAIN)
            self._sort_out(batch)
        if self._intents is not None:
            await self._write_down(self._intents, lane, batch)
        if batch.shipments:
            self._observer.request_started(destination, len(batch.shipments), batch.flush)
            asked = self._post(destination, [shipment.lead.body for shipment in batch.shipments])
            answer = await (asked if self._around is None else self._around(destination, batch, asked))
            self._settle(destination, lane, batch, answer)
        else:
            lane.abandon(batch)

    async def _write_down(self, intents: Intents, lane: Lane, batch: Batch) -> None:
        """Returns when it is durable that what is left of the batch is about to be sent. That is a commit: the lease
        holds."""
        leads = -1
        while leads != len(batch.shipments) and batch.shipments:
            leads = len(batch.shipments)
            refused = await intents.intend([shipment.record for shipment in batch.shipments])
            self._sort_out(batch)
            if refused:
                leads -= lane.defer(batch, set(refused), asyncio.get_running_loop().time())

    def _sort_out(self, batch: Batch) -> None:
        """Take out the leads that must not be sent any more: their claim was released, or they have become too old."""
        now_ms = self._now_ms()
        gone: list[Record] = []
        expired: list[Shipment] = []
        for shipment in batch.shipments:
            if shipment.record.claim.released:
                gone.append(shipment.record)
            elif shipment.lead.expires_at_ms is not None and shipment.lead.expires_at_ms < now_ms:
                expired.append(shipment)
        if gone or expired:
            out = {*gone, *(shipment.record for shipment in expired)}
            batch.shipments = [shipment for shipment in batch.shipments if shipment.record not in out]
        if gone:
            self._outcomes.forgotten(gone)
        for shipment in expired:
            self._outcomes.set_aside(shipment.record, EXPIRED, shipment, None)

    def _settle(self, destination: Destination, lane: Lane, batch: Batch, answer: Answer) -> None:
        verdict = lane.settle(batch, answer, asyncio.get_running_loop().time())
        self._observer.request_answered(destination, len(batch.shipments), answer, lane)
        if answer.kind is AnswerClass.AMBIGUOUS:
            for shipment in batch.shipments:
                shipment.record.in_doubt = True
        elif self._intents is not None and answer.kind is not AnswerClass.ACCEPTED:
            self._intents.withdraw([s.record for s in batch.shipments if not s.ambiguous])
        if verdict.delivered:
            self._outcomes.delivered(verdict.delivered, answer)
        for shipment, why in verdict.set_aside:
            self._outcomes.set_aside(shipment.record, why, shipment, answer)
        for shipment in batch.shipments:
            if shipment.record.claim.released:
                self._forget(lane)
                break

    def _forget(self, lane: Lane) -> None:
        if gone := lane.forget():
            self._outcomes.forgotten([shipment.record for shipment in gone])
