"""A topic of letters as people see it: each with what was decided about it."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from hashlib import blake2b
from itertools import pairwise

from connector.delivery.position import Position
from connector.kafka.decisions import Decided, Decision, Mark, is_mark, read_mark
from connector.kafka.found_letters import FoundLetter, find_letter
from connector.kafka.reading import Span
from connector.repair.ports import EARLIEST, Progress, Reads, unseen


class Desk:
    """Letters of one topic as they are when it is made. Every method blocks and raises PeekError; one thread.

    Its decisions take a byte of memory for each offset up to the last that was decided, copies 8 bytes a letter; the
    letters themselves are passed on one by one.
    """

    def __init__(self, reader: Reads, topic: str, only: Collection[Position] = ()) -> None:
        """``only``: letters at other positions are not asked for."""
        self.topic = topic
        self._reader = reader
        self._decided = Decided()
        self._marks: dict[Position, Mark] = {}
        self._copied: dict[bytes, list[Position]] = {}
        spans = reader.spans(topic, EARLIEST)
        self._to_survey, self._to_read = spans, spans
        if only:
            self._narrow(frozenset(only))
        self._only = frozenset(only)

    def _narrow(self, only: frozenset[Position]) -> None:
        """Decisions stand behind their letters, in the same partition."""
        survey: list[Span] = []
        read: list[Span] = []
        for span in self._to_survey:
            offsets = [each.offset for each in only if (each.topic, each.partition) == (self.topic, span.partition)]
            if offsets and min(offsets) < span.end and max(offsets) >= span.start:
                first = max(span.start, min(offsets))
                survey.append(Span(span.partition, first, span.end))
                read.append(Span(span.partition, first, min(span.end, max(offsets) + 1)))
        self._to_survey, self._to_read = survey, read

    @property
    def offsets(self) -> int:
        """How many offsets one reading goes through."""
        return sum(span.end - span.start for span in self._to_survey)

    def survey(self, read: Progress = unseen, *, copies: bool = False) -> None:
        """Read what was decided; with ``copies``, also which letters are copies of one another. To be called first."""
        for span in self._to_survey:
            self._decided.begin(span.partition, span.start)
        seen = array("Q")
        for record in self._reader.records(self.topic, self._to_survey, read):
            if is_mark(record.headers):
                at = Position(record.topic, record.partition, record.offset)
                mark = read_mark(at, record.value, record.headers)
                if mark is not None:
                    self._decided.add(mark.letter, mark.decision)
                    if mark.letter in self._only:
                        self._marks.setdefault(mark.letter, mark)
            elif copies and (name := _same_as(find_letter(record))) is not None:
                seen.append(_short(name))
        if copies:
            self._find_copies(seen)

    def _find_copies(self, seen: array[int]) -> None:
        """A crash between a letter and its commit leaves two of one part of one record."""
        ordered = sorted(seen)
        twice = {one for one, next_one in pairwise(ordered) if one == next_one}
        if not twice:
            return
        for record in self._reader.records(self.topic, self._to_survey):
            if is_mark(record.headers) or self._decided.of(record.partition, record.offset) is not None:
                continue
            letter = find_letter(record)
            name = _same_as(letter)
            if name is not None and _short(name) in twice:
                self._copied.setdefault(name, []).append(letter.position)

    def copies_of(self, letter: FoundLetter) -> list[Position]:
        """The other open letters of the same part of the same record, as far as ``survey`` looked."""
        name = _same_as(letter)
        return [] if name is None else [at for at in self._copied.get(name, ()) if at != letter.position]

    def mark(self, letter: Position) -> Mark | None:
        """The decision about one of ``only``, whole."""
        return self._marks.get(letter)

    def letters(self, read: Progress = unseen) -> Iterator[tuple[FoundLetter, Decision | None]]:
        """Every letter, of each partition in order, and what was decided about it."""
        for record in self._reader.records(self.topic, self._to_read, read):
            if not is_mark(record.headers):
                yield find_letter(record), self._decided.of(record.partition, record.offset)


def _same_as(letter: FoundLetter) -> bytes | None:
    """What copies have in common; None for a letter that nothing is known of."""
    return None if letter.origin is None else f"{letter.origin.position}#{letter.part or ''}".encode()


def _short(name: bytes) -> int:
    return int.from_bytes(blake2b(name, digest_size=8).digest(), "big")
