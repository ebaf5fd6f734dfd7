"""The duplicate window: a lead whose key was delivered already is not sent again, and no two of a key go at once.

Pure: no I/O and no clock; times are milliseconds since the epoch. A key is a duplicate only once a lead with it was
delivered. While one is on its way, those that come after it wait: should it not be delivered, the next one goes.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from enum import Enum
from hashlib import blake2b
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from connector.delivery.position import Position
from connector.leads.outcome import Outcome, Reason, SetAside, Stage

HASH_BYTES = 12
"""Of a key's hash: among a hundred million keys two have the same with a chance of one in ten million million."""
EXPIRE_AT_ONCE = 50
"""Keys that are forgotten for their age whenever a lead begins."""

Holder = TypeVar("Holder", bound=Hashable)
"""What stands for a lead: anything that is equal only to itself, such as its record."""

_Entry: TypeAlias = tuple[int, bytes, str, int, int]
"""A delivered lead: time, key, topic, partition, offset. Flat, for there are very many."""


def hash_of(key: str) -> bytes:
    """What stands for a key in the window and in receipts."""
    return blake2b(key.encode("utf-8", "surrogatepass"), digest_size=HASH_BYTES).digest()


class Standing(Enum):
    """What a lead may do that is no duplicate, as far as is known."""

    NEW = "new"
    """Go: no lead with this key was delivered or is on its way."""
    BUSY = "busy"
    """Wait: another is on its way. It is given back when that one has ended, to begin again."""


class Duplicate(NamedTuple):
    """A lead with this key was delivered: where its record stands, and when that was confirmed."""

    first: Position
    time_ms: int

    def set_aside(self, position: Position) -> SetAside:
        """The outcome of the lead at ``position``."""
        time = datetime.fromtimestamp(self.time_ms / 1000, UTC).isoformat(timespec="milliseconds")
        # The same position: a process ended between the receipt and the commit.
        who = "this very record" if position == self.first else f"a lead with its key, {self.first},"
        message = f"{who} was delivered at {time}"
        return SetAside(Outcome.DUPLICATE, Stage.DELIVER, Reason.DELIVERED_BEFORE, message)


class _Way(Generic[Holder]):
    """A lead on its way, and those that wait for its end, in order."""

    __slots__ = ("holder", "waiting")

    def __init__(self, holder: Holder) -> None:
        self.holder = holder
        self.waiting: dict[Holder, None] | None = None


