"""How old the oldest unresolved record of a partition is, told from a few marks instead of every record's times.

Pure: no clock; ``now`` is seconds on any monotonic clock.
"""

from __future__ import annotations

from typing import NamedTuple

STEP = 1.0
"""Seconds between two marks at least: what is told is at most so much too old."""
MOST = 1024
"""Marks that are kept. Beyond it every other one goes, and new ones come half as often: behind a record that is stuck
for days what is told of those after it becomes coarser, and the memory stays small."""


class Mark(NamedTuple):
    """A record that was read: its offset, when it was written (milliseconds since the epoch, None where Kafka does not
    say) and when it was read (seconds)."""

    offset: int
    written_ms: int | None
    read_at: float


class Ages:
    """Marks of one partition, in the order of their offsets. Not thread-safe: one thread owns it."""

    __slots__ = ("_marks", "_step")

    def __init__(self) -> None:
        self._marks: list[Mark] = []
        self._step = STEP

    def read(self, offset: int, written_ms: int | None, now: float) -> None:
        """A record was read. Offsets and ``now`` never go back."""
        marks = self._marks
        if marks and now - marks[-1].read_at < self._step:
            return
        if len(marks) >= MOST:
            del marks[1::2]
            self._step *= 2
        marks.append(Mark(offset, written_ms, now))

    def of(self, watermark: int) -> Mark | None:
        """The mark of the record at this offset, or the last before it: it is the oldest unresolved one, as old as it
        or by ``STEP`` older. None before any was read. Marks below are forgotten, for a watermark never goes back."""
        marks = self._marks
        below = 0
        while below + 1 < len(marks) and marks[below + 1].offset <= watermark:
            below += 1
        del marks[:below]
        if len(marks) < 2:
            self._step = STEP
        return marks[0] if marks else None
