"""Intake and dispatcher on a real event loop, with an API whose answers the test gives."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from connector.delivery.backoff import Backoff
from connector.delivery.dispatcher import Dispatcher, Intents
from connector.delivery.duplicates import Window
from connector.delivery.intake import SLICE, Intake
from connector.delivery.lane import Flush, Lane, LanePolicy
from connector.delivery.lease import Lease
from connector.delivery.position import Position, Returned
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Headers, Record, Shipment
from connector.delivery.unique import Unique
from connector.leads.answer import Answer, AnswerClass
from connector.leads.decode import SchemaKey
from connector.leads.mapped import Destination, MappedLead, Parts
from connector.leads.outcome import Outcome, Reason, SetAside, Stage

OK = Answer(AnswerClass.ACCEPTED, 200)
SALES = Destination("sales")


class Api:
    """Requests wait here until the test answers them."""

    def __init__(self) -> None:
        self.requests: list[tuple[Destination, list[bytes], asyncio.Future[Answer]]] = []

    async def post(self, destination: Destination, contacts: list[bytes]) -> Answer:
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.requests.append((destination, contacts, future))
        return await future

    def answer(self, answer: Answer = OK) -> None:
        """Answer every open request."""
        for _, _, future in self.requests:
            if not future.done():
                future.set_result(answer)


class Ledger:
    """Implements Outcomes and Observer by writing down."""

    def __init__(self) -> None:
        self.done: list[Record] = []
        self.unanswered: list[int] = []
        self.aside: list[tuple[Record, SetAside]] = []
        self.gone: list[Record] = []
        self.waited = 0
        self.defects: list[Exception] = []

    def delivered(self, shipments: list[Shipment], answer: Answer) -> None:
        self.done += [s.record for s in shipments]
        self.unanswered += [s.ambiguous for s in shipments]

    def set_aside(self, record: Record, why: SetAside, shipment: Shipment | None, answer: Answer | None) -> None:
        self.aside.append((record, why))

    def forgotten(self, records: list[Record]) -> None:
        self.gone += records

    def request_started(self, destination: Destination, leads: int, flush: Flush) -> None:
        pass

    def lease_expired(self, leads: int) -> None:
        self.waited += leads

    def request_answered(self, destination: Destination, leads: int, answer: Answer, lane: Lane) -> None:
        pass


class Decoder:
    """Values are words: a lead's hub, or what should become of it."""

    def __init__(self) -> None:
        self.known = False

    def decode(
        self, topic: str, value: bytes | None, headers: Headers | None
    ) -> dict[str, object] | SetAside | SchemaKey:
        if value is None:
            return SetAside(Outcome.FILTERED, Stage.DECODE, Reason.TOMBSTONE, "")
        if value == b"needs-schema" and not self.known:
            return SchemaKey("id", 1)
        return {"hub": value.decode()}


class Mapper:
    """Maps a word to a lead of that hub; one word is a defect, and one is too old."""

    def map(
        self, lead: dict[str, object], topic: str, now_ms: int, only: str | None = None
    ) -> MappedLead | SetAside | Parts:
        if lead["hub"] == "old":
            return SetAside(Outcome.EXPIRED, Stage.MAP, Reason.TOO_OLD, "")
        if lead["hub"] == "unwanted":
            return SetAside(Outcome.FILTERED, Stage.FILTER, Reason.SUPPRESSED, "")
        if lead["hub"] == "defect":
            raise KeyError("a mistake of ours")
        expires_at_ms = 1000 if lead["hub"] == "short-lived" else None
        return MappedLead("id", None, "route", Destination(str(lead["hub"])), b"{}", expires_at_ms=expires_at_ms)


