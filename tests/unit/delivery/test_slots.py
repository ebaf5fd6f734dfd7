"""Slots for requests: bounded, and given up by those that hang."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from connector.delivery import slots
from connector.delivery.slots import Slots


class Requests:
    """Requests that end when the test says so."""

    def __init__(self, of: Slots) -> None:
        self._slots = of
        self.begun = 0
        self._ends: list[asyncio.Event] = []
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, count: int) -> None:
        """So many more want a slot."""
        self._tasks += [asyncio.get_running_loop().create_task(self._request()) for _ in range(count)]

    def end(self, count: int) -> None:
        """The oldest that have begun are answered."""
        for event in self._ends[:count]:
            event.set()
        del self._ends[:count]

    async def all_have_begun(self) -> None:
        """Returns when nobody waits for a slot."""
        while self.begun < len(self._tasks):
            await asyncio.sleep(0.001)

    async def _request(self) -> None:
        async with self._slots.one():
            self.begun += 1
            self._ends.append(event := asyncio.Event())
            await event.wait()

    async def close(self) -> None:
        """Give up on all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def run(of: Callable[[], Slots], test: Callable[[Requests], Awaitable[None]]) -> None:
    """Run a test body with requests of its own."""

    async def body() -> None:
        requests = Requests(of())
        await asyncio.wait_for(test(requests), 60)
        await requests.close()

    asyncio.run(body())


async def turns() -> None:
    """Let the loop do what is ready."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_more_than_there_are_wait_for_an_end() -> None:
    """A request that ends gives its slot to the next."""

    async def body(requests: Requests) -> None:
        requests.start(5)
        await turns()
        assert requests.begun == 2
        requests.end(1)
        await turns()
        assert requests.begun == 3

    run(lambda: Slots(2, slow=1000.0), body)


def test_those_that_hang_stop_nobody() -> None:
    """However many hubs hang: what comes after them begins before their end."""

    async def body(requests: Requests) -> None:
        requests.start(20)
        await requests.all_have_begun()

    run(lambda: Slots(2, slow=0.001), body)


def test_so_many_are_lent_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connections are bounded too. What was lent comes back with the end of the request that lent it."""
    monkeypatch.setattr(slots, "MOST_LENT", 3)

    async def body(requests: Requests) -> None:
        requests.start(5)
        await requests.all_have_begun()
        requests.start(2)
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert requests.begun == 5
        requests.end(5)
        await requests.all_have_begun()
        requests.end(2)
        requests.start(5)
        await requests.all_have_begun()

    run(lambda: Slots(2, slow=0.001), body)


def test_what_could_not_be_lent_at_first_is_lent_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """When one that was lent has come back, though the others still hang."""
    monkeypatch.setattr(slots, "MOST_LENT", 1)

    async def body(requests: Requests) -> None:
        requests.start(3)
        await requests.all_have_begun()
        for _ in range(20):
            await asyncio.sleep(0.001)
        requests.start(1)
        requests.end(1)
        await requests.all_have_begun()
        requests.start(1)
        requests.end(1)
        await requests.all_have_begun()

    run(lambda: Slots(2, slow=0.001), body)


def test_after_all_have_ended_there_are_as_many_as_at_first() -> None:
    """Lent or not, cancelled or not: none is lost and none is made."""

    async def body(requests: Requests) -> None:
        requests.start(6)
        await requests.all_have_begun()
        await requests.close()
        rested = Requests(requests._slots)
        rested._slots._slow = 1000.0
        rested.start(5)
        await turns()
        assert rested.begun == 2
        await rested.close()

    run(lambda: Slots(2, slow=0.001), body)
