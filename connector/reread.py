"""Files beside the leads that are read again when they change: suppression lists and tables.

Part of the composition root: the mapper (``leads``) asks what is in them, and knows nothing of files.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence, Sized
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from connector.watched import Unusable, Watched

LOOK_EVERY = 5.0
"""Seconds between two looks at the files."""
GIVE_WAY = 0.0005
"""Seconds that reading rests after about as long, so that the event loop gets its turn at once: a thread that computes
is otherwise asked to let go only every 5 ms."""

T = TypeVar("T", bound=Sized)

Read: TypeAlias = "Callable[[bytes, Callable[[], None]], T]"


class RereadFile(Generic[T]):
    """What was read from a file; it is asked for on the event loop, and replaced as a whole by the thread that reads.

    While a changed file is unusable the last good content stays in use, see ``Watched``.
    """

    what = "file"
    """For people."""

    def __init__(self, path: Path, read: Read[T], largest: int) -> None:
        """``read`` gets the content and what to call now and then, and raises ValueError, whose message quotes nothing,
        for what is unusable. Blocks for the reading of the file; raises Unusable when that cannot be done."""
        self.path = path
        self._read = read
        self._closed = False
        self._started = False
        self._watched = Watched([path], self._make, largest=largest, patient=True)
        self._started = True

    @property
    def content(self) -> T:
        """The last good content."""
        return self._watched.value

    def __len__(self) -> int:
        """The number of entries."""
        return len(self.content)

    def look(self) -> bool:
        """Read the file again if it has changed. Returns whether another content is in use from now on.

        Blocks, for seconds when the file is large. Raises Unusable, as often as it is called, while the file is.
        """
        return self._watched.look()

    def close(self) -> None:
        """End a reading that is under way, by Unusable, within some milliseconds. Any thread."""
        self._closed = True

    def _make(self, contents: list[bytes]) -> T:
        try:
            return self._read(contents[0], self._give_way)
        except ValueError as error:
            raise Unusable(f"{self.path}: {error}") from None

    def _give_way(self) -> None:
        if self._closed:
            raise ValueError("the process ends")
        if self._started:
            time.sleep(GIVE_WAY)


class Told(Protocol):
    """Who is told of the files. Called on the event loop; must neither raise nor block. ``what`` it is, for people."""

    def file_read(self, what: str, path: Path, entries: int) -> None:
        """Another content is in use from now on."""

    def file_usable(self, what: str, path: Path) -> None:
        """The file is as it should be."""

    def file_trouble(self, what: str, path: Path, message: str) -> None:
        """The changed file is unusable: the last good content stays in use. The message quotes no entry."""


async def keep_current(files: Sequence[RereadFile[Any]], told: Told, every: float = LOOK_EVERY) -> None:
    """Look at the files, in a thread, every so many seconds, until cancelled."""
    try:
        while True:
            await asyncio.sleep(every)
            for file in files:
                try:
                    changed = await asyncio.to_thread(file.look)
                except Unusable as error:
                    told.file_trouble(file.what, file.path, str(error))
                    continue
                told.file_usable(file.what, file.path)
                if changed:
                    told.file_read(file.what, file.path, len(file))
    finally:
        for file in files:
            file.close()
