"""Says what waits for something that takes nothing at present, or too little, so that back-pressure keeps it apart."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from connector.delivery.dispatcher import Dispatcher
from connector.delivery.intake import Intake
from connector.delivery.record import Claim, Fan, Held, Record

LOOK = 0.1
"""Seconds between two looks at which hubs take too little. While something is held, every record read is looked at."""


class Waits(Protocol):
    """A place before the dispatcher where records wait."""

    @property
    def holds(self) -> bool:
        """True while any does."""

    def held(self) -> Iterator[Record]:
        """Those that wait."""


class Holding:
    """Lives on the event loop. ``hold`` is told of every change (None: nothing is held); it must not block."""

    def __init__(
        self, dispatcher: Dispatcher, intake: Intake, others: Sequence[Waits], hold: Callable[[Held | None], None]
    ) -> None:
        self._dispatcher = dispatcher
        self._intake = intake
        self._before: Sequence[Waits] = (intake, *others)
        self._hold = hold
        self._holding = False

    def count(self) -> int:
        """How many records there are for which nothing is tried: they wait for a hub that takes nothing, a schema, the
        end of their rest, another lead with their key, or more leads for their list. Of a record in parts, all that
        are not done."""
        fans: Counter[Fan] = Counter()
        whole = 0
        for record in itertools.chain(self._dispatcher.held(), *(each.held() for each in self._before)):
            if record.fan is None:
                whole += 1
            else:
                fans[record.fan] += 1
        return whole + sum(1 for fan, parts in fans.items() if parts >= fan.open)

    @property
    def holds(self) -> bool:
        """True while records wait for something that takes nothing at present, or too little."""
        return self._dispatcher.keeps_apart or any(each.holds for each in self._before)

    def tell(self) -> None:
        """Tell how it stands now."""
        if not self.holds:
            if self._holding:
                self._holding = False
                self._hold(None)
            return
        self._holding = True
        by_claim: dict[Claim, tuple[int, int]] = {}
        fans: set[Fan] = set()
        for record in itertools.chain(self._dispatcher.apart(), *(each.held() for each in self._before)):
            if record.fan is not None:
                if record.fan in fans:
                    continue  # the buffer counts it once, however many parts wait
                fans.add(record.fan)
            leads, size = by_claim.get(record.claim, (0, 0))
            by_claim[record.claim] = leads + 1, size + record.size
        self._hold(Held(self._intake.seen, by_claim))

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.tell()
            await asyncio.sleep(LOOK)
