"""The collector on a real event loop: what goes on at once, and when lists go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from connector.delivery.lists import Collector
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.leads.answer import Answer
from connector.leads.mapped import Collect, Destination, MappedLead
from connector.leads.outcome import SetAside
from connector.leads.spec import Endpoint


class Behind:
    """Stands for the dispatcher and for the outcomes: writes down what it is given."""

    def __init__(self) -> None:
        self.given: list[list[Shipment]] = []
        self.gone: list[Record] = []

    def submit(self, shipments: list[Shipment], *, more_coming: bool = False) -> None:
        if shipments:
            self.given.append(shipments)

    def delivered(self, shipments: list[Shipment], answer: Answer) -> None:
        raise AssertionError("nothing is sent here")

    def set_aside(self, record: Record, why: SetAside, shipment: Shipment | None, answer: Answer | None) -> None:
        raise AssertionError("nothing is set aside here")

    def forgotten(self, records: list[Record]) -> None:
        self.gone += records


def claim() -> Claim:
    """A claim on a partition."""
    return Claim("leads", 0, PartitionProgress(0))


def shipment(of: Claim, name: str | None, max_leads: int = 3, max_wait: float = 1000.0) -> Shipment:
    """A lead for a list; without a name, one to be called now."""
    destination = Destination("sales") if name is None else Destination("sales", Endpoint.LISTS, name)
    collect = None if name is None else Collect(max_leads, max_wait)
    lead = MappedLead("id", None, "route", destination, b"{}", collect=collect)
    return Shipment(Record(of, 0, None, None, b"x", None), lead, 0.0)


def run(test: Callable[[Collector, Behind], Awaitable[None]], max_leads: int = 1000) -> None:
    """Run a test body with a collector of its own, for a buffer of so many leads."""

    async def body() -> None:
        behind = Behind()
        collector = Collector(behind, behind, max_leads, 1_000_000)
        await asyncio.wait_for(test(collector, behind), 60)
        collector.close()

    asyncio.run(body())


def test_leads_to_be_called_now_go_on_and_lists_when_they_are_full() -> None:
    """Each list for itself, in order."""

    async def body(collector: Collector, behind: Behind) -> None:
        one = claim()
        leads = [shipment(one, name) for name in ("a", "b", None, "a", "a", "b")]
        collector.submit(leads)
        assert behind.given == [[leads[2], leads[0], leads[3], leads[4]]]
        assert [*collector.held()] == [leads[1].record, leads[5].record] and collector.holds

    run(body)


def test_a_list_goes_when_its_time_has_come() -> None:
    """Also when a list with more time was there before, and after leads that came later."""

    async def body(collector: Collector, behind: Behind) -> None:
        one = claim()
        late, soon = shipment(one, "late"), shipment(one, "soon", max_wait=0.01)
        collector.submit([late])
        collector.submit([soon])
        while not behind.given:
            await asyncio.sleep(0.001)
        assert behind.given == [[soon]] and [*collector.held()] == [late.record]

    run(body)


def test_a_partition_that_leaves_takes_its_leads_along() -> None:
    """Its next owner collects them."""

    async def body(collector: Collector, behind: Behind) -> None:
        theirs, ours = claim(), claim()
        leads = [shipment(theirs, "a"), shipment(ours, "a"), shipment(theirs, "b")]
        collector.assigned([theirs, ours])
        collector.submit(leads)
        theirs.released = True
        collector.release()
        assert behind.gone == [leads[0].record, leads[2].record] and [*collector.held()] == [leads[1].record]
        more = [shipment(ours, "a"), shipment(ours, "a")]
        collector.submit(more)
        assert behind.given == [[leads[1], *more]]

    run(body)


def test_a_partition_collects_no_more_than_half_of_its_share() -> None:
    """The list with most of its leads goes before it is full."""

    async def body(collector: Collector, behind: Behind) -> None:
        one, two = claim(), claim()
        collector.assigned([one, two])
        leads = [shipment(one, name, max_leads=100) for name in ("a", "a", "b")]
        collector.submit(leads)
        assert not behind.given
        collector.submit([last := shipment(one, "b", max_leads=100)])
        assert behind.given == [[leads[0], leads[1]]] and [*collector.held()] == [leads[2].record, last.record]

    run(body, max_leads=16)
