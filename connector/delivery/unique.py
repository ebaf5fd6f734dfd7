"""Between intake and dispatcher where duplicates are looked for: what was delivered before is not sent again.

Decisions are the window's (``duplicates.py``); this keeps the leads that wait. Lives on the event loop's thread.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeAlias

from connector.delivery.dispatcher import Outcomes, Spawn
from connector.delivery.duplicates import Duplicate, Standing, Window, hash_of
from connector.delivery.intake import Submits
from connector.delivery.position import Position
from connector.delivery.record import Claim, Record, Shipment
from connector.leads.answer import Answer
from connector.leads.outcome import Outcome, Reason, SetAside, Stage

Recall: TypeAlias = Callable[[Claim, Callable[[bytes, Position, int], None]], Awaitable[None]]
"""Calls back, on the event loop, with each key that was delivered from a partition, the first lead's position, and the
time in milliseconds since the epoch. Returns when all are told; does not raise."""


PARKED_BEFORE = SetAside(
    Outcome.DUPLICATE, Stage.DELIVER, Reason.HUB_DOWN, "its copy on the retry topic waits for its hub"
)


class Unique:
    """Takes leads from intake, gives those that are no duplicates to ``dispatcher`` (set before the first), and passes
    outcomes on to ``outcomes``. Leads of a partition that was just assigned wait until ``recall`` has told what was
    delivered from it; None: nothing is known of earlier runs."""

    dispatcher: Submits

    def __init__(
        self,
        window: Window[Record],
        outcomes: Outcomes,
        recall: Recall | None,
        spawn: Spawn,
        now_ms: Callable[[], int],
    ) -> None:
        self._window = window
        self._outcomes = outcomes
        self._recall = recall
        self._spawn = spawn
        self._now_ms = now_ms
        self._begun: dict[Record, Shipment] = {}
        """Those on their way, and those that wait for one."""
        self._busy: dict[Record, None] = {}
        """Those that wait for one, in order."""
        self._cold: dict[Claim, list[Shipment]] = {}
        self._coming: deque[list[Shipment]] = deque()
        self._submitting = False
        self._recalls: set[asyncio.Task[None]] = set()

    # What intake calls.

    def submit(self, shipments: list[Shipment], *, more_coming: bool = False) -> None:
        """Leads in the order in which they were read."""
        if self._cold:
            shipments = [s for s in shipments if not self._waits_for_recall(s)]
        self._coming.append(shipments)
        if self._submitting:
            return  # below us the dispatcher parks what it is given, and others with these keys begin: after it is done
        self._submitting = True
        try:
            while self._coming:
                going = [s for s in self._coming.popleft() if self._may_go(s)]
                self.dispatcher.submit(going, more_coming=more_coming)
        finally:
            self._submitting = False

    def held(self) -> Iterator[Record]:
        """Records that wait: for another lead with their key, or for what is known of their partition."""
        for shipments in self._cold.values():
            for shipment in shipments:
                yield shipment.record
        yield from self._busy

    @property
    def holds(self) -> bool:
        """True while any record waits."""
        return bool(self._cold or self._busy)

    # Partitions.

    def assigned(self, claims: list[Claim]) -> None:
        """Partitions are ours: what was delivered from them is asked for."""
        if self._recall is None:
            return
        for claim in claims:
            self._cold[claim] = []
            task = self._spawn(self._warm(claim, self._recall))
            self._recalls.add(task)
            task.add_done_callback(self._recalls.discard)

    def release(self) -> None:
        """Forget the waiting leads whose claims are released, and what is known of their partitions."""
        gone = self._window.withdraw(lambda record: record.claim.released)
        for record in gone:
            del self._begun[record], self._busy[record]
        for claim in [claim for claim in self._cold if claim.released]:
            gone += [shipment.record for shipment in self._cold.pop(claim)]
        if gone:
            self._outcomes.forgotten(gone)

    def take_back(self, sent_on: list[Shipment]) -> list[Shipment]:
        """``sent_on`` were taken back from those behind us, to be mapped anew: they are on their way no more. Takes out
        and gives back those that wait here too."""
        waiting = [self._begun.pop(record) for record in self._window.withdraw(lambda _record: True)]
        self._busy.clear()
        for shipments in self._cold.values():
            waiting += shipments
            shipments.clear()
        self._give_up([shipment.record for shipment in sent_on])
        return waiting

    def close(self) -> None:
        """Give up on what waits."""
        for task in self._recalls:
            task.cancel()

    # Outcomes, from intake and dispatcher.

    def delivered(self, shipments: list[Shipment], answer: Answer) -> None:
        """They are duplicates' originals from now on."""
        now_ms = self._now_ms()
        waited: list[Record] = []
        for shipment in shipments:
            key, record = shipment.lead.duplicate_key, shipment.record
            if key is not None and self._begun.pop(record, None) is not None:
                waited += self._window.confirm(hash_of(key), record, record.first_position, now_ms)
        self._outcomes.delivered(shipments, answer)
        self._begin_again(waited)

    def set_aside(self, record: Record, why: SetAside, shipment: Shipment | None, answer: Answer | None) -> None:
        """It was not delivered: the next one with its key may go."""
        self._outcomes.set_aside(record, why, shipment, answer)
        self._give_up([record])

    def forgotten(self, records: list[Record]) -> None:
        """Likewise."""
        self._outcomes.forgotten(records)
        self._give_up(records)

    async def _warm(self, claim: Claim, recall: Recall) -> None:
        # What this process delivered itself is kept: its receipts may not be there.
        await recall(claim, self._window.restore)
        waiting = self._cold.pop(claim, None)
        if waiting:
            self.submit(waiting)

    def _waits_for_recall(self, shipment: Shipment) -> bool:
        waiting = self._cold.get(shipment.record.claim)
        if waiting is None or shipment.lead.duplicate_key is None:
            return False
        waiting.append(shipment)
        return True

    def _may_go(self, shipment: Shipment) -> bool:
        if shipment.lead.duplicate_key is None:
            return True
        key, record = hash_of(shipment.lead.duplicate_key), shipment.record
        holder = self._window.holder(key)
        if holder is not None and _is_its_copy(holder, record):
            # Parked before a crash that came before the commit. The copy waits for the hub, and this one must not: it
            # would hold up its partition.
            self._outcomes.set_aside(record, PARKED_BEFORE, shipment, None)
            return False
        match self._window.begin(key, record, self._now_ms()):
            case Duplicate() as duplicate:
                shipment.duplicate = duplicate
                self._outcomes.set_aside(record, duplicate.set_aside(record.first_position), shipment, None)
                return False
            case standing:
                self._begun[record] = shipment
                if standing is Standing.BUSY:
                    self._busy[record] = None
                return standing is Standing.NEW

    def _give_up(self, records: list[Record]) -> None:
        waited: list[Record] = []
        for record in records:
            shipment = self._begun.pop(record, None)
            if shipment is not None and shipment.lead.duplicate_key is not None:
                waited += self._window.give_up(hash_of(shipment.lead.duplicate_key), record)
        self._begin_again(waited)

    def _begin_again(self, records: list[Record]) -> None:
        if records:
            for record in records:
                del self._busy[record]
            self.submit([self._begun.pop(record) for record in records])


def _is_its_copy(holder: Record, record: Record) -> bool:
    """Whether ``holder`` is what was written to the retry topic of ``record``."""
    return holder.origin is not None and record.origin is None and holder.first_position == record.first_position