class Room:
    """Intake and dispatcher put together."""

    def __init__(
        self,
        tasks: asyncio.TaskGroup,
        most_requests: int = 1000,
        intents: Intents | None = None,
        *,
        park_in_doubt: bool = False,
        **policy: Any,
    ) -> None:
        self.api = Api()
        self.ledger = Ledger()
        self.decoder = Decoder()
        self.now_ms = 0
        self.clock = 0.0
        self.lease = Lease(10.0, lambda: self.clock)
        self.lease.renew(0.0)
        self.caught_up = 0
        self.registry = asyncio.Event()
        policy = {"max_leads": 3, "linger": 30.0, "backoff": Backoff(1000.0, 1000.0), **policy}
        self.dispatcher = Dispatcher(
            LanePolicy(**policy),
            self.api.post,
            self.ledger,
            self.ledger,
            tasks.create_task,
            lambda: self.now_ms,
            self.lease,
            lambda: 1.0,
            most_requests,
            intents,
        )
        self.intake = Intake(
            self.decoder,
            Mapper(),
            self.dispatcher,
            self.ledger,
            self.learn,
            lambda _record, error: self.ledger.defects.append(error),
            tasks.create_task,
            lambda: self.now_ms,
            park_in_doubt=park_in_doubt,
            longest_rest=0.2,
            caught_up=self.catch_up,
        )

    def catch_up(self) -> None:
        self.caught_up = self.intake.seen

    async def learn(self, _key: SchemaKey) -> None:
        await self.registry.wait()
        self.decoder.known = True

    async def close(self) -> None:
        self.intake.close()
        await self.dispatcher.close()


def run(test: Callable[[Room], Awaitable[None]], **policy: Any) -> None:
    """Run a test body in a room of its own."""

    async def body() -> None:
        async with asyncio.TaskGroup() as tasks:
            room = Room(tasks, **policy)
            await asyncio.wait_for(test(room), 60)
            await room.close()

    asyncio.run(body())


async def turns(count: int = 5) -> None:
    """Let the loop do what is ready."""
    for _ in range(count):
        await asyncio.sleep(0)


def claim(partition: int = 0) -> Claim:
    """A claim on a partition."""
    return Claim("leads", partition, PartitionProgress(0))


def records(*values: bytes | None, of: Claim | None = None) -> list[Record]:
    """Records of one claim."""
    of = of or claim()
    return [Record(of, offset, None, None, value, None) for offset, value in enumerate(values)]


def test_a_lone_lead_is_sent_within_the_call_that_brings_it() -> None:
    """On a quiet topic nothing is waited for: no linger, and the request starts on the loop's next turn."""

    async def body(room: Room) -> None:
        room.intake.receive(records(b"sales"))
        await turns(1)
        assert [len(contacts) for _, contacts, _ in room.api.requests] == [1]

    run(body)


def test_hubs_do_not_wait_for_each_other() -> None:
    """One hub's request hangs; another's leads go on."""

    async def body(room: Room) -> None:
        room.intake.receive(records(b"slow", b"sales"))
        await turns()
        for destination, _, future in room.api.requests:
            if destination == SALES:
                future.set_result(OK)
        await turns()
        assert [record.value for record in room.ledger.done] == [b"sales"]

    run(body)


def test_more_hubs_that_hang_than_requests_may_go_stop_nobody() -> None:
    """Before the first of them reaches its time-out."""

    async def body(room: Room) -> None:
        room.intake.receive(records(b"slow", b"slower", b"slowest", b"sales"))
        while not room.ledger.done:
            for destination, _, future in room.api.requests:
                if destination == SALES and not future.done():
                    future.set_result(OK)
            await asyncio.sleep(0.01)
        assert [record.value for record in room.ledger.done] == [b"sales"]

    run(body, most_requests=2)


