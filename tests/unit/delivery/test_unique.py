"""Leads with the same key on a real event loop: one goes, the others wait for what becomes of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from connector.delivery.duplicates import Window, hash_of
from connector.delivery.position import Position, Returned
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.delivery.unique import Recall, Unique
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage

ACCEPTED = Answer(AnswerClass.ACCEPTED, 200)
REFUSED = SetAside(Outcome.DEAD_LETTER, Stage.DELIVER, Reason.REJECTED, "")


class End:
    """Dispatcher and outcomes: writes down what comes."""

    def __init__(self) -> None:
        self.sent: list[Shipment] = []
        self.done: list[Shipment] = []
        self.aside: list[tuple[Record, Outcome]] = []
        self.gone: list[Record] = []

    def submit(self, shipments: list[Shipment], *, more_coming: bool = False) -> None:
        self.sent += shipments

    def delivered(self, shipments: list[Shipment], answer: Answer) -> None:
        self.done += shipments

    def set_aside(self, record: Record, why: SetAside, shipment: Shipment | None, answer: Answer | None) -> None:
        self.aside.append((record, why.outcome))

    def forgotten(self, records: list[Record]) -> None:
        self.gone += records


def run(test: Callable[[Unique, End], Awaitable[None]], recall: Recall | None = None) -> None:
    """Run a test body with a window of an hour."""

    async def body() -> None:
        end = End()
        async with asyncio.TaskGroup() as tasks:
            unique = Unique(Window(3600, 1000), end, recall, tasks.create_task, lambda: 1_000_000)
            unique.dispatcher = end
            await asyncio.wait_for(test(unique, end), 60)
            unique.close()

    asyncio.run(body())


def shipment(claim: Claim, offset: int, key: str | None) -> Shipment:
    """A lead that is ready to go."""
    lead = MappedLead(f"lead-{offset}", None, "all", Destination("sales"), b"{}", duplicate_key=key)
    return Shipment(Record(claim, offset, None, None, b"x", None), lead, 0.0)


def claim(partition: int = 0) -> Claim:
    """A claim on a partition."""
    return Claim("leads", partition, PartitionProgress(0))


def test_the_second_waits_and_is_a_duplicate_once_the_first_is_delivered() -> None:
    """Its outcome names the first; a lead without a key is nobody's duplicate."""

    async def body(unique: Unique, end: End) -> None:
        ours = claim()
        first, second, other = shipment(ours, 0, "a"), shipment(ours, 1, "a"), shipment(ours, 2, None)
        unique.submit([first, second, other])
        assert end.sent == [first, other]
        assert list(unique.held()) == [second.record] and unique.holds
        unique.delivered([first], ACCEPTED)
        assert end.aside == [(second.record, Outcome.DUPLICATE)]
        assert second.duplicate is not None and second.duplicate.first == Position("leads", 0, 0)
        assert not unique.holds

    run(body)


def test_the_second_goes_when_the_first_was_refused() -> None:
    """What was not delivered is no reason to keep another back; a third waits for the second then."""

    async def body(unique: Unique, end: End) -> None:
        ours = claim()
        first, second, third = (shipment(ours, offset, "a") for offset in range(3))
        unique.submit([first, second, third])
        unique.set_aside(first.record, REFUSED, first, None)
        assert end.sent == [first, second]
        unique.delivered([second], ACCEPTED)
        assert end.aside == [(first.record, Outcome.DEAD_LETTER), (third.record, Outcome.DUPLICATE)]

    run(body)


def test_a_released_claim_gives_back_what_waits() -> None:
    """Whoever waits for a lead that is given up goes; whoever is released itself is forgotten."""

    async def body(unique: Unique, end: End) -> None:
        theirs, ours = claim(0), claim(1)
        first, second, third = shipment(theirs, 0, "a"), shipment(theirs, 1, "a"), shipment(ours, 0, "a")
        unique.submit([first, second, third])
        theirs.released = True
        unique.release()
        assert end.gone == [second.record]
        unique.forgotten([first.record])
        assert end.gone == [second.record, first.record]
        assert end.sent == [first, third]

    run(body)


def test_leads_of_a_new_partition_wait_for_what_was_delivered_from_it() -> None:
    """Then those that were are duplicates, and the others go in their order."""
    told = asyncio.Event()

    async def recall(ours: Claim, tell: Callable[[bytes, Position, int], None]) -> None:
        await told.wait()
        tell(hash_of("a"), Position(ours.topic, ours.partition, 7), 999_000)

    async def body(unique: Unique, end: End) -> None:
        ours, other = claim(0), claim(1)
        unique.assigned([ours])
        leads = [shipment(ours, 8, "a"), shipment(ours, 9, "b"), shipment(ours, 10, "c")]
        unique.submit(leads)
        elsewhere = shipment(other, 0, "d")
        unique.submit([elsewhere])
        assert end.sent == [elsewhere]
        assert [record.offset for record in unique.held()] == [8, 9, 10]
        told.set()
        while unique.holds:
            await asyncio.sleep(0)
        assert end.sent == [elsewhere, *leads[1:]]
        assert end.aside == [(leads[0].record, Outcome.DUPLICATE)]

    run(body, recall)


def test_a_partition_that_leaves_while_it_is_asked_for_is_given_back() -> None:
    """Its leads are forgotten, once."""

    async def recall(_claim: Claim, _tell: Callable[[bytes, Position, int], None]) -> None:
        await asyncio.Event().wait()

    async def body(unique: Unique, end: End) -> None:
        ours = claim()
        unique.assigned([ours])
        lead = shipment(ours, 0, "a")
        unique.submit([lead])
        ours.released = True
        unique.release()
        assert end.gone == [lead.record] and not unique.holds and not end.sent

    run(body, recall)


def test_a_record_does_not_wait_for_its_own_copy_on_the_retry_topic() -> None:
    """Parked before a crash that came before the commit, it is read again: the copy waits for the hub, the record's
    partition must not."""

    async def body(unique: Unique, end: End) -> None:
        retries, ours = claim(7), claim(0)
        copy, again, other = shipment(retries, 3, "a"), shipment(ours, 5, "a"), shipment(ours, 6, "a")
        copy.record.origin = Returned(Position("leads", 0, 5), None, 0, 1)
        unique.submit([copy])
        unique.submit([again, other])
        assert end.aside == [(again.record, Outcome.DUPLICATE)]
        assert list(unique.held()) == [other.record], "another record with its key waits as ever"
        unique.delivered([copy], ACCEPTED)
        assert end.aside[1:] == [(other.record, Outcome.DUPLICATE)]

    run(body)
