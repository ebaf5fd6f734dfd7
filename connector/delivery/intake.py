"""From a record to a shipment: decode, check and map, with every record that cannot go set aside."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Container, Iterable, Iterator
from typing import Protocol

from connector.delivery.dispatcher import Outcomes, Spawn
from connector.delivery.position import Returned
from connector.delivery.record import Headers, Record, Shipment, split
from connector.leads.decode import SchemaKey
from connector.leads.mapped import MappedLead, Parts
from connector.leads.outcome import Outcome, Reason, SetAside, Stage

SLICE = 64
"""Records handled before the loop's other work gets a turn: about 2 ms, so requests and answers do not wait longer."""
IN_DOUBT = SetAside(
    Outcome.PARKED,
    Stage.DELIVER,
    Reason.IN_DOUBT,
    "it was about to be sent when an earlier process ended, and may have arrived: look in uContact, then decide",
)

_NOT_AGAIN = frozenset({Outcome.EXPIRED, Outcome.FILTERED})
"""Outcomes of leads that may have been sent before they became too old, or a filter took them."""


class Decodes(Protocol):
    """What intake needs of ``leads.decode.Decoder``."""

    def decode(
        self, topic: str, value: bytes | None, headers: Headers | None
    ) -> dict[str, object] | SetAside | SchemaKey:
        """A lead, why there is none, or the schema that must be learnt first."""


class Maps(Protocol):
    """What intake needs of ``leads.mapper.Mapper``."""

    def map(
        self, lead: dict[str, object], topic: str, now_ms: int, only: str | None = None
    ) -> MappedLead | SetAside | Parts:
        """The lead as the API takes it, or why it cannot go; its parts where several routes take it."""


class Submits(Protocol):
    """What takes leads: the dispatcher, or what stands before it."""

    def submit(self, shipments: list[Shipment], *, more_coming: bool = False) -> None:
        """As ``Dispatcher.submit``."""


