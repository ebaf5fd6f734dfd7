"""Where a record stands in Kafka, and where one stood that came back from the retry topic. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_TEXT = re.compile(r"([a-zA-Z0-9._-]{1,249})/([0-9]{1,10})/([0-9]{1,19})", re.ASCII)


class Position(NamedTuple):
    """Topic, partition and offset of a record. As text: ``topic/partition/offset``."""

    topic: str
    partition: int
    offset: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}/{self.offset}"


class Returned(NamedTuple):
    """What the headers of a record on the retry topic say of the record that was parked there."""

    position: Position
    """Of the original record; every later letter and receipt of the lead names it."""
    timestamp_ms: int | None
    """The original record's, in milliseconds since the epoch."""
    not_before_ms: int
    """It is to rest until then, in milliseconds since the epoch."""
    attempts: int
    """Requests that the lead was part of before."""
    unanswered: int = 0
    """How many of them were sent and not answered."""
    in_doubt: bool = False
    """An earlier owner of its partition may have sent it."""
    part: str | None = None
    """The route whose part of the lead it is; None for a lead that one route took."""


def read_position(text: str) -> Position | None:
    """The position that ``str`` of one gives; None for any other text. Never raises."""
    found = _TEXT.fullmatch(text)
    return None if found is None else Position(found[1], int(found[2]), int(found[3]))
