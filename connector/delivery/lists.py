"""Leads for named lists, collected until their list is full or has waited for long enough.

A list is uploaded with one request, and each upload makes a list of its own in uContact (Automation API, "Subir una
lista"). So nothing is sent of a list that is still being collected: its leads have no outcome, their offsets are not
resolved, and whoever reads them next collects them again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from connector.delivery.dispatcher import Outcomes
from connector.delivery.intake import Submits
from connector.delivery.record import Claim, Record, Shipment
from connector.leads.mapped import Destination


@dataclass(slots=True)
class _List:
    closes_at: float
    shipments: list[Shipment] = field(default_factory=list)


class OpenLists:
    """The lists that are being collected, by destination. Pure: ``now`` is seconds on any monotonic clock."""

    def __init__(self) -> None:
        self._open: dict[Destination, _List] = {}
        self._leads: Counter[Claim] = Counter()
        self._bytes: Counter[Claim] = Counter()

    def __bool__(self) -> bool:
        return bool(self._open)

    def __iter__(self) -> Iterator[Shipment]:
        """Every lead that is collected."""
        return (shipment for each in self._open.values() for shipment in each.shipments)

    def add(self, shipment: Shipment, now: float) -> bool:
        """Collect a lead. True when its list is full now."""
        lead = shipment.lead
        if lead.collect is None:
            raise ValueError("a lead for no list")
        found = self._open.get(lead.destination)
        if found is None:
            found = self._open[lead.destination] = _List(now + lead.collect.max_wait)
        found.shipments.append(shipment)
        self._count(shipment, 1)
        return len(found.shipments) >= lead.collect.max_leads

    def close(self, destination: Destination) -> list[Shipment]:
        """Take a list out: its leads in the order in which they came."""
        shipments = self._open.pop(destination).shipments
        for shipment in shipments:
            self._count(shipment, -1)
        return shipments

    def due(self, now: float) -> list[Destination]:
        """The lists that have waited for long enough."""
        return [destination for destination, each in self._open.items() if each.closes_at <= now]

    @property
    def next_due(self) -> float | None:
        """When the next list will have waited for long enough; None when there is none."""
        return min((each.closes_at for each in self._open.values()), default=None)

    def crowded(self, claim: Claim, leads: int, size: int) -> Destination | None:
        """The list with most leads of a claim of which so many leads or bytes are collected; None while it is fewer."""
        if self._leads[claim] < leads and self._bytes[claim] < size:
            return None
        shares = {to: sum(s.record.claim is claim for s in each.shipments) for to, each in self._open.items()}
        return max(shares, key=shares.__getitem__)

    def take_back(self) -> list[Shipment]:
        """Take out every lead."""
        return [shipment for destination in list(self._open) for shipment in self.close(destination)]

    def forget(self) -> list[Record]:
        """Take out the leads whose claims are released."""
        gone: list[Record] = []
        for destination, each in list(self._open.items()):
            kept = [shipment for shipment in each.shipments if not shipment.record.claim.released]
            gone += [shipment.record for shipment in each.shipments if shipment.record.claim.released]
            each.shipments = kept
            if not kept:
                del self._open[destination]
        for claim in [claim for claim in self._leads if claim.released]:
            del self._leads[claim], self._bytes[claim]
        return gone

    def _count(self, shipment: Shipment, sign: int) -> None:
        claim = shipment.record.claim
        self._leads[claim] += sign
        self._bytes[claim] += sign * shipment.record.size
        if not self._leads[claim]:
            del self._leads[claim], self._bytes[claim]


class Collector:
    """Between intake (or the duplicate window) and the dispatcher. Lives on the event loop's thread.

    What is collected of a partition is bounded by half of its share of the buffer, so that the partition never stops
    for a list: then the list with most of its leads is closed before it is full.
    """

    def __init__(self, dispatcher: Submits, outcomes: Outcomes, max_leads: int, max_bytes: int) -> None:
        """``max_leads`` and ``max_bytes`` are the buffer's, over all partitions."""
        self._dispatcher = dispatcher
        self._outcomes = outcomes
        self._max_leads = max_leads
        self._max_bytes = max_bytes
        self._claims: list[Claim] = []
        self._lists = OpenLists()
        self._alarm: asyncio.TimerHandle | None = None

    def submit(self, shipments: list[Shipment], *, more_coming: bool = False) -> None:
        """Leads in the order in which they were read; those for no list go on at once."""
        now = asyncio.get_running_loop().time()
        going: list[Shipment] = []
        for shipment in shipments:
            if shipment.lead.collect is None:
                going.append(shipment)
            elif self._lists.add(shipment, now):
                going += self._lists.close(shipment.lead.destination)
            elif (crowded := self._crowded(shipment.record.claim)) is not None:
                going += self._lists.close(crowded)
        self._dispatcher.submit(going, more_coming=more_coming)
        self._set_alarm()

    def assigned(self, claims: Iterable[Claim]) -> None:
        """Partitions are ours."""
        self._claims = [claim for claim in (*self._claims, *claims) if not claim.released]

    def release(self) -> None:
        """Forget the leads whose claims are released: their next owner collects them."""
        self._claims = [claim for claim in self._claims if not claim.released]
        if gone := self._lists.forget():
            self._outcomes.forgotten(gone)

    def take_back(self) -> list[Shipment]:
        """Take out and give back what is collected, to be mapped anew: its lists begin again with it."""
        return self._lists.take_back()

    def held(self) -> Iterator[Record]:
        """The records whose leads are collected."""
        return (shipment.record for shipment in self._lists)

    @property
    def holds(self) -> bool:
        """True while any lead is collected."""
        return bool(self._lists)

    def close(self) -> None:
        """Send nothing more: what is collected stays unresolved and is read again."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _crowded(self, claim: Claim) -> Destination | None:
        claims = 2 * max(1, len(self._claims))
        return self._lists.crowded(claim, max(1, self._max_leads // claims), max(1, self._max_bytes // claims))

    def _set_alarm(self) -> None:
        at = self._lists.next_due
        if self._alarm is not None:
            if at is not None and self._alarm.when() <= at and not self._alarm.cancelled():
                return  # it looks again when it rings
            self._alarm.cancel()
        self._alarm = None if at is None else asyncio.get_running_loop().call_at(at, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        going: list[Shipment] = []
        for destination in self._lists.due(asyncio.get_running_loop().time()):
            going += self._lists.close(destination)
        if going:
            self._dispatcher.submit(going)
        self._set_alarm()
