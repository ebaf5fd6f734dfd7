"""How many requests may be under way at a time, over all destinations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

MOST_LENT = 256
"""Requests that may be under way beyond the slots there are, because others get no answer."""


class Slots:
    """A request has a slot from its beginning to its end. When it has had it for long it gives it to another, up to
    ``MOST_LENT`` times: otherwise a few destinations that hang would stop the others until their time-outs. Lives on
    the event loop."""

    def __init__(self, most: int, slow: float) -> None:
        """``slow``: after how many seconds a request gives up its slot."""
        self._most = most
        self._free = asyncio.Semaphore(most)
        self._slow = slow
        self._lent = 0

    def use(self, most: int) -> None:
        """Another number from now on. Who has a slot or waits for one has one of the old ones, so that for as long as
        these requests take there are both."""
        if most != self._most:
            self._most = most
            self._free = asyncio.Semaphore(most)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Wait for a slot, and have it while within."""
        free = self._free
        await free.acquire()
        loop = asyncio.get_running_loop()
        lent = False
        timer: asyncio.TimerHandle

        def lend() -> None:
            nonlocal lent, timer
            if self._lent < MOST_LENT:
                lent = True
                self._lent += 1
                free.release()
            else:
                timer = loop.call_later(self._slow, lend)

        timer = loop.call_later(self._slow, lend)
        try:
            yield
        finally:
            timer.cancel()
            if lent:
                self._lent -= 1
            else:
                free.release()
