"""Suppression lists in files: read at the start, and again when they change.

Part of the composition root: the mapper (``leads``) asks a list, and knows nothing of files.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Protocol

from connector.leads.suppression import Entries, NotAList, read_entries
from connector.ucontact.watched import Unusable, mark_of, read_bounded

LARGEST = 64 * 1024 * 1024
"""Bytes of a list, which are in memory while it is read: some four million phone numbers."""
LOOK_EVERY = 5.0
"""Seconds between two looks at the files."""
GIVE_WAY = 0.0005
"""Seconds that reading rests after about as long, so that the event loop gets its turn at once: a thread that computes
is otherwise asked to let go only every 5 ms."""


class SuppressionFile:
    """The entries of a list in a file; implements ``leads.suppression.Listed``. They are asked for on the event loop,
    and replaced as a whole by the thread that reads.

    While a changed file is unusable (gone, empty, not UTF-8) the last good entries stay in use. A change counts when
    two looks have found the same, for a file that is being written is not whole; for that reason an empty one is taken
    for a mistake, and a list without entries has a comment.
    """

    def __init__(self, path: Path) -> None:
        """Blocks for the reading of the file; raises Unusable when that cannot be done."""
        self.path = path
        self._closed = False
        self._refused = ""
        self._mark = self._seen = mark_of(path)
        self._entries = self._read(self._content(), lambda: None)

    def __contains__(self, text: str, /) -> bool:
        return text in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def look(self) -> bool:
        """Read the file again if it has changed. Returns whether other entries are in use from now on.

        Blocks, for seconds when the file is large. Raises Unusable, as often as it is called, while the file is.
        """
        mark = mark_of(self.path)
        if mark == self._mark:
            if self._refused:
                raise Unusable(self._refused)
            return False
        if mark != self._seen:
            self._seen = mark
            return False
        content = self._content()
        if mark_of(self.path) != mark:
            return False
        try:
            self._entries = self._read(content, self._give_way)
        except Unusable as error:
            self._mark, self._refused = mark, str(error)  # it is not read again before it changes
            raise
        self._mark, self._refused = mark, ""
        return True

    def close(self) -> None:
        """End a reading that is under way, by Unusable, within some milliseconds. Any thread."""
        self._closed = True

    def _content(self) -> bytes:
        content = read_bounded(self.path, LARGEST)
        if not content:
            raise Unusable(f"{self.path}: the file is empty; a list without entries has a comment (# …)")
        return content

    def _read(self, content: bytes, pause: Callable[[], None]) -> Entries:
        try:
            return read_entries(BytesIO(content), pause)
        except NotAList as error:
            raise Unusable(f"{self.path}: {error}") from None

    def _give_way(self) -> None:
        if self._closed:
            raise Unusable(f"{self.path}: the process ends")
        time.sleep(GIVE_WAY)


class Told(Protocol):
    """Who is told of the lists. Called on the event loop; must neither raise nor block."""

    def list_read(self, path: Path, entries: int) -> None:
        """Another content is in use from now on."""

    def list_usable(self, path: Path) -> None:
        """The file is as it should be."""

    def list_trouble(self, path: Path, message: str) -> None:
        """The changed file is unusable: the last good content stays in use. The message quotes no entry."""


async def keep_current(files: Sequence[SuppressionFile], told: Told, every: float = LOOK_EVERY) -> None:
    """Look at the files, in a thread, every so many seconds, until cancelled."""
    try:
        while True:
            await asyncio.sleep(every)
            for file in files:
                try:
                    changed = await asyncio.to_thread(file.look)
                except Unusable as error:
                    told.list_trouble(file.path, str(error))
                    continue
                told.list_usable(file.path)
                if changed:
                    told.list_read(file.path, len(file))
    finally:
        for file in files:
            file.close()