def test_every_record_has_its_own_end() -> None:
    """Tombstone, defect, unknown schema and lead in one hand-over: each is settled once, in nobody's way."""

    async def body(room: Room) -> None:
        batch = records(None, b"defect", b"needs-schema", b"sales")
        room.intake.receive(batch)
        await turns()
        room.api.answer()
        await turns()
        assert [record.value for record in room.ledger.done] == [b"sales"]
        assert [(record.value, why.reason) for record, why in room.ledger.aside] == [
            (None, Reason.TOMBSTONE),
            (b"defect", Reason.INTERNAL_ERROR),
        ]
        assert "a mistake of ours" not in room.ledger.aside[1][1].message, "an exception's text may hold a lead's data"
        assert len(room.ledger.defects) == 1 and room.intake.waiting == 1
        room.registry.set()
        await turns()
        room.api.answer()
        await turns()
        assert {r.value for r in room.ledger.done} == {b"sales", b"needs-schema"} and room.intake.waiting == 0

    run(body)


def test_no_request_starts_for_a_released_claim() -> None:
    """Queued, waiting for a schema, in back-off, or taken but not started: all given back. In flight: finished."""

    async def body(room: Room) -> None:
        ours, theirs = claim(0), claim(1)
        room.intake.receive(records(b"sales", of=theirs))
        await turns()
        in_flight = room.api.requests[0][2]
        room.intake.receive(records(b"sales", b"needs-schema", of=theirs) + records(b"sales", of=ours))
        await turns()
        room.intake.receive(records(b"fresh-hub", of=theirs))  # its batch is taken, its task has not begun
        theirs.released = True
        room.intake.release()
        room.dispatcher.release()
        await turns()
        assert len(room.api.requests) == 1
        assert len(room.ledger.gone) == 3
        in_flight.set_result(OK)
        await turns()
        assert [record.claim for record in room.ledger.done] == [theirs], "an answer that comes still counts"
        assert len(room.api.requests) == 2, "what is ours goes on"

    run(body)


def test_a_failed_request_of_a_released_claim_is_not_tried_again() -> None:
    """Its leads are given back at once, not after the back-off."""

    async def body(room: Room) -> None:
        theirs = claim()
        room.intake.receive(records(b"sales", of=theirs))
        await turns()
        theirs.released = True
        room.dispatcher.release()
        room.api.answer(Answer(AnswerClass.UNAVAILABLE, 500))
        await turns()
        assert len(room.ledger.gone) == 1 and room.dispatcher.waiting == 0

    run(body)


def test_a_request_that_waits_for_its_turn_does_not_start_for_a_released_claim() -> None:
    """There are more hubs than connections: what waits for one is looked at again before it goes."""

    async def body(room: Room) -> None:
        theirs, ours = claim(0), claim(1)
        room.intake.receive(records(b"sales", of=ours))
        room.intake.receive(records(b"support", of=theirs))
        room.intake.receive(records(b"collections", of=ours))
        await turns()
        assert [hub.hub for hub, _, _ in room.api.requests] == ["sales"]
        theirs.released = True
        room.dispatcher.release()
        for _ in range(3):
            room.api.answer()
            await turns()
        assert [hub.hub for hub, _, _ in room.api.requests] == ["sales", "collections"]
        assert [record.claim for record in room.ledger.gone] == [theirs]

    run(body, most_requests=1)


def test_a_large_hand_over_leaves_the_loop_its_turns() -> None:
    """Thousands of records are mapped in slices: other work runs in between."""

    async def body(room: Room) -> None:
        room.intake.receive(records(*[b"sales"] * (3 * SLICE)))
        assert room.intake.waiting == 2 * SLICE
        await turns(4)
        assert room.intake.waiting == 0

    run(body)


def test_leads_read_together_are_not_sent_in_scraps() -> None:
    """A hand-over larger than a slice: only its end goes in a batch that is not full."""

    async def body(room: Room) -> None:
        room.intake.receive(records(*[b"sales"] * (SLICE + 1), b"other"))
        await turns()
        room.api.answer()
        await turns()
        sizes = [len(contacts) for destination, contacts, _ in room.api.requests if destination == SALES]
        assert sizes == [50, SLICE + 1 - 50]

    run(body, max_leads=50)


