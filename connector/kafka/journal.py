"""The commit metadata: what is known above the committed offset, in at most 4,095 ASCII characters.

Form: ``L2.<crc>.<topic>.<resolved>.<doubt>``. crc: CRC-32 in hexadecimal of the committed offset and the rest, so that
metadata copied to another offset (a mirror, a tool that resets groups) is worth nothing. topic: a hash of the topic's
id, which a re-created topic does not share. resolved: ranges that have their outcome. doubt: what may have been sent
and has no outcome; ``e`` and ranges, exactly those, or ``b`` and one number, the distance from the committed offset to
the bound above which nothing was sent. Ranges are base64url of varint pairs, the distance from the end of the range
before (from the committed offset at first), then the length. DESIGN.md, "Kafka side".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from connector.delivery.progress import Range

LIMIT = 4095
"""Characters; the broker's default for offset.metadata.max.bytes is 4,096."""
ALWAYS_FIT = 400
"""Offsets of a partition that can be in doubt at a time, whatever lies between them. Most often more can: ``fits``."""
_VERSION = "L2"
_FRAME = len(f"{_VERSION}.00000000.0000000000...e")


def topic_mark(topic_id: str | None) -> str:
    """Ten characters that stand for a topic's id; the same for every topic whose id cannot be had."""
    return hashlib.blake2s((topic_id or "").encode(), digest_size=5).hexdigest()


UNKNOWN_TOPIC = topic_mark(None)
"""The mark of a topic whose id cannot be had."""


@dataclass(frozen=True, slots=True)
class Note:
    """What the metadata says of the offsets from the committed one on."""

    resolved: Sequence[Range] = ()
    """They have their outcome."""
    doubtful: Sequence[Range] = ()
    """They may have been sent, where they are not resolved."""
    exact: bool = False
    """Nothing else was sent, and all this was about to be (``crash_safety: park``). Otherwise the ranges are the
    smallest bound that is known without waiting for the broker."""


NOTHING = Note()


def encode(watermark: int, note: Note, mark: str, limit: int = LIMIT) -> str:
    """A note (ranges sorted, apart, none below the watermark) as metadata of at most ``limit`` characters.

    Resolved ranges that do not fit are left out, the highest first: that costs a duplicate after a crash, never a lead.
    Empty where there is no room even without them. Raises ValueError for doubtful ranges that do not fit (see
    ``fits``).
    """
    if note.exact:
        doubt, complete = _packed(watermark, note.doubtful, limit - _FRAME)
        if not complete:
            raise ValueError("too many offsets in doubt")
        doubt = f"e{doubt}"
    else:
        doubt = f"b{_text(_varint(note.doubtful[-1][1] - watermark))}" if note.doubtful else ""
    resolved, _ = _packed(watermark, note.resolved, limit - _FRAME - len(doubt))
    rest = f"{mark}.{resolved}.{doubt}"
    text = f"{_VERSION}.{_crc(watermark, rest)}.{rest}"
    return text if len(text) <= limit else ""


def fits(watermark: int, doubtful: Iterable[Range]) -> bool:
    """Whether all of these ranges (sorted, apart, none below the watermark) can be written down, in whatever order
    their offsets get their outcomes: each may come to stand alone, with two bytes at least."""
    used = 0
    end = watermark
    for first, stop in doubtful:
        used += len(_varint(first - end)) + 2 * (stop - first) - 1
        end = stop
    return used <= _bytes(LIMIT - _FRAME)


def decode(watermark: int, metadata: str | None, mark: str) -> Note:
    """The note in metadata that we wrote for this topic at this offset; NOTHING for any other text."""
    parts = (metadata or "").split(".")
    if mark_of(watermark, metadata) != mark:
        return NOTHING
    try:
        resolved = _ranges(watermark, _numbers(parts[3]))
        kind, numbers = parts[4][:1], _numbers(parts[4][1:])
        match kind:
            case "":
                return Note(resolved)
            case "e":
                return Note(resolved, _ranges(watermark, numbers), exact=True)
            case "b":
                [distance] = numbers
                return Note(resolved, [(watermark, watermark + distance)])
    except (binascii.Error, ValueError):
        pass  # the checksum of damaged text can be right by chance
    return NOTHING


def resolved_above(watermark: int, metadata: str | None) -> Sequence[Range]:
    """What has its outcome above a committed offset, for whoever asks from outside of the group: the mark of the topic
    that the metadata was written for is believed."""
    mark = mark_of(watermark, metadata)
    return () if mark is None else decode(watermark, metadata, mark).resolved


def mark_of(watermark: int, metadata: str | None) -> str | None:
    """The mark of the topic for which we committed this offset with this metadata; None when it is not ours."""
    parts = (metadata or "").split(".")
    if len(parts) != 5 or parts[0] != _VERSION or not metadata or not metadata.isascii():
        return None
    return parts[2] if parts[1] == _crc(watermark, ".".join(parts[2:])) else None


def _packed(watermark: int, ranges: Sequence[Range], room: int) -> tuple[str, bool]:
    """As many ranges as fit into so many characters, and whether these are all."""
    out = bytearray()
    most = _bytes(room)
    end = watermark
    for first, stop in ranges:
        pair = _varint(first - end) + _varint(stop - first)
        if len(out) + len(pair) > most:
            return _text(out), False
        out += pair
        end = stop
    return _text(out), True


def _ranges(watermark: int, numbers: Sequence[int]) -> list[Range]:
    ranges: list[Range] = []
    end = watermark
    for distance, length in zip(numbers[::2], numbers[1::2], strict=True):
        ranges.append((end + distance, end + distance + length))
        end += distance + length
    return ranges


def _crc(watermark: int, rest: str) -> str:
    return f"{zlib.crc32(f'{watermark}.{rest}'.encode('ascii')):08x}"


def _bytes(characters: int) -> int:
    """How many bytes so many characters hold."""
    return 3 * characters // 4


def _text(data: bytes | bytearray) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _varint(number: int) -> bytes:
    if number < 0:
        raise ValueError(f"ranges overlap or lie below the watermark ({number})")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _numbers(text: str) -> list[int]:
    """The varints in base64url. Raises ValueError or binascii.Error for text that is not ours."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    numbers: list[int] = []
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    if shift:
        raise ValueError("cut off")
    return numbers
