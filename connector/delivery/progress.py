"""How far a partition is done: a contiguous watermark, and what is done above it.

The whole state is three things: ``position`` (the offset after the last record taken), the unresolved offsets below
it, and what an earlier run left in the commit metadata above it. Everything else follows: the watermark is the
lowest unresolved offset, and what is resolved above it are the gaps between the unresolved ones. So nothing grows
with the number of records done, and an offset can neither be forgotten nor counted twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import TypeAlias

Range: TypeAlias = tuple[int, int]
"""Offsets from the first to before the last, as in ``range``."""


def normalized(ranges: Iterable[Range]) -> list[Range]:
    """Sorted, without empty ones, and with those that touch or overlap made one."""
    out: list[Range] = []
    for first, end in sorted(r for r in ranges if r[0] < r[1]):
        if out and first <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((first, end))
    return out


class PartitionProgress:
    """Progress of one partition between its assignment and its revocation. Not thread-safe: one thread owns it.

    A resolved offset is one whose record has ended in an outcome (delivered, or set aside and acknowledged by the
    broker). ``take`` and ``resolve`` raise ValueError on an offset that cannot be: that is a defect, and losing count
    silently would lose leads.
    """

    def __init__(self, start: int | None, resolved: Sequence[Range] = ()) -> None:
        """``start`` is the committed offset (None: none yet, the first record decides); ``resolved`` the ranges of the
        commit metadata, which an earlier owner had resolved above it."""
        self._position = start
        self._restored = deque(normalized((max(a, start), b) for a, b in resolved) if start is not None else ())
        self._unresolved: set[int] = set()
        self._order: deque[int] = deque()

    @property
    def position(self) -> int | None:
        """The offset after the last record taken; None before the first where nothing was committed."""
        return self._position

    @property
    def unresolved(self) -> int:
        """How many records were taken and have no outcome yet."""
        return len(self._unresolved)

    def take(self, offset: int) -> bool:
        """Count a record as read. False: it was resolved before a restart and must not be handled again."""
        if self._position is not None and offset < self._position:
            raise ValueError(f"offset {offset} after position {self._position}")
        self._position = offset + 1
        while self._restored and self._restored[0][1] <= offset:
            self._restored.popleft()
        if self._restored and self._restored[0][0] <= offset:
            return False
        self._unresolved.add(offset)
        self._order.append(offset)
        return True

    def resolve(self, offset: int) -> None:
        """The record at this offset has reached its outcome."""
        if offset not in self._unresolved:
            raise ValueError(f"offset {offset} is not outstanding")
        self._unresolved.remove(offset)
        order = self._order
        if len(order) > 2 * len(self._unresolved) + 64:
            # One stuck record at the front must not keep the order of all that came after it.
            self._order = deque(o for o in order if o in self._unresolved)

    @property
    def watermark(self) -> int | None:
        """The offset to commit: every record below it is resolved. None while nothing was committed or read."""
        order = self._order
        while order and order[0] not in self._unresolved:
            order.popleft()
        return order[0] if order else self._position

    def resolved_above(self) -> list[Range]:
        """What is resolved above the watermark, lowest first. Offsets that hold no record (compaction,
        transactions) may lie inside a range."""
        watermark = self.watermark
        if watermark is None or self._position is None:
            return []
        ranges: list[Range] = []
        previous = watermark
        for offset in self._order:
            if offset in self._unresolved:
                if previous < offset:
                    ranges.append((previous, offset))
                previous = offset + 1
        if self._order and previous < self._position:
            ranges.append((previous, self._position))
        ranges += [(max(a, self._position), b) for a, b in self._restored]
        # A restored range that begins at the watermark stays above it until its records have been read again.
        return normalized(ranges)