class Intake:
    """Takes records in the order in which they were read. Lives on the event loop's thread; nothing here blocks.

    ``learn`` asks the registry for a schema and returns when the decoder knows what became of it; it does not return
    while the registry cannot be reached. Records that wait for it do not hold up those that do not need it.
    """

    def __init__(
        self,
        decoder: Decodes,
        mapper: Maps,
        dispatcher: Submits,
        outcomes: Outcomes,
        learn: Callable[[SchemaKey], Awaitable[None]],
        on_defect: Callable[[Record, Exception], None],
        spawn: Spawn,
        now_ms: Callable[[], int],
        *,
        park_in_doubt: bool = False,
        longest_rest: float = 0.0,
        paused: Container[str] = frozenset(),
        caught_up: Callable[[], None] = lambda: None,
    ) -> None:
        """``park_in_doubt``: records that may have been sent by an earlier process are parked instead of sent again.
        ``longest_rest``: seconds for which a record of the retry topic rests at most before it is tried. ``paused`` are
        the routes whose leads wait. ``caught_up`` is called whenever all that was received has been looked at."""
        self._decoder = decoder
        self._mapper = mapper
        self._dispatcher = dispatcher
        self._outcomes = outcomes
        self._learn = learn
        self._on_defect = on_defect
        self._spawn = spawn
        self._now_ms = now_ms
        self._park_in_doubt = park_in_doubt
        self._longest_rest = longest_rest
        self._paused_routes = paused
        self._caught_up = caught_up
        self._queue: deque[Record] = deque()
        self._unlearnt: dict[SchemaKey, list[Record]] = {}
        self._resting: list[tuple[float, int, Record]] = []
        self._paused: dict[Record, str] = {}
        """What waits for the end of a pause, and of which route's."""
        self._numbers = itertools.count()
        self._running = False
        self._fetches: set[asyncio.Task[None]] = set()
        self._alarm: asyncio.TimerHandle | None = None
        self._received = 0

    @property
    def waiting(self) -> int:
        """Records that are not yet mapped or set aside."""
        return len(self._queue) + sum(1 for _ in self.held())

    @property
    def seen(self) -> int:
        """How many of the records received have been looked at; fewer while some that waited are looked at again."""
        return self._received - len(self._queue)

    @property
    def holds(self) -> bool:
        """True while any record waits for something other than its turn."""
        return bool(self._unlearnt or self._resting or self._paused)

    def held(self) -> Iterator[Record]:
        """Records that wait for something other than their turn: a schema, the end of their rest, or of their
        route's pause."""
        for records in self._unlearnt.values():
            yield from records
        for _, _, record in self._resting:
            yield record
        yield from self._paused

    @property
    def paused(self) -> Counter[str]:
        """How many records wait for the end of a pause, by route."""
        return Counter(self._paused.values())

    def receive(self, records: list[Record]) -> None:
        """Records just read."""
        self._queue.extend(records)
        self._received += len(records)
        self._go_on()

    def use(self, mapper: Maps, paused: Container[str], back: Iterable[Record]) -> None:
        """From now on leads are mapped by ``mapper``, and wait where their route is ``paused``. ``back`` were mapped
        before and are mapped anew, as is what waited for the end of a pause: before all others, oldest first."""
        self._mapper = mapper
        self._paused_routes = paused
        again = sorted([*back, *self._paused], key=lambda record: (record.read_ms or 0, record.offset))
        self._paused.clear()
        self._queue.extendleft(reversed(again))
        self._go_on()

    def release(self) -> None:
        """Forget the records whose claims are released."""
        gone = [record for record in (*self._queue, *self.held()) if record.claim.released]
        if gone:
            self._queue = deque(record for record in self._queue if not record.claim.released)
            for records in self._unlearnt.values():
                records[:] = [record for record in records if not record.claim.released]
            self._resting = [each for each in self._resting if not each[2].claim.released]
            heapq.heapify(self._resting)
            self._paused = {record: route for record, route in self._paused.items() if not record.claim.released}
            self._outcomes.forgotten(gone)

    def close(self) -> None:
        """Give up on what waits: it stays unresolved and is read again."""
        self._queue.clear()
        if self._alarm is not None:
            self._alarm.cancel()
        for fetch in self._fetches:
            fetch.cancel()

    def _go_on(self) -> None:
        if not self._running:
            self._running = True
            self._handle_slice()

    def _handle_slice(self) -> None:
        # A quiet topic's record goes all the way to its request within this call: no turn of the loop is waited for.
        shipments: list[Shipment] = []
        now_ms = self._now_ms()
        waiting_since = asyncio.get_running_loop().time()
        for _ in range(min(SLICE, len(self._queue))):
            record = self._queue.popleft()
            if record.origin is not None and record.origin.not_before_ms > now_ms:
                self._rest(record, record.origin, now_ms)
                continue
            match self._prepare(record, now_ms):
                case MappedLead() | SetAside() as result:
                    self._take(record, result, shipments, waiting_since)
                case Parts(each=parts):
                    for each, part in zip(split(record, [part.route for part in parts]), parts, strict=True):
                        self._take(each, part.result, shipments, waiting_since)
                case key:
                    self._postpone(key, record)
        self._running = bool(self._queue)
        self._dispatcher.submit(shipments, more_coming=self._running)
        if self._running:
            asyncio.get_running_loop().call_soon(self._handle_slice)
        else:
            self._caught_up()

    def _take(
        self, record: Record, result: MappedLead | SetAside, shipments: list[Shipment], waiting_since: float
    ) -> None:
        """What is to be sent joins ``shipments``; the rest is set aside."""
        if isinstance(result, SetAside):
            if result.outcome in _NOT_AGAIN and record.in_doubt and self._park_in_doubt:
                result = IN_DOUBT  # it is not to be sent again, and may have arrived
            self._outcomes.set_aside(record, result, None, None)
            return
        shipment = Shipment(record, result, waiting_since)
        if record.origin is not None:
            shipment.returned = True
            shipment.attempts = record.origin.attempts
            shipment.ambiguous = record.origin.unanswered
        if record.in_doubt and self._park_in_doubt:
            self._outcomes.set_aside(record, IN_DOUBT, shipment, None)
        elif result.route in self._paused_routes:
            self._paused[record] = (
                result.route
            )  # mapped anew when the pause ends: its call-back time may pass meanwhile
        else:
            shipments.append(shipment)

    def _prepare(self, record: Record, now_ms: int) -> MappedLead | SetAside | Parts | SchemaKey:
        topic = record.topic
        try:
            lead = self._decoder.decode(topic, record.value, record.headers)
            return self._mapper.map(lead, topic, now_ms, record.part) if isinstance(lead, dict) else lead
        except Exception as error:  # noqa: BLE001 - one lead that meets a defect of ours must not stop the others
            self._on_defect(record, error)
            message = f"the connector failed on this lead ({type(error).__name__}); please report it"
            return SetAside(Outcome.DEAD_LETTER, Stage.MAP, Reason.INTERNAL_ERROR, message)

    def _rest(self, record: Record, origin: Returned, now_ms: int) -> None:
        """The record is not to be tried yet. How long is decided once, so that a clock that is set does not matter, and
        no header makes it longer than leads rest with us."""
        seconds = min((origin.not_before_ms - now_ms) / 1000, self._longest_rest)
        record.origin = origin._replace(not_before_ms=0)
        heapq.heappush(self._resting, (asyncio.get_running_loop().time() + seconds, next(self._numbers), record))
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_at(self._resting[0][0], self._wake) if self._resting else None

    def _wake(self) -> None:
        now = asyncio.get_running_loop().time()
        while self._resting and self._resting[0][0] <= now:
            self._queue.append(heapq.heappop(self._resting)[2])
        self._set_alarm()
        if self._queue:
            self._go_on()

    def _postpone(self, key: SchemaKey, record: Record) -> None:
        waiting = self._unlearnt.get(key)
        if waiting is None:
            self._unlearnt[key] = [record]
            fetch = self._spawn(self._fetch(key))
            self._fetches.add(fetch)
            fetch.add_done_callback(self._fetches.discard)
        else:
            waiting.append(record)

    async def _fetch(self, key: SchemaKey) -> None:
        await self._learn(key)
        self._queue.extend(self._unlearnt.pop(key))
        self._go_on()
