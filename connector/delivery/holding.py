"""Says what waits for something that takes nothing at present, or too little, so that back-pressure keeps it apart."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator

from connector.delivery.dispatcher import Dispatcher
from connector.delivery.intake import Intake
from connector.delivery.record import Claim, Held, Record
from connector.delivery.unique import Unique

LOOK = 0.1
"""Seconds between two looks at which hubs take too little. While something is held, every record read is looked at."""


class Holding:
    """Lives on the event loop. ``hold`` is told of every change (None: nothing is held); it must not block."""

    def __init__(
        self, dispatcher: Dispatcher, intake: Intake, unique: Unique | None, hold: Callable[[Held | None], None]
    ) -> None:
        self._dispatcher = dispatcher
        self._intake = intake
        self._unique = unique
        self._hold = hold
        self._holding = False

    def records(self) -> Iterator[Record]:
        """Those for which nothing is tried: they wait for a hub that takes nothing, a schema, the end of their rest, or
        another lead with their key."""
        return itertools.chain(self._dispatcher.held(), self._before())

    def tell(self) -> None:
        """Tell how it stands now."""
        if not (
            self._dispatcher.keeps_apart or self._intake.holds or (self._unique is not None and self._unique.holds)
        ):
            if self._holding:
                self._holding = False
                self._hold(None)
            return
        self._holding = True
        by_claim: dict[Claim, tuple[int, int]] = {}
        for record in itertools.chain(self._dispatcher.apart(), self._before()):
            leads, size = by_claim.get(record.claim, (0, 0))
            by_claim[record.claim] = leads + 1, size + record.size
        self._hold(Held(self._intake.seen, by_claim))

    def _before(self) -> Iterator[Record]:
        yield from self._intake.held()
        if self._unique is not None:
            yield from self._unique.held()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            self.tell()
            await asyncio.sleep(LOOK)
