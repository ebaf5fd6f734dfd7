"""From a record to a shipment: decode, check and map, with every record that cannot go set aside."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from connector.delivery.dispatcher import Dispatcher, Outcomes, Spawn
from connector.delivery.record import Headers, Record, Shipment
from connector.leads.decode import SchemaKey
from connector.leads.mapped import MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage

SLICE = 64
"""Records handled before the loop's other work gets a turn: about 2 ms, so requests and answers do not wait longer."""


class Decodes(Protocol):
    """What intake needs of ``leads.decode.Decoder``."""

    def decode(
        self, topic: str, value: bytes | None, headers: Headers | None
    ) -> dict[str, object] | SetAside | SchemaKey:
        """A lead, why there is none, or the schema that must be learnt first."""


class Maps(Protocol):
    """What intake needs of ``leads.mapper.Mapper``."""

    def map(self, lead: dict[str, object], topic: str, now_ms: int) -> MappedLead | SetAside:
        """The lead as the API takes it, or why it cannot go."""


class Intake:
    """Takes records in the order in which they were read. Lives on the event loop's thread; nothing here blocks.

    ``learn`` asks the registry for a schema and returns when the decoder knows what became of it; it does not return
    while the registry cannot be reached. Records that wait for it do not hold up those that do not need it.
    """

    def __init__(
        self,
        decoder: Decodes,
        mapper: Maps,
        dispatcher: Dispatcher,
        outcomes: Outcomes,
        learn: Callable[[SchemaKey], Awaitable[None]],
        on_defect: Callable[[Record, Exception], None],
        spawn: Spawn,
        now_ms: Callable[[], int],
    ) -> None:
        self._decoder = decoder
        self._mapper = mapper
        self._dispatcher = dispatcher
        self._outcomes = outcomes
        self._learn = learn
        self._on_defect = on_defect
        self._spawn = spawn
        self._now_ms = now_ms
        self._queue: deque[Record] = deque()
        self._unlearnt: dict[SchemaKey, list[Record]] = {}
        self._running = False
        self._fetches: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """Records that are not yet mapped or set aside."""
        return len(self._queue) + sum(map(len, self._unlearnt.values()))

    def receive(self, records: list[Record]) -> None:
        """Records just read."""
        self._queue.extend(records)
        if not self._running:
            self._running = True
            self._handle_slice()

    def release(self) -> None:
        """Forget the records whose claims are released."""
        waiting = [self._queue, *self._unlearnt.values()]
        gone = [record for records in waiting for record in records if record.claim.released]
        if gone:
            self._queue = deque(record for record in self._queue if not record.claim.released)
            for records in self._unlearnt.values():
                records[:] = [record for record in records if not record.claim.released]
            self._outcomes.forgotten(gone)

    def close(self) -> None:
        """Give up on what waits: it stays unresolved and is read again."""
        self._queue.clear()
        for fetch in self._fetches:
            fetch.cancel()

    def _handle_slice(self) -> None:
        # A quiet topic's record goes all the way to its request within this call: no turn of the loop is waited for.
        shipments: list[Shipment] = []
        now_ms = self._now_ms()
        waiting_since = asyncio.get_running_loop().time()
        for _ in range(min(SLICE, len(self._queue))):
            record = self._queue.popleft()
            match self._prepare(record, now_ms):
                case MappedLead() as lead:
                    shipments.append(Shipment(record, lead, waiting_since))
                case SetAside() as why:
                    self._outcomes.set_aside(record, why, None, None)
                case key:
                    self._postpone(key, record)
        self._running = bool(self._queue)
        self._dispatcher.submit(shipments, more_coming=self._running)
        if self._running:
            asyncio.get_running_loop().call_soon(self._handle_slice)

    def _prepare(self, record: Record, now_ms: int) -> MappedLead | SetAside | SchemaKey:
        topic = record.claim.topic
        try:
            lead = self._decoder.decode(topic, record.value, record.headers)
            return self._mapper.map(lead, topic, now_ms) if isinstance(lead, dict) else lead
        except Exception as error:  # noqa: BLE001 - one lead that meets a defect of ours must not stop the others
            self._on_defect(record, error)
            message = f"the connector failed on this lead ({type(error).__name__}); please report it"
            return SetAside(Outcome.DEAD_LETTER, Stage.MAP, Reason.INTERNAL_ERROR, message)

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
        self.receive(self._unlearnt.pop(key))
