"""Other mappings and limits on a real event loop: what is in no request goes by the new ones."""

from __future__ import annotations

import asyncio

from connector.delivery.concurrency import Concurrency
from connector.delivery.lane import LanePolicy
from connector.delivery.slots import Slots
from connector.delivery.storm import StormGuard, StormPolicy
from connector.delivery.unique import Unique
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead, Parts
from connector.leads.outcome import SetAside
from tests.unit.delivery.test_dispatcher import SALES, Room, claim, records, run, turns
from tests.unit.delivery.test_unique import End, shipment
from tests.unit.delivery.test_unique import run as run_unique

SUPPORT = Destination("support")
NOBODY: frozenset[str] = frozenset()


class ToSupport:
    """Maps every lead to another hub."""

    def map(
        self, lead: dict[str, object], topic: str, now_ms: int, only: str | None = None
    ) -> MappedLead | SetAside | Parts:
        return MappedLead("id", None, "route", SUPPORT, b"new")


def test_what_waits_is_mapped_anew_and_what_is_under_way_is_not() -> None:
    """A request in flight ends as it began; what waits for a batch, and what a hub refused to take, goes to the new
    hub, oldest first and before what is read later."""

    async def body(room: Room) -> None:
        first = records(*[b"sales"] * 7)
        room.intake.receive(first)
        await turns()
        assert [len(contacts) for _, contacts, _ in room.api.requests] == [3, 3], "one lead waits"
        room.api.requests[0][2].set_result(Answer(AnswerClass.UNAVAILABLE, 503))
        await turns()
        back = room.dispatcher.take_back()
        assert [each.record for each in back] == [*first[:3], first[6]]
        room.dispatcher.use(LanePolicy(max_leads=10), 1000)
        room.intake.use(ToSupport(), NOBODY, [each.record for each in back])
        await turns()
        assert [(to, len(contacts)) for to, contacts, _ in room.api.requests[2:]] == [(SUPPORT, 4)]
        room.api.answer()
        await turns()
        assert sorted(room.ledger.done, key=lambda record: record.offset) == first
        assert room.dispatcher.forget_idle([SALES]) == [SALES] and SALES not in room.dispatcher.lanes

    run(body, max_in_flight=2)


def test_what_may_have_arrived_goes_again_as_it_was() -> None:
    """Mapped anew it would be another lead."""

    async def body(room: Room) -> None:
        room.intake.receive(records(b"sales"))
        await turns()
        room.api.answer(Answer(AnswerClass.AMBIGUOUS))
        await turns()
        assert not room.dispatcher.take_back() and room.dispatcher.waiting == 1
        assert room.dispatcher.forget_idle([SALES]) == []

    run(body)


def test_a_paused_route_keeps_its_leads_until_it_goes_on() -> None:
    """They are held, so that a shutdown does not wait for them and back-pressure keeps them apart; those of a claim
    that is released are forgotten; the others are mapped when the pause ends."""

    async def body(room: Room) -> None:
        paused = frozenset({"route"})
        room.intake.use(ToSupport(), paused, [])
        going, staying = claim(0), claim(1)
        lost, kept = records(b"a", b"b", of=going), records(b"c", b"d", of=staying)
        room.intake.receive([*lost, *kept])
        await turns()
        assert not room.api.requests
        assert room.intake.holds
        assert list(room.intake.held()) == [*lost, *kept] and room.intake.paused == {"route": 4}
        going.released = True
        room.intake.release()
        assert room.ledger.gone == lost and list(room.intake.held()) == kept
        room.intake.use(ToSupport(), NOBODY, [])
        await turns()
        room.api.answer()
        await turns()
        assert room.ledger.done == kept and not list(room.intake.held()) and not room.intake.paused

    run(body)


def test_the_duplicate_window_lets_go_of_what_is_mapped_anew() -> None:
    """Of the lead on its way and of those behind it; each may begin again, in any order."""

    async def body(unique: Unique, end: End) -> None:
        ours = claim()
        first, second, flying = shipment(ours, 0, "a"), shipment(ours, 1, "a"), shipment(ours, 2, "b")
        third = shipment(ours, 3, "b")
        unique.submit([first, second, flying, third])
        assert end.sent == [first, flying]
        back = [first]
        assert unique.take_back(back) == [second, third]
        assert not unique.holds and end.sent == [first, flying], "nobody went because another gave up"
        unique.submit([first, second, third])
        assert end.sent == [first, flying, first]
        unique.delivered([flying, first], Answer(AnswerClass.ACCEPTED, 200))
        assert [record for record, _ in end.aside] == [third.record, second.record]

    run_unique(body)


def test_limits_follow() -> None:
    """Who was at the limit goes to the new one; who was throttled does not gain by it."""
    free = Concurrency(8)
    free.use(16)
    assert free.limit == 16
    free.use(4)
    assert free.limit == 4
    throttled = Concurrency(8)
    throttled.sent(1, 1)
    throttled.pressed(1, 1)
    throttled.use(16)
    assert throttled.limit == 4


def test_a_guard_that_is_taken_away_holds_nothing() -> None:
    """And one that looks at fewer leads calls a storm by these."""
    guard = StormGuard(StormPolicy(1.0, 3))
    for _ in range(2):
        assert not guard.refused(0.0, probe=False)
    guard.use(StormPolicy(1.0, 2))
    assert guard.refused(1.0, probe=False)
    guard.use(None)
    assert guard.since is None
    assert not guard.refused(2.0, probe=False)


def test_more_slots_are_there_at_once() -> None:
    """Who waits for one of the old ones gets it when it is free."""

    async def body() -> None:
        slots = Slots(1, slow=1000.0)
        order: list[str] = []
        free = asyncio.Event()

        async def request(name: str, until: asyncio.Event) -> None:
            async with slots.one():
                order.append(name)
                await until.wait()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(request("first", free))
            tasks.create_task(request("waits", free))
            await turns()
            slots.use(2)
            now = asyncio.Event()
            now.set()
            tasks.create_task(request("new", now))
            await turns()
            assert order == ["first", "new"]
            free.set()
        assert order == ["first", "new", "waits"]

    asyncio.run(body())
