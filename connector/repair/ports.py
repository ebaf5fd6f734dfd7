"""What this room needs of Kafka, and whoever watches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from connector.kafka.decisions import Mark
from connector.kafka.handover import Handed
from connector.kafka.reading import Peeked, Position, Span

EARLIEST = Position()


class Reads(Protocol):
    """``kafka.reading.Reader``. Blocks; raises PeekError. One reading at a time: a new one ends the one before."""

    def spans(self, topic: str, start: Position, *, until_ms: int | None = None) -> list[Span]:
        """Where there is something to read."""

    def topics(self) -> list[str]:
        """Those that this principal may see."""

    def committed(self, topic: str) -> dict[int, tuple[int, str]]:
        """The group's offset and metadata of each partition that has one."""

    def records(self, topic: str, spans: Sequence[Span], read: Callable[[int], object] = ...) -> Iterator[Peeked]:
        """The records there, each partition in its own order."""


class Writes(Protocol):
    """``kafka.handover.Handover``. Blocks; raises HandoverError."""

    def write(self, batch: Sequence[Handed]) -> list[Mark]:
        """All of it, or nothing."""


class Progress(Protocol):
    """Is told how far a reading has come."""

    def __call__(self, offsets: int, total: int | None = None) -> object:
        """So many offsets more are behind us; ``total`` are to be read, where that is new."""


def unseen(offsets: int, total: int | None = None) -> None:
    """For whom nobody watches."""
