"""A lead that several routes take, from intake to what the Kafka thread hears of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from connector.delivery.backoff import Backoff
from connector.delivery.dispatcher import Dispatcher
from connector.delivery.holding import Holding
from connector.delivery.intake import IN_DOUBT, Intake
from connector.delivery.lane import LanePolicy
from connector.delivery.lease import Lease
from connector.delivery.position import Position, Returned
from connector.delivery.record import Claim, Fan, Held, PartRecord, Record, split
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead, Part, Parts
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from tests.unit.delivery.test_dispatcher import Api, Decoder, Ledger, claim, records, turns

OLD = SetAside(Outcome.EXPIRED, Stage.MAP, Reason.TOO_OLD, "")


class Mapper:
    """Values are routes with commas between them, each named as its hub; one is too old."""

    def __init__(self) -> None:
        self.asked: list[str | None] = []

    def map(
        self, lead: dict[str, object], topic: str, now_ms: int, only: str | None = None
    ) -> MappedLead | SetAside | Parts:
        self.asked.append(only)
        names = str(lead["hub"]).split(",") if only is None else [only]
        parts = [
            Part(name, OLD if name == "old" else MappedLead("id", None, name, Destination(name), b"{}"))
            for name in names
        ]
        return parts[0].result if len(parts) == 1 else Parts(tuple(parts))


class Room:
    """Intake, dispatcher and what tells of what is held."""

    def __init__(self, tasks: asyncio.TaskGroup, *, park_in_doubt: bool) -> None:
        self.api = Api()
        self.ledger = Ledger()
        self.mapper = Mapper()
        self.held: list[Held | None] = []
        lease = Lease(10.0, lambda: 0.0)
        lease.renew(0.0)
        policy = LanePolicy(max_leads=3, linger=0.0, backoff=Backoff(1000.0, 1000.0))
        self.dispatcher = Dispatcher(
            policy, self.api.post, self.ledger, self.ledger, tasks.create_task, lambda: 0, lease, lambda: 1.0
        )

        async def learn(_key: object) -> None:
            raise AssertionError("no schema is needed")

        def defect(_record: Record, error: Exception) -> None:
            raise error

        self.intake = Intake(
            Decoder(),
            self.mapper,
            self.dispatcher,
            self.ledger,
            learn,
            defect,
            tasks.create_task,
            lambda: 0,
            park_in_doubt=park_in_doubt,
        )
        self.holding = Holding(self.dispatcher, self.intake, [], self.held.append)

    def answer(self, hub: str, answer: Answer) -> None:
        """Answer the open requests of a hub."""
        for destination, _, future in self.api.requests:
            if destination.hub == hub and not future.done():
                future.set_result(answer)


def run(test: Callable[[Room], Awaitable[None]], *, park_in_doubt: bool = False) -> None:
    """Run a test body in a room of its own."""

    async def body() -> None:
        async with asyncio.TaskGroup() as tasks:
            room = Room(tasks, park_in_doubt=park_in_doubt)
            await asyncio.wait_for(test(room), 60)
            room.intake.close()
            await room.dispatcher.close()

    asyncio.run(body())


def part_of(record: Record) -> str:
    """The route of a part."""
    assert isinstance(record, PartRecord)
    return record.part


def test_each_part_has_its_own_request_and_its_own_end() -> None:
    """They share the record's place; a part that cannot go is set aside alone."""

    async def body(room: Room) -> None:
        [record] = records(b"sales,old,welcome")
        room.intake.receive([record])
        await turns()
        room.answer("sales", Answer(AnswerClass.ACCEPTED, 200))
        await turns()
        [old] = room.ledger.aside
        [sold] = room.ledger.done
        assert (part_of(old[0]), old[1]) == ("old", OLD) and part_of(sold) == "sales"
        assert (sold.offset, sold.claim, sold.value) == (record.offset, record.claim, record.value)
        assert sold.fan is old[0].fan and sold.fan is not None and sold.fan.record is record
        room.answer("welcome", Answer(AnswerClass.REJECTED, 400))
        await turns()
        assert [part_of(each) for each, _ in room.ledger.aside] == ["old", "welcome"]

    run(body)


def test_a_lead_in_one_part_is_its_record() -> None:
    """Nothing is made for it."""

    async def body(room: Room) -> None:
        [record] = records(b"sales")
        room.intake.receive([record])
        await turns()
        room.answer("sales", Answer(AnswerClass.ACCEPTED, 200))
        await turns()
        assert room.ledger.done == [record] and record.fan is None and record.part is None

    run(body)


