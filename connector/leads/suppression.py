"""A suppression list: people who are not to be called, by phone number, address, or whatever else tells them.

One entry a line; ``#`` at its beginning or after a blank begins a comment. Entry and value are compared without blanks
around them and without regard to case. What looks like a phone number (six digits or more, and beside them only blanks,
dashes and ``+ ( ) . /``) is compared by its digits, without a leading ``00``.

No entry is kept: of each there are 16 bytes of a hash.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Protocol

LEAST_DIGITS = 6
"""Digits that a phone number has at least."""
SLICE = 200
"""Lines read between two pauses: about half a millisecond."""
_BUCKETS = 1 << 16
_PHONE = re.compile(r"[0-9+()./\s\u2010-\u2015-]+")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_COMMENT = re.compile(r"(?:^|\s)#")


class Listed(Protocol):
    """What a filter asks: is this text on the list?"""

    def __contains__(self, text: str, /) -> bool:
        """True when it is, written in whatever way counts as the same."""


class NotAList(ValueError):
    """The lines are no text. The message tells the line's number and nothing of what is in it."""


class Entries:
    """Texts by their hashes, in buckets of bytes: about 20 bytes an entry, where a frozenset of hashes takes 100.

    Nothing in it is large, so neither growing nor letting go of it stops other threads for long, as that of a set of a
    million objects does. A text that is not in it is taken for one that is once in 10^30 or so.
    """

    def __init__(self) -> None:
        self._buckets = [b""] * _BUCKETS
        self._count = 0

    def add(self, text: str) -> None:
        """Take an entry in; one that counts as the same is there once."""
        bucket, rest = _place(text)
        if rest not in self._buckets[bucket]:
            self._buckets[bucket] += rest
            self._count += 1

    def __contains__(self, text: str, /) -> bool:
        """Whether an entry counts as the same as ``text``."""
        bucket, rest = _place(text)
        return rest in self._buckets[bucket]

    def __len__(self) -> int:
        return self._count


def read_entries(lines: Iterable[bytes], pause: Callable[[], object] = lambda: None) -> Entries:
    """The entries of a file's lines, which are UTF-8. Calls ``pause`` every ``SLICE`` lines. Raises NotAList, and what
    ``pause`` raises."""
    entries = Entries()
    for number, text in enumerate(_texts(lines), 1):
        if text:
            entries.add(text)
        if number % SLICE == 0:
            pause()
    return entries


def normalised(text: str) -> str:
    """What two ways to write the same have in common."""
    text = text.strip().casefold()
    if _PHONE.fullmatch(text):
        digits = _NOT_DIGITS.sub("", text)
        if len(digits) >= LEAST_DIGITS:
            return digits.removeprefix("00")
    return text


def _texts(lines: Iterable[bytes]) -> Iterator[str]:
    """Each line without its comment; empty where nothing else is in it."""
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            # Not chained: the decoder's exception carries the bytes.
            raise NotAList(f"line {number} is not UTF-8 text")
        yield (_COMMENT.split(text, maxsplit=1)[0] if "#" in text else text).strip()


def _place(text: str) -> tuple[int, bytes]:
    digest = blake2b(normalised(text).encode("utf-8", "surrogatepass"), digest_size=16).digest()
    return digest[0] << 8 | digest[1], digest[2:]
