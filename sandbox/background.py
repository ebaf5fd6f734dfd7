"""The sandbox's own clockwork beside the requests: carries ledger entries into SQLite, moves lists on, calls people."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from sandbox.ledger import Entry
from sandbox.settings import SandboxSettings
from sandbox.store import Store

_P = ParamSpec("_P")
_T = TypeVar("_T")

_TICK_SECONDS = 0.1
_ENTRIES_AT_ONCE = 5_000
"""Bounds one transaction, so that a page asking meanwhile does not wait long."""


class Background:
    """Owns the thread that alone uses the store. All methods belong to the event loop's thread."""

    def __init__(self, settings: SandboxSettings, store: Store, now_ms: Callable[[], int]) -> None:
        self._settings = settings
        self._store = store
        self._now_ms = now_ms
        self._thread = ThreadPoolExecutor(1, "sqlite")
        self._pending: deque[Sequence[Entry]] = deque()
        self._task: asyncio.Task[None] | None = None
        self._allowance = dict.fromkeys(settings.hubs, 1.0)
        self._ticked_at = now_ms()

    def note(self, entries: Sequence[Entry]) -> None:
        """Leaves one request's durable entries to be carried over soon."""
        self._pending.append(entries)

    def start(self, on_failure: Callable[[BaseException], None]) -> None:
        """Begins; ``on_failure`` is called on the loop when it had to end by an error (a full disk, a bug)."""

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                on_failure(error)

        self._task = asyncio.create_task(self._run())
        self._task.add_done_callback(ended)

    async def stop(self) -> None:
        """Ends the clockwork; what is pending is left to the next start, which finds it in the ledger."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def close(self) -> None:
        """Blocks until the thread has ended. After ``stop``."""
        self._thread.shutdown()

    async def ask(self, question: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Runs a method of the store on its thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, lambda: question(*args, **kwargs))

    async def _run(self) -> None:
        while True:
            entries: list[Entry] = []
            while self._pending and len(entries) < _ENTRIES_AT_ONCE:
                entries += self._pending.popleft()
            await self.ask(self._store.apply, entries)
            await self.ask(self._tick)
            if not self._pending:
                await asyncio.sleep(_TICK_SECONDS)

    def _tick(self) -> None:
        """Runs on the store's thread."""
        now = self._now_ms()
        elapsed, self._ticked_at = max(now - self._ticked_at, 0) / 1000, now
        self._store.finish_loading(now - round(self._settings.list_load_seconds * 1000))
        rate = self._settings.call_rate
        for hub, allowance in self._allowance.items():
            # Saved up for one second at most: after a quiet time the calls come at their rate, not in a rush.
            allowed = min(allowance + elapsed * rate, max(rate, 1.0)) if rate else 0.0
            self._allowance[hub] = allowed - self._store.call(hub, now, int(allowed))
