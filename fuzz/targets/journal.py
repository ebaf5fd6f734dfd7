"""Commit metadata: ours, damaged, somebody else's, or made to hurt, and the progress that begins from it."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from zlib import crc32

from connector.delivery.progress import PartitionProgress, Range, Taken, normalized
from connector.kafka.journal import LIMIT, NOTHING, UNKNOWN_TOPIC, Note, decode, encode, fits, mark_of
from fuzz.claims import bounded, claim
from fuzz.inputs import Source, choices

LONGEST = 4_200
WORDS = (b"L2.", UNKNOWN_TOPIC.encode(), b".e", b".b", b"AAAA", b"\xff\xff\xff\xff\x7f", b"\x80\x80\x80\x80\x01")


def one(data: bytes) -> None:
    """Anything reads as a note or as nothing; a note's ranges lie above the watermark, and it can be written again."""
    source = Source(data)
    how, watermark = source.number(), source.number(4)
    metadata = _metadata(how, watermark, source)
    with bounded():
        mark_of(watermark, metadata)
        note = decode(watermark, metadata, UNKNOWN_TOPIC)
        if how % 3 == 0:
            return
        claim(decode(watermark + 1, metadata, UNKNOWN_TOPIC) == NOTHING, "metadata of another offset counts")
        for ranges in (note.resolved, note.doubtful):
            claim(all(watermark <= first <= end for first, end in ranges), "a range below the watermark")
            claim(list(ranges) == sorted(ranges), "ranges out of order")
        _check_progress(watermark, note, source)


def _check_progress(watermark: int, note: Note, source: Source) -> None:
    """What an owner makes of the note, and writes again."""
    progress = PartitionProgress(watermark, note.resolved, note.doubtful)
    offset = watermark
    for _ in range(8):
        offset += source.number()
        taken = progress.take(offset)
        claim(
            (taken is Taken.RESOLVED) == _meets(note.resolved, offset),
            "a resolved record is taken again, or another lost",
        )
        if taken is not Taken.RESOLVED and source.number() & 1:
            progress.resolve(offset)
        offset += 1
    committed = progress.watermark
    claim(committed is not None and committed >= watermark, "the watermark goes backwards")
    doubtful = progress.in_doubt()
    exact = note.exact and fits(committed or 0, doubtful)
    written = encode(committed or 0, Note(progress.resolved_above(), doubtful, exact), UNKNOWN_TOPIC)
    claim(len(written) <= LIMIT and written.isascii(), "metadata that a broker refuses")
    again = decode(committed or 0, written, UNKNOWN_TOPIC)
    if written:
        known = progress.resolved_above()
        claim(list(again.resolved) == known[: len(again.resolved)], "other ranges are read than were written")
        claim(not exact or normalized(again.doubtful) == doubtful, "other doubt is read than was written")


def _meets(ranges: Iterable[Range], offset: int) -> bool:
    return any(first <= offset < end for first, end in ranges)


def _metadata(how: int, watermark: int, source: Source) -> str | None:
    """Any text; or a good frame and checksum around any text; or around any numbers."""
    if how % 3 == 0:
        return source.take(LONGEST).decode("utf-8", "surrogateescape")
    if how % 3 == 1:
        rest = f"{UNKNOWN_TOPIC}.{source.take(LIMIT).decode('ascii', 'replace')}".replace("\ufffd", "~")
    else:
        resolved, doubtful = (base64.urlsafe_b64encode(source.chunk()).rstrip(b"=").decode() for _ in range(2))
        rest = f"{UNKNOWN_TOPIC}.{resolved}.{'eb'[how // 3 % 2]}{doubtful}"
    return f"L2.{crc32(f'{watermark}.{rest}'.encode()):08x}.{rest}"


def seeds() -> Iterable[bytes]:
    """Notes as they are committed."""
    notes = (NOTHING, Note([(12, 14), (20, 300)]), Note([(12, 13)], [(10, 12)], exact=True), Note([], [(10, 4000)]))
    for note in notes:
        text = encode(10, note, UNKNOWN_TOPIC).encode()
        yield choices(0, 0, 0, 0, 10) + text
        yield choices(1, 0, 0, 0, 10) + text.split(b".", 3)[3]
    yield choices(2, 0, 0, 0, 10, 4, 2, 1, 5, 9, 2, 0, 1, *(1, 0) * 8)
    yield choices(5, 0, 0, 0, 10, 2, 2, 1, 2, 0x90, 3, *(1, 1) * 8)