def test_closing_abandons_and_sends_nothing_more() -> None:
    """After close the leads stay unresolved: they are read again."""

    async def body(room: Room) -> None:
        room.intake.receive(records(*[b"sales"] * 10))
        await turns()
        sent = len(room.api.requests)
        await room.close()
        room.intake.receive(records(b"sales"))
        await turns()
        assert len(room.api.requests) == sent and not room.ledger.done and room.dispatcher.in_flight == 0

    run(body)


def test_a_defect_in_sending_is_not_swallowed() -> None:
    """The client never raises; if it does, the service must end and say so, not lose the batch silently."""

    async def broken(_destination: Destination, _contacts: list[bytes]) -> Answer:
        raise RuntimeError("a defect")

    async def body() -> None:
        async with asyncio.TaskGroup() as tasks:
            room = Room(tasks)
            room.dispatcher._post = broken
            room.intake.receive(records(b"sales"))

    with pytest.raises(ExceptionGroup) as failed:
        asyncio.run(body())
    assert failed.group_contains(RuntimeError, match="a defect")


def test_event_named_hubs_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lanes of hubs that events invent are forgotten when there are too many and they are idle."""
    monkeypatch.setattr("connector.delivery.dispatcher.MOST_LANES", 5)

    async def body(room: Room) -> None:
        for number in range(50):
            room.intake.receive(records(f"hub-{number}".encode()))
            await turns()
            room.api.answer()
            await turns()
        assert len(room.dispatcher._lanes) <= 6
        assert len(room.ledger.done) == 50

    run(body)


def test_a_lead_that_becomes_too_old_while_it_waits_is_not_sent() -> None:
    """Its outcome is expired; the others of its batch go."""

    async def body(room: Room) -> None:
        room.intake.receive(records(b"short-lived"))
        await turns()
        room.now_ms = 1001
        room.api.answer(Answer(AnswerClass.UNAVAILABLE, 500))
        await turns()
        room.intake.receive(records(b"short-lived", b"sales"))
        while not room.ledger.aside:
            await asyncio.sleep(0.001)
        room.api.answer()
        await turns()
        assert {why.outcome for _, why in room.ledger.aside} == {Outcome.EXPIRED}
        assert [record.value for record in room.ledger.done] == [b"sales"]
        assert [len(contacts) for hub, contacts, _ in room.api.requests if hub.hub == "short-lived"] == [1]

    run(body, backoff=Backoff(0.001, 0.001))


class Notary:
    """Implements Intents: a request waits here until the test lets it go."""

    def __init__(self) -> None:
        self.written = asyncio.Event()
        self.intended: list[Record] = []
        self.withdrawn: list[Record] = []
        self.no_room: set[Claim] = set()

    async def intend(self, records: list[Record]) -> list[Record]:
        self.intended += records
        await self.written.wait()
        return [record for record in records if record.claim in self.no_room]

    def withdraw(self, records: list[Record]) -> None:
        self.withdrawn += records


def test_a_request_waits_until_it_is_written_down_that_it_goes() -> None:
    """And does not go for claims that were released meanwhile."""
    notary = Notary()

    async def body(room: Room) -> None:
        theirs, ours = claim(0), claim(1)
        room.intake.receive([*records(b"sales", of=theirs), *records(b"sales", of=ours)])
        await turns()
        assert len(notary.intended) == 2 and not room.api.requests
        theirs.released = True
        room.dispatcher.release()
        notary.written.set()
        await turns()
        assert [len(contacts) for _, contacts, _ in room.api.requests] == [1]
        assert [record.claim for record in room.ledger.gone] == [theirs]
        assert [record.claim for record in notary.intended] == [theirs, ours, ours], "let go as a whole: written anew"

    run(body, intents=notary)


def test_leads_without_room_in_what_is_written_down_wait_and_the_others_of_their_request_go() -> None:
    """And so do those of later requests. They were in no request as far as anybody can tell."""
    notary = Notary()
    notary.written.set()

    async def body(room: Room) -> None:
        full, free = claim(0), claim(1)
        notary.no_room.add(full)
        room.intake.receive([*records(b"sales", of=full), *records(b"sales", b"sales", of=free)])
        await turns()
        assert [len(contacts) for _, contacts, _ in room.api.requests] == [2]
        room.intake.receive(records(b"sales", b"sales", of=full))
        room.api.answer()
        await turns()
        room.intake.receive(records(b"sales", of=free))
        while len(room.api.requests) < 2:
            await asyncio.sleep(0.001)
        room.api.answer()
        await turns()
        assert {record.claim for record in room.ledger.done} == {free} and room.dispatcher.waiting == 3
        notary.no_room.clear()
        while len(room.ledger.done) < 6:
            room.api.answer()
            await asyncio.sleep(0.001)

    run(body, intents=notary)


@pytest.mark.parametrize(
    ("kind", "withdrawn"),
    [
        (AnswerClass.UNAVAILABLE, True),
        (AnswerClass.THROTTLED, True),
        (AnswerClass.REJECTED, True),
        (AnswerClass.AMBIGUOUS, False),
        (AnswerClass.ACCEPTED, False),
    ],
)
def test_what_certainly_had_no_effect_is_in_doubt_no_longer(kind: AnswerClass, withdrawn: bool) -> None:
    """An answer that says so withdraws what was written down; one that may have had an effect does not."""
    notary = Notary()
    notary.written.set()

    async def body(room: Room) -> None:
        [record] = records(b"sales")
        room.intake.receive([record])
        await turns()
        room.api.answer(Answer(kind, 500))
        await turns()
        assert notary.withdrawn == ([record] if withdrawn else [])

    run(body, intents=notary)


def test_a_lead_that_had_no_answer_once_stays_in_doubt() -> None:
    """Whatever its next request says of itself."""
    notary = Notary()
    notary.written.set()

    async def body(room: Room) -> None:
        room.intake.receive(records(b"sales"))
        await turns()
        room.api.answer(Answer(AnswerClass.AMBIGUOUS))
        while len(room.api.requests) < 2:
            await asyncio.sleep(0.001)
        room.api.answer(Answer(AnswerClass.UNAVAILABLE, 500))
        await turns()
        assert notary.withdrawn == []

    run(body, intents=notary, backoff=Backoff(0.001, 0.001))


def test_what_an_earlier_process_may_have_sent_is_parked_where_that_is_asked_for() -> None:
    """crash_safety: park. Without it the lead is sent."""

    async def body(room: Room) -> None:
        [record] = records(b"sales")
        record.in_doubt = True
        room.intake.receive([record])
        await turns()
        room.api.answer()
        await turns()
        parked = [(each, why.outcome, why.reason) for each, why in room.ledger.aside]
        expected = [(record, Outcome.PARKED, Reason.IN_DOUBT)] if parks else []
        assert (parked, room.ledger.done) == (expected, [] if parks else [record])

    for parks in (True, False):
        run(body, park_in_doubt=parks)


@pytest.mark.parametrize(
    ("word", "in_doubt", "parks", "expected"),
    [
        (b"old", True, True, Outcome.PARKED),
        (b"old", True, False, Outcome.EXPIRED),
        (b"old", False, True, Outcome.EXPIRED),
        (b"unwanted", True, True, Outcome.PARKED),
        (b"unwanted", True, False, Outcome.FILTERED),
        (b"unwanted", False, True, Outcome.FILTERED),
    ],
)
def test_what_may_have_been_sent_is_parked_also_when_it_is_not_to_be_sent_by_now(
    word: bytes, in_doubt: bool, parks: bool, expected: Outcome
) -> None:
    """Called expired or filtered, nobody would look whether it arrived."""

    async def body(room: Room) -> None:
        [record] = records(word)
        record.in_doubt = in_doubt
        room.intake.receive([record])
        await turns()
        assert [why.outcome for _, why in room.ledger.aside] == [expected]

    run(body, park_in_doubt=parks)


def test_a_lead_of_the_retry_topic_rests_until_its_time() -> None:
    """It is held meanwhile, and keeps its order among those that rest."""

    async def body(room: Room) -> None:
        room.now_ms = 1000
        batch = records(b"sales", b"sales", b"support")
        for record, until_ms in zip(batch, (1050, 1100, 0), strict=True):
            record.origin = Returned(Position("leads", 3, 7), None, until_ms, 4, unanswered=3)
        room.intake.receive(batch)
        await turns()
        assert [hub.hub for hub, _, _ in room.api.requests] == ["support"]
        assert list(room.intake.held()) == batch[:2]
        assert room.caught_up == 3
        while room.intake.holds:
            await asyncio.sleep(0.001)
        await turns()
        room.api.answer()
        await turns()
        room.api.answer()
        await turns()
        assert room.ledger.done == [batch[2], *batch[:2]]
        assert room.ledger.unanswered == [3, 3, 3], "they may have arrived before: that is counted when they do"

    run(body)


def test_a_lead_rests_no_longer_than_leads_rest_with_us() -> None:
    """Whatever a header says, and wherever the clock is set to meanwhile; a release forgets it at once."""

    async def body(room: Room) -> None:
        ours = claim()
        forever, gone = [*records(b"sales", of=ours), *records(b"support")]
        for record in (forever, gone):
            record.origin = Returned(Position("leads", 3, 7), None, 10**15, 0)
        room.now_ms = 10**12
        room.intake.receive([forever, gone])
        room.now_ms -= 3_600_000
        gone.claim.released = True
        room.intake.release()
        assert room.ledger.gone == [gone] and room.intake.holds
        while not room.api.requests:
            await asyncio.sleep(0.001)
        assert [hub.hub for hub, _, _ in room.api.requests] == ["sales"]
        assert not room.intake.holds

    run(body)


def test_a_hub_that_hangs_is_held_to_account() -> None:
    """What waits for a hub that takes nothing is told by record, so that its partitions can be paused."""

    async def body(room: Room) -> None:
        batch = records(*[b"sales"] * 5, b"support")
        room.intake.receive(batch)
        await turns()
        assert list(room.dispatcher.held()) == []
        for hub, _, future in room.api.requests:
            future.set_result(OK if hub.hub == "support" else Answer(AnswerClass.UNAVAILABLE, 500))
        await turns()
        assert room.dispatcher.keeps_apart
        assert list(room.dispatcher.held()) == list(room.dispatcher.apart()) == batch[:5]

    run(body)


def test_a_hub_that_falls_behind_is_kept_apart_while_another_does_not() -> None:
    """It takes leads, so a shutdown waits for them; but its backlog must not hold up the others. Where all fall behind
    there is nobody to keep them from."""

    async def body(room: Room) -> None:
        batch = records(*[b"sales"] * 5, b"support")
        room.intake.receive(batch)
        await turns()
        room.api.answer()
        while not list(room.dispatcher.apart()):
            await asyncio.sleep(0.01)
        assert room.dispatcher.keeps_apart
        assert list(room.dispatcher.held()) == []
        assert list(room.dispatcher.apart()) == batch[3:5]
        room.intake.receive(records(*[b"support"] * 3))
        while list(room.dispatcher.apart()):
            await asyncio.sleep(0.01)
        assert room.dispatcher.waiting == 5

    run(body, request_rate=0.001)


def test_a_hub_that_is_down_for_long_has_its_leads_parked() -> None:
    """All but the next probe's."""

    async def body(room: Room) -> None:
        batch = records(*[b"sales"] * 5)
        room.intake.receive(batch)
        await turns()
        while len(room.ledger.aside) < 4:
            room.api.answer(Answer(AnswerClass.UNAVAILABLE, 500))
            await asyncio.sleep(0.001)
        assert {why.reason for _, why in room.ledger.aside} == {Reason.HUB_DOWN}

    run(body, backoff=Backoff(0.01, 0.01), park_after=0.05, breaker_failures=2)


