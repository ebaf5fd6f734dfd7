"""Progress of a group of downloads: a bar on a terminal, otherwise a line every few seconds."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from testbed.notice import say

_SECONDS_BETWEEN_LINES = 3.0
_MB = 1_000_000


class Reporter(Protocol):
    """Receives the progress of several files; every method may be called from any thread and does not block."""

    def expect(self, size: int) -> None:
        """Another file of `size` bytes begins (0 when the server does not say)."""

    def advance(self, size: int) -> None:
        """`size` more bytes have come."""


@contextmanager
def reporting(what: str) -> Iterator[Reporter]:
    """Report the downloads of `what` (a product's name) on stderr for as long as the block runs."""
    console = Console(stderr=True)
    if console.is_terminal:
        with _bar(what, console) as bar:
            yield bar
        return
    lines = _Lines(what)
    say(f"fetching {what}")
    yield lines
    lines.finish()


@contextmanager
def _bar(what: str, console: Console) -> Iterator[Reporter]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=console) as progress:
        yield _Bar(progress, what)


class _Bar:
    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._task = progress.add_task(f"fetching {what}", total=None)
        self._expected = 0
        self._lock = threading.Lock()

    def expect(self, size: int) -> None:
        # The total grows as files begin: the list of dependencies is itself found by fetching.
        with self._lock:
            self._expected += size
            self._progress.update(self._task, total=self._expected)

    def advance(self, size: int) -> None:
        self._progress.update(self._task, advance=size)


class _Lines:
    def __init__(self, what: str) -> None:
        self._what = what
        self._files = self._expected = self._received = 0
        self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
        self._lock = threading.Lock()

    def expect(self, size: int) -> None:
        with self._lock:
            self._files += 1
            self._expected += size

    def advance(self, size: int) -> None:
        with self._lock:
            self._received += size
            if time.monotonic() >= self._next:
                self._next = time.monotonic() + _SECONDS_BETWEEN_LINES
                self._write("fetching")

    def finish(self) -> None:
        self._write("fetched")

    def _write(self, verb: str) -> None:
        say(f"{verb} {self._what}: {self._received / _MB:.1f} of {self._expected / _MB:.1f} MB, {self._files} files")
