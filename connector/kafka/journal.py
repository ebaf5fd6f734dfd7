"""The commit metadata: what is resolved above the committed offset, in at most 4,095 ASCII characters.

Form: ``L1.<crc>.<topic>.<ranges>``. crc: CRC-32 in hexadecimal of the committed offset and the rest, so that metadata
copied to another offset (a mirror, a tool that resets groups) is worth nothing. topic: a hash of the topic's id, which
a re-created topic does not share. ranges: base64url of varint pairs, the distance from the end of the range before
(from the committed offset at first), then the length. DESIGN.md, "Kafka side".
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Sequence

from connector.delivery.progress import Range

LIMIT = 4095
"""Characters; the broker's default for offset.metadata.max.bytes is 4,096."""
_VERSION = "L1"
_LENGTH = 3 * (LIMIT - len(f"{_VERSION}.00000000.0000000000.")) // 4


def topic_mark(topic_id: str | None) -> str:
    """Ten characters that stand for a topic's id; the same for every topic whose id cannot be had."""
    return hashlib.blake2s((topic_id or "").encode(), digest_size=5).hexdigest()


UNKNOWN_TOPIC = topic_mark(None)
"""The mark of a topic whose id cannot be had."""


def encode(watermark: int, ranges: Sequence[Range], mark: str) -> str:
    """Ranges (sorted, apart, none below the watermark) as metadata. Those that do not fit are left out, the highest
    first: that costs a duplicate after a crash, never a lead."""
    if not ranges:
        return ""
    out = bytearray()
    end = watermark
    for first, stop in ranges:
        pair = _varint(first - end) + _varint(stop - first)
        if len(out) + len(pair) > _LENGTH:
            break
        out += pair
        end = stop
    rest = f"{mark}.{base64.urlsafe_b64encode(out).rstrip(b'=').decode()}"
    return f"{_VERSION}.{_crc(watermark, rest)}.{rest}"


def decode(watermark: int, metadata: str | None, mark: str) -> list[Range]:
    """The ranges of metadata that we wrote for this topic at this offset; empty for any other text."""
    parts = (metadata or "").split(".")
    if len(parts) != 4 or parts[0] != _VERSION or parts[2] != mark:
        return []
    try:
        if parts[1] != _crc(watermark, f"{parts[2]}.{parts[3]}"):
            return []
        data = base64.b64decode(parts[3] + "=" * (-len(parts[3]) % 4), altchars=b"-_", validate=True)
        numbers = _numbers(data)
    except (binascii.Error, ValueError):
        return []
    ranges: list[Range] = []
    end = watermark
    for distance, length in zip(numbers[::2], numbers[1::2], strict=True):
        ranges.append((end + distance, end + distance + length))
        end += distance + length
    return ranges


def _crc(watermark: int, rest: str) -> str:
    return f"{zlib.crc32(f'{watermark}.{rest}'.encode('ascii')):08x}"


def _varint(number: int) -> bytes:
    if number < 0:
        raise ValueError(f"ranges overlap or lie below the watermark ({number})")
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _numbers(data: bytes) -> list[int]:
    numbers: list[int] = []
    number = shift = 0
    for byte in data:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            numbers.append(number)
            number = shift = 0
    if shift or len(numbers) % 2:
        raise ValueError("cut off")
    return numbers