class Window(Generic[Holder]):
    """Which keys were delivered within a time, and which are on their way. Not thread-safe: one thread owns it.

    Delivered keys are bounded by ``max_keys`` (about 250 bytes each), the oldest go first; those on their way and those
    that wait are not, for they are as many as the caller lets in.
    """

    def __init__(self, seconds: float, max_keys: int) -> None:
        self._window_ms = round(seconds * 1000)
        self._max_keys = max_keys
        self._delivered: dict[bytes, _Entry] = {}
        self._oldest: list[_Entry] = []
        """A heap; entries that are not in ``_delivered`` any more are passed over."""
        self._ways: dict[bytes, _Way[Holder]] = {}

    @property
    def delivered(self) -> int:
        """Delivered keys remembered."""
        return len(self._delivered)

    @property
    def waiting(self) -> int:
        """Leads that wait for the end of another."""
        return sum(len(way.waiting) for way in self._ways.values() if way.waiting)

    def begin(self, key: bytes, holder: Holder, now_ms: int) -> Standing | Duplicate:
        """A lead wants to go. NEW: it is on its way until ``confirm`` or ``give_up``. BUSY: it waits until one of these
        gives it back or ``withdraw`` takes it out. Duplicate: it is not heard of any more.

        Raises ValueError for a lead that is on its way or waits already.
        """
        self._expire(now_ms)
        entry = self._delivered.get(key)
        if entry is not None and entry[0] > now_ms - self._window_ms:
            time_ms, _, topic, partition, offset = entry
            return Duplicate(Position(topic, partition, offset), time_ms)
        way = self._ways.get(key)
        if way is None:
            self._ways[key] = _Way(holder)
            return Standing.NEW
        if way.waiting is None:
            way.waiting = {}
        if holder == way.holder or holder in way.waiting:
            raise ValueError(f"{holder} has begun already")
        way.waiting[holder] = None
        return Standing.BUSY

    def holder(self, key: bytes) -> Holder | None:
        """The lead with this key that is on its way."""
        way = self._ways.get(key)
        return None if way is None else way.holder

    def confirm(self, key: bytes, holder: Holder, position: Position, now_ms: int) -> list[Holder]:
        """The lead was delivered. Returns those that waited for it, in order: each has to begin again.

        Raises ValueError for a lead that is not on its way.
        """
        if not self._is_on_its_way(key, holder):
            raise ValueError(f"{holder} is not on its way")
        self._remember(key, position, now_ms)
        return self._end(key)

    def give_up(self, key: bytes, holder: Holder) -> list[Holder]:
        """The lead will not be delivered, or not by us: set aside, or its claim was released. Returns those that waited
        for it, in order: each has to begin again. A lead that only waited is taken out; one that is unknown is fine."""
        if self._is_on_its_way(key, holder):
            return self._end(key)
        way = self._ways.get(key)
        if way is not None and way.waiting is not None:
            way.waiting.pop(holder, None)
        return []

    def withdraw(self, gone: Callable[[Holder], bool]) -> list[Holder]:
        """Take out those that wait and are ``gone`` (their claims released). Those on their way stay until they end."""
        withdrawn: list[Holder] = []
        for way in self._ways.values():
            if way.waiting:
                out = [holder for holder in way.waiting if gone(holder)]
                for holder in out:
                    del way.waiting[holder]
                withdrawn += out
        return withdrawn

    def restore(self, key: bytes, position: Position, time_ms: int) -> None:
        """A receipt says that a lead with this key was delivered then. May come in any order and more than once."""
        self._remember(key, position, time_ms)

    def forget_partition(self, topic: str, partition: int) -> None:
        """Forget what was delivered from a partition: its records are others now, or somebody else's for good."""
        kept = [entry for entry in self._delivered.values() if (entry[2], entry[3]) != (topic, partition)]
        self._delivered = {entry[1]: entry for entry in kept}
        self._tidy()

    def _is_on_its_way(self, key: bytes, holder: Holder) -> bool:
        way = self._ways.get(key)
        return way is not None and way.holder == holder

    def _end(self, key: bytes) -> list[Holder]:
        waiting = self._ways.pop(key).waiting
        return list(waiting) if waiting else []

    def _remember(self, key: bytes, position: Position, time_ms: int) -> None:
        known = self._delivered.get(key)
        if known is not None and known[0] >= time_ms:
            return
        entry = (time_ms, key, *position)
        self._delivered[key] = entry
        heapq.heappush(self._oldest, entry)
        if len(self._delivered) > self._max_keys:
            self._forget_oldest()
        elif len(self._oldest) > 2 * len(self._delivered) + 64:
            self._tidy()

    def _expire(self, now_ms: int) -> None:
        # A few at a time: after a quiet day all of them are due at once, and others wait for this thread.
        limit = now_ms - self._window_ms
        for _ in range(EXPIRE_AT_ONCE):
            if not self._oldest or self._oldest[0][0] > limit:
                return
            self._drop(heapq.heappop(self._oldest))

    def _forget_oldest(self) -> None:
        while not self._drop(heapq.heappop(self._oldest)):
            pass

    def _drop(self, entry: _Entry) -> bool:
        """Forget an entry; False when it was replaced by a later one, or forgotten before."""
        if self._delivered.get(entry[1]) is not entry:
            return False
        del self._delivered[entry[1]]
        return True

    def _tidy(self) -> None:
        self._oldest = list(self._delivered.values())
        heapq.heapify(self._oldest)