def test_without_the_groups_confirmation_nothing_is_sent() -> None:
    """Another member may own the partitions: requests wait until the group answers, or the claims are released."""

    async def body(room: Room) -> None:
        theirs, ours = claim(0), claim(1)
        room.clock = 10.0
        room.intake.receive([*records(b"sales", of=theirs), *records(b"sales", of=ours)])
        await turns()
        assert not room.api.requests and room.ledger.waited == 2
        theirs.released = True
        room.dispatcher.release()
        room.lease.renew(5.0)
        while not room.api.requests:
            await asyncio.sleep(0.001)
        assert [len(contacts) for _, contacts, _ in room.api.requests] == [1]
        assert [record.claim for record in room.ledger.gone] == [theirs]

    run(body)


def twins(
    tasks: asyncio.TaskGroup, ledger: Ledger, answer: Answer, **policy: Any
) -> tuple[Unique, Dispatcher, Callable[[str, Claim, str], Shipment]]:
    """What looks for duplicates before a dispatcher whose API answers so, and a maker of leads: key, claim, hub."""

    async def post(_destination: Destination, _contacts: list[bytes]) -> Answer:
        return answer

    lease = Lease(3600.0)
    lease.renew(time.monotonic())
    unique = Unique(Window(3600, 1000), ledger, None, tasks.create_task, lambda: 0)
    lanes = LanePolicy(**policy)
    dispatcher = Dispatcher(lanes, post, unique, ledger, tasks.create_task, lambda: 0, lease, random=lambda: 1.0)
    unique.dispatcher = dispatcher
    offsets = itertools.count()

    def lead(key: str, claim: Claim, hub: str) -> Shipment:
        mapped = MappedLead("id", None, "route", Destination(hub), b"{}", duplicate_key=key)
        return Shipment(Record(claim, next(offsets), None, None, b"x", None), mapped, asyncio.get_running_loop().time())

    return unique, dispatcher, lead


