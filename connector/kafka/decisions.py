"""What people decided about letters: one small message for each, behind the letter, on its topic and partition.

So whoever reads a letters' topic to its end knows which letters are still open, without any other topic. Wire format:
docs/repair.md. Pure.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

import orjson

from connector.delivery.position import Position, read_position
from connector.delivery.record import Headers
from connector.kafka.letters import LONGEST_TEXT, PREFIX, Letter

MARK = f"{PREFIX}decision"
"""The header by which such a message is known; it holds the decision."""
VERSION = 1
LONGEST_MARK = 16 * 1024
"""Bytes. Nothing of ours is as large."""
_LAST_MS = 253_402_300_799_999


class Decision(StrEnum):
    """What became of a letter. One without is open."""

    REPLAYED = "replayed"
    """It is on its way again: where it was written to, the connector delivers it."""
    DELIVERED = "delivered"
    """Its lead turned out to be delivered meanwhile, so it is not sent again."""
    DISCARDED = "discarded"
    """It shall not be sent, and somebody said why."""
    CONFIRMED = "confirmed"
    """Of review: somebody found that it had arrived."""


class Mark(NamedTuple):
    """A decision about the letter at ``letter``, at ``time_ms`` (milliseconds since the epoch)."""

    decision: Decision
    letter: Position
    time_ms: int
    reason: str | None = None
    """In somebody's words; or how it is known to be delivered."""
    to: Position | None = None
    """Where the replayed record stands."""
    lead: str | None = None
    """The lead's id, as ``receipts.name_of`` has it."""


def mark_letter(mark: Mark) -> Letter:
    """The decision as a message."""
    content: dict[str, object] = {"version": VERSION, "decision": mark.decision.value, "letter": str(mark.letter)}
    content["time"] = mark.time_ms
    if mark.reason is not None:
        content["reason"] = mark.reason[:LONGEST_TEXT]
    if mark.to is not None:
        content["to"] = str(mark.to)
    if mark.lead is not None:
        content["lead"] = mark.lead
    # The key is its own: where somebody has the topic compacted, it takes the place of no letter.
    key = f"{PREFIX}decision/{mark.letter}".encode()
    headers = [(MARK, mark.decision.value.encode())]
    return Letter(mark.letter.topic, key, orjson.dumps(content), headers, mark.time_ms, mark.letter.partition)


def is_mark(headers: Headers | None) -> bool:
    """Whether a record of a letters' topic is a decision, or what somebody made of one."""
    return any(name == MARK for name, _ in headers or ())


def read_mark(at: Position, value: bytes | None, headers: Headers | None) -> Mark | None:
    """The decision in the record at ``at``; None for one that is damaged, not ours, or of a letter that does not stand
    before it in its partition. Never raises."""
    if not is_mark(headers) or value is None or len(value) > LONGEST_MARK:
        return None
    try:
        content = orjson.loads(value)
        if content["version"] != VERSION:
            return None
        letter, time_ms = read_position(content["letter"]), content["time"]
        to, reason, lead = content.get("to"), content.get("reason"), content.get("lead")
        if letter is None or letter[:2] != at[:2] or letter.offset >= at.offset:
            return None
        if type(time_ms) is not int or not 0 <= time_ms <= _LAST_MS:
            return None
        if not all(each is None or isinstance(each, str) for each in (to, reason, lead)):
            return None
        where = None if to is None else read_position(to)
        return Mark(Decision(content["decision"]), letter, time_ms, reason, where, lead)
    except (ValueError, TypeError, KeyError):
        return None


_ORDER = tuple(Decision)


class Decided:
    """Which letters of a topic were decided, and how: a byte for each offset up to the last that was."""

    def __init__(self) -> None:
        self._of: dict[int, bytearray] = {}
        self._lows: dict[int, int] = {}

    def begin(self, partition: int, low: int) -> None:
        """The partition is read from this offset on: nothing is asked of what lies before."""
        self._lows[partition] = low

    def add(self, letter: Position, decision: Decision) -> None:
        """The first decision about a letter stands."""
        low = self._lows.setdefault(letter.partition, 0)
        place = letter.offset - low
        if place < 0:
            return
        states = self._of.setdefault(letter.partition, bytearray())
        if place >= len(states):
            states.extend(bytes(place + 1 - len(states)))
        if not states[place]:
            states[place] = _ORDER.index(decision) + 1

    def of(self, partition: int, offset: int) -> Decision | None:
        """What was decided; None: the letter is open."""
        states, place = self._of.get(partition), offset - self._lows.get(partition, 0)
        if states is None or not 0 <= place < len(states) or not states[place]:
            return None
        return _ORDER[states[place] - 1]
