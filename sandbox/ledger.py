"""Writing the append-only ledger of accepted leads, fsynced before any answer goes out. The sandbox's truth."""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from sandbox.ledger_file import Entry, LedgerError, read_ledger, read_requests

if sys.platform != "win32":
    import fcntl

__all__ = ["Entry", "Ledger", "LedgerError", "read_ledger"]

_INDEX_EVERY = 1_000
"""Entries between two known file offsets: how much is read too much to find a seq."""


_Waiting: TypeAlias = tuple[bytes, list[Entry], "asyncio.Future[None]"]
"""One request's lines and entries, and whom to tell when they are on the disk."""


class Ledger:
    """One process's hold on a ledger file. All methods belong to the event loop's thread unless they say otherwise.

    ``on_durable`` is called on the loop with each request's entries, in seq order, once they are on the disk and before
    the request is answered.
    """

    def __init__(
        self,
        path: Path,
        on_durable: Callable[[Sequence[Entry]], None],
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        """Opens and locks the file, creating it when missing. Blocks. Raises LedgerError when another has it.

        ``sync`` makes what was written to a file descriptor durable.
        """
        self.path = path
        self._on_durable = on_durable
        self._sync = sync
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o644)
        try:
            self._lock()
            _sync_directory(path.parent)
        except BaseException:
            os.close(self._file)
            raise
        self._disk = ThreadPoolExecutor(1, "ledger")
        self._waiting: list[_Waiting] = []
        self._flusher: asyncio.Task[None] | None = None
        self._failure: OSError | None = None
        self._next_seq = 1
        self._durable_seq = 0
        self._durable_size = 0
        self._index: list[tuple[int, int]] = [(1, 0)]

    def recover(self) -> Iterator[list[Entry]]:
        """Gives each request's entries, then cuts off a torn end. Blocks. Once, to its end, before any append."""
        for entries, end in read_requests(self.path):
            self._settle(entries, end)
            yield entries
        os.ftruncate(self._file, self._durable_size)
        os.fsync(self._file)
        self._next_seq = self._durable_seq + 1

    async def append(self, entries_of: Callable[[int], list[Entry]]) -> list[Entry]:
        """Writes one request's entries, built by ``entries_of`` from the first seq; returns once they are on disk.

        Requests that wait together share one write and one fsync. Raises LedgerError when the disk refuses; from then
        on every append does, because what the file holds is no longer known.
        """
        if self._failure is not None:
            raise LedgerError(f"the ledger failed before: {self._failure}")
        entries = entries_of(self._next_seq)
        if not entries:
            return entries
        data = b"".join([entry.line() for entry in entries])
        self._next_seq += len(entries)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((data, entries, done))
        if self._flusher is None:
            self._flusher = asyncio.create_task(self._flush())
        await done
        return entries

    def close(self) -> None:
        """Finishes a write that has begun and lets the file go. Blocks; without a running loop."""
        self._disk.shutdown()
        os.close(self._file)

    @property
    def last_seq(self) -> int:
        """The highest seq that is on the disk; 0 for an empty ledger."""
        return self._durable_seq

    def read_from(self, after: int, limit: int) -> Iterator[bytes]:
        """Lines with a seq above ``after``, at most ``limit``, as they stood when called. Any thread. Blocks."""
        place = bisect_right(self._index, (after + 1, sys.maxsize)) - 1
        seq, offset = self._index[max(place, 0)]
        return self._lines(max(after + 1 - seq, 0), limit, offset, self._durable_size)

    def _lines(self, skip: int, limit: int, offset: int, size: int) -> Iterator[bytes]:
        with self.path.open("rb") as file:
            file.seek(offset)
            lines = itertools.islice(_until(file, offset, size), skip, skip + limit)
            for chunk in iter(lambda: list(itertools.islice(lines, 500)), []):
                yield b"".join(chunk)

    async def _flush(self) -> None:
        try:
            while self._waiting:
                group, self._waiting = self._waiting, []
                try:
                    await self._commit(group)
                finally:
                    for _, _, done in group:
                        if not done.done():
                            done.set_exception(LedgerError(f"the ledger could not be written: {self._failure}"))
        finally:
            self._flusher = None

    async def _commit(self, group: list[_Waiting]) -> None:
        if self._failure is not None:
            return
        data = b"".join([data for data, _, _ in group])
        try:
            await asyncio.get_running_loop().run_in_executor(self._disk, self._write, data)
        except OSError as error:
            self._failure = error
            # Best effort: these requests are answered with an error, so a later start should not find them.
            with suppress(OSError):
                os.ftruncate(self._file, self._durable_size)
            return
        for data, entries, done in group:
            self._settle(entries, self._durable_size + len(data))
            self._on_durable(entries)
            if not done.done():  # a request that was cancelled meanwhile is accepted all the same
                done.set_result(None)

    def _settle(self, entries: list[Entry], end: int) -> None:
        """Notes that these entries, the next ones, are on the disk up to the offset ``end``."""
        if entries[0].seq >= self._index[-1][0] + _INDEX_EVERY:
            self._index.append((entries[0].seq, self._durable_size))
        self._durable_seq, self._durable_size = entries[-1].seq, end

    def _write(self, data: bytes) -> None:
        """Runs on the ledger's own thread."""
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]
        self._sync(self._file)

    def _lock(self) -> None:
        if sys.platform != "win32":
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise LedgerError(f"{self.path} is in use by another sandbox") from None


def _until(file: Iterator[bytes], offset: int, size: int) -> Iterator[bytes]:
    """The lines of ``file``, which stands at ``offset``, that end at ``size`` or before."""
    for line in file:
        offset += len(line)
        if offset > size:
            return
        yield line


def _sync_directory(directory: Path) -> None:
    """Makes a new file's name as durable as its content."""
    if sys.platform != "win32":
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