def test_leads_with_one_key_are_parked_one_after_the_other() -> None:
    """Each is parked while the one before is being taken, however many there are, and none stops the intake."""

    async def body() -> None:
        ledger, claim = Ledger(), Claim("leads", 0, PartitionProgress(0))
        async with asyncio.TaskGroup() as tasks:
            down = Answer(AnswerClass.UNAVAILABLE)
            unique, dispatcher, lead = twins(tasks, ledger, down, park_after=0.001, backoff=Backoff(60, 60))
            unique.submit([lead("first", claim, "sales")])
            while not ledger.aside:
                await asyncio.sleep(0.01)
            unique.submit([lead("twin", claim, hub) for hub in ("sales", "sales", "sales")])
            unique.submit([lead("many", claim, "sales") for _ in range(500)])
            assert [why.reason for _, why in ledger.aside] == [Reason.HUB_DOWN] * 504
            await dispatcher.close()

    asyncio.run(body())


def test_a_lead_for_a_new_hub_that_waited_for_one_that_leaves_begins() -> None:
    """The first of two with one key leaves with its partition: all of that is forgotten, and the other goes."""

    async def body() -> None:
        ledger, ours, theirs = (
            Ledger(),
            Claim("leads", 0, PartitionProgress(0)),
            Claim("leads", 1, PartitionProgress(0)),
        )
        async with asyncio.TaskGroup() as tasks:
            down = Answer(AnswerClass.UNAVAILABLE)
            unique, dispatcher, lead = twins(tasks, ledger, down, backoff=Backoff(60, 60))
            unique.submit([lead("a", theirs, "sales"), lead("b", theirs, "support"), lead("a", ours, "abroad")])
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            theirs.released = True
            unique.release()
            dispatcher.release()
            assert [record.offset for record in ledger.gone] == [0, 1]
            assert not unique.holds
            await dispatcher.close()

    asyncio.run(body())
