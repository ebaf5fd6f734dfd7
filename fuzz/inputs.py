"""Arbitrary bytes read as the choices that a target needs.

Read from the front, with one byte for most choices: a mutation of a byte changes one choice, and the rest stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

LARGEST = 1 << 20
"""Bytes of what is stretched: Kafka's default for the largest record."""


class Source:
    """Choices out of bytes. Never raises; of bytes that are used up, 0 and nothing are left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def number(self, size: int = 1) -> int:
        """A number of so many bytes, big-endian, not negative."""
        return int.from_bytes(self.take(size).ljust(size, b"\0"), "big")

    def pick(self, choices: Sequence[T]) -> T:
        """One of at most 256 choices."""
        return choices[self.number() % len(choices)]

    def take(self, size: int) -> bytes:
        """The next bytes, at most so many."""
        found = self._data[self._at : self._at + size]
        self._at += len(found)
        return found

    def chunk(self) -> bytes:
        """Up to 255 bytes behind a byte with their number."""
        return self.take(self.number())

    def text(self) -> str:
        """A chunk as text."""
        return self.chunk().decode("utf-8", "replace")

    def rest(self) -> bytes:
        """All that is left."""
        return self.take(len(self._data))

    def stretched(self, largest: int = LARGEST) -> bytes:
        """All that is left, with a part of it said many times: so few bytes become nesting without end, huge texts and
        huge maps, of about ``largest`` bytes. Begins with a byte that says how; 0 leaves it as it is."""
        if (twice := self.number()) == 0 or twice > len(_TIMES):
            return self.rest()
        start, length = self.number(), self.number()
        rest = self.rest()
        part = rest[start : start + length]
        times = min(_TIMES[twice - 1], largest // max(len(part), 1))
        return rest[:start] + part * times + rest[start + length :]


_TIMES = (10, 60, 300, 1_100, 30_000, LARGEST)


def choices(*numbers: int) -> bytes:
    """Bytes that ``Source`` reads as these choices, for seeds."""
    return bytes(numbers)


def chunk(content: bytes) -> bytes:
    """Bytes that ``Source.chunk`` reads as this content, cut to 255."""
    return bytes([min(len(content), 255)]) + content[:255]


AS_IT_IS = b"\0"
"""For ``Source.stretched``: nothing is said many times."""
