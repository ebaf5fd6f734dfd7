"""How far a partition is done: a contiguous watermark, and what is done above it.

The whole state is three things: ``position`` (the offset after the last record taken), the unresolved offsets below
it, and what an earlier run left in the commit metadata above it. Everything else follows: the watermark is the
lowest unresolved offset, and what is resolved above it are the gaps between the unresolved ones. So nothing grows
with the number of records done, and an offset can neither be forgotten nor counted twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Sequence
from enum import Enum
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


class Taken(Enum):
    """What an earlier owner of the partition has left to know of a record."""

    NEW = "new"
    """It was not sent, as far as the commit metadata goes."""
    IN_DOUBT = "in doubt"
    """It may have been sent."""
    RESOLVED = "resolved"
    """It has its outcome, and must not be handled again."""


class PartitionProgress:
    """Progress of one partition between its assignment and its revocation. Not thread-safe: one thread owns it.

    A resolved offset is one whose record has ended in an outcome (delivered, or set aside and acknowledged by the
    broker). ``take`` and ``resolve`` raise ValueError on an offset that cannot be: that is a defect, and losing count
    silently would lose leads.
    """

    def __init__(self, start: int | None, resolved: Sequence[Range] = (), doubtful: Sequence[Range] = ()) -> None:
        """``start`` is the committed offset (None: none yet, the first record decides); ``resolved`` the ranges of the
        commit metadata, which an earlier owner had resolved above it; ``doubtful`` those that it may have sent."""
        self._position = start
        self._restored = _above(start, resolved)
        self._doubtful = _above(start, doubtful)
        self._unresolved: set[int] = set()
        self._order: deque[int] = deque()
        self._intended: set[int] = set()

    @property
    def position(self) -> int | None:
        """The offset after the last record taken; None before the first where nothing was committed."""
        return self._position

    @property
    def unresolved(self) -> int:
        """How many records were taken and have no outcome yet."""
        return len(self._unresolved)

    def without_outcome(self, end: int) -> int:
        """How many offsets before ``end`` have no outcome: records that were taken, and what is not read yet."""
        position = end if self._position is None else self._position
        unread = max(0, end - position)
        known = sum(max(0, min(last, end) - max(first, position)) for first, last in self._restored)
        return len(self._unresolved) + unread - known

    def take(self, offset: int) -> Taken:
        """Count a record as read."""
        if self._position is not None and offset < self._position:
            raise ValueError(f"offset {offset} after position {self._position}")
        self._position = offset + 1
        if self._restored and _meets(self._restored, offset):
            return Taken.RESOLVED
        self._unresolved.add(offset)
        self._order.append(offset)
        if self._doubtful and _meets(self._doubtful, offset):
            self._intended.add(offset)
            return Taken.IN_DOUBT
        return Taken.NEW

    def skip(self, offset: int) -> None:
        """There is nothing to read below this offset any more."""
        if self._position is None or offset > self._position:
            self._position = offset

    def is_intended(self, offset: int) -> bool:
        """Whether this record is about to be sent, or may have been sent, and has no outcome."""
        return offset in self._intended

    def intend(self, offset: int) -> bool:
        """This record is about to be sent: it is in doubt from now until it is resolved or withdrawn. False: it was in
        doubt already."""
        if offset not in self._unresolved:
            raise ValueError(f"offset {offset} is not outstanding")
        if offset in self._intended:
            return False
        self._intended.add(offset)
        return True

    def withdraw(self, offset: int) -> None:
        """This record was not sent after all, or its request certainly had no effect."""
        self._intended.discard(offset)

    def resolve(self, offset: int) -> None:
        """The record at this offset has reached its outcome."""
        self.resolve_all((offset,))

    def resolve_all(self, offsets: Collection[int]) -> None:
        """The records at these offsets have reached their outcomes, each once."""
        unresolved = self._unresolved
        left = len(unresolved) - len(offsets)
        unresolved.difference_update(offsets)
        if len(unresolved) != left:
            raise ValueError(f"not each of these offsets is outstanding, or one stands there twice: {list(offsets)}")
        if self._intended:
            self._intended.difference_update(offsets)
        order = self._order
        if len(order) > 2 * len(unresolved) + 64:
            # One stuck record at the front must not keep the order of all that came after it.
            self._order = deque(o for o in order if o in unresolved)

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

    def in_doubt(self) -> list[Range]:
        """What may have been sent and has no outcome, lowest first: records that were intended, and those that an
        earlier owner left in doubt and that were not read again yet."""
        position = self._position or 0
        ahead = [(max(a, position), b) for a, b in self._doubtful]
        return normalized([*((offset, offset + 1) for offset in self._intended), *ahead])


def _above(start: int | None, ranges: Sequence[Range]) -> deque[Range]:
    return deque(normalized((max(a, start), b) for a, b in ranges) if start is not None else ())


def _meets(ranges: deque[Range], offset: int) -> bool:
    """Whether the offset lies in one of the ranges; those that end before it are dropped."""
    while ranges and ranges[0][1] <= offset:
        ranges.popleft()
    return bool(ranges) and ranges[0][0] <= offset