def test_parts_for_the_same_hub_share_a_request() -> None:
    """Two contacts, two ends."""

    async def body(room: Room) -> None:
        room.intake.receive(records(b"sales,sales"))
        await turns()
        assert [len(contacts) for _, contacts, _ in room.api.requests] == [2]
        room.answer("sales", Answer(AnswerClass.ACCEPTED, 200))
        await turns()
        assert len(room.ledger.done) == 2 and len({id(record) for record in room.ledger.done}) == 2

    run(body)


def test_of_a_record_in_doubt_every_part_is_parked() -> None:
    """Nobody knows which of them may have arrived; also of one that has become too old."""

    async def body(room: Room) -> None:
        [record] = records(b"sales,old")
        record.in_doubt = True
        room.intake.receive([record])
        assert [(part_of(each), why) for each, why in room.ledger.aside] == [("sales", IN_DOUBT), ("old", IN_DOUBT)]
        assert not room.api.requests

    run(body, park_in_doubt=True)


def test_a_part_that_comes_back_goes_by_its_route_alone() -> None:
    """It is a record of the retry topic, in one part."""

    async def body(room: Room) -> None:
        back, plain = records(b"sales,welcome", b"sales")
        back.origin = Returned(Position("leads", 0, 5), None, 0, 1, part="welcome")
        plain.origin = Returned(Position("leads", 0, 6), None, 0, 1)
        room.intake.receive([back, plain])
        await turns()
        assert room.mapper.asked == ["welcome", None]
        room.answer("welcome", Answer(AnswerClass.ACCEPTED, 200))
        await turns()
        assert room.ledger.done == [back] and back.part == "welcome"

    run(body)


def test_a_released_claim_gives_back_each_part_that_waits() -> None:
    """One that was delivered stays delivered."""

    async def body(room: Room) -> None:
        ours = claim()
        room.intake.receive(records(b"sales,welcome", b"welcome,sales", of=ours))
        await turns()
        room.answer("sales", Answer(AnswerClass.ACCEPTED, 200))
        await turns()
        room.answer("welcome", Answer(AnswerClass.UNAVAILABLE, 500))
        await turns()
        ours.released = True
        room.dispatcher.release()
        done = [(record.offset, part_of(record)) for record in room.ledger.done]
        gone = [(record.offset, part_of(record)) for record in room.ledger.gone]
        assert sorted(done + gone) == [(0, "sales"), (0, "welcome"), (1, "sales"), (1, "welcome")]
        assert {part for _, part in gone} == {"welcome"}

    run(body)


def test_what_is_held_counts_a_record_once() -> None:
    """Else there would be room for more than fits. At the end nothing is tried for a record only when nothing is for
    any of its parts."""

    async def body(room: Room) -> None:
        batch = records(b"a,b,well", b"a", b"b,a")
        room.intake.receive(batch)
        await turns()
        for hub in "ab":
            room.answer(hub, Answer(AnswerClass.UNAVAILABLE, 500))
        await turns()
        room.holding.tell()
        told = room.held[-1]
        assert told is not None
        assert told.leads == 3 and told.size == sum(record.size for record in batch)
        assert room.holding.count() == 2, "a part of the first is under way"

    run(body)


def test_a_part_that_ends_twice_is_a_defect() -> None:
    """It would stand for another, and the lead of that would be lost."""
    [record] = records(b"x")
    first, second = split(record, ["a", "b"])
    assert isinstance(first.fan, Fan) and not first.fan.settle(first, resolved=True)
    with pytest.raises(ValueError, match="settled already"):
        first.fan.settle(first, resolved=True)
    assert first.fan.settle(second, resolved=True) and first.fan.resolved


def test_the_parts_have_all_of_their_record() -> None:
    """Whatever a record gets to have."""
    of = Record(Claim("leads", 3, claim().progress), 17, 5, b"k", b"v", [("a", b"b")], in_doubt=True)
    of.origin = Returned(Position("leads", 0, 5), None, 0, 1, part="old")
    [part] = split(of, ["new"])
    for name in Record.__slots__:
        assert getattr(part, name) is getattr(of, name), name
    assert part.part == "new" and part.topic == "leads" and part.first_position == Position("leads", 0, 5)
