"""What became of a lead: what the topics say of it, in the order of time, and what that means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from connector.delivery.position import Position
from connector.delivery.progress import Range
from connector.kafka.decisions import Mark, is_mark, read_mark
from connector.kafka.found_letters import FoundLetter, find_letter
from connector.kafka.letters import read_back
from connector.kafka.reading import Peeked, Span
from connector.kafka.receipts import Receipt, name_of, read_receipt
from connector.leads.mapped import MappedLead
from connector.leads.outcome import Outcome
from connector.preview import Preview, Sample, SchemaUnavailable
from connector.repair.ports import Reads, unseen
from connector.repair.wording import moment


class What(StrEnum):
    """What one message says of a lead."""

    DELIVERED = "delivered"
    DUPLICATE = "duplicate"
    FILTERED = "filtered"
    SET_ASIDE = "set_aside"
    """A receipt says so."""
    OPEN = "open"
    """Its dead letter is open."""
    REVIEW = "review"
    """It may have arrived, and nobody has decided."""
    PARKED = "parked"
    """A receipt that it went to the retry or review topic."""
    DECIDED = "decided"
    """About its letter something was decided."""
    RETRY = "retry"
    """It waits on the retry topic."""
    UNREAD = "unread"
    """It waits on its topic, or is on its way: its offset is not committed."""
    READ = "read"
    """It was on its topic, and has its outcome."""


class Trace(NamedTuple):
    """One message about a lead: where it stands, and what it says, in words. ``time_ms`` in milliseconds since the
    epoch. ``part``: the route whose part of the lead it is about."""

    time_ms: int
    at: Position
    what: What
    text: str
    part: str | None = None
    bound: str = ""
    """Of a lead that waits: where it goes, by the mapping as it is now."""


_OF_OUTCOME = {
    Outcome.DELIVERED: What.DELIVERED,
    Outcome.DUPLICATE: What.DUPLICATE,
    Outcome.FILTERED: What.FILTERED,
    Outcome.PARKED: What.PARKED,
}


class Search:
    """Looks for one lead. Every method blocks and raises PeekError; in memory is what was found. A record whose lead
    cannot be decoded, or whose schema cannot be had, counts where its bytes hold the id: the text says so."""

    def __init__(self, reader: Reads, preview: Preview, lead: str, on_trouble: Callable[[str], object]) -> None:
        """``on_trouble`` is told once when schemas cannot be had."""
        self._reader = reader
        self._preview = preview
        self._lead = lead
        self._name = name_of(lead)
        self._bytes = lead.encode("utf-8", "backslashreplace")
        self._on_trouble = on_trouble
        self._without_schemas = False

    def receipts(self, topic: str, spans: Sequence[Span], read: Callable[[int], object] = unseen) -> Iterator[Trace]:
        """Its receipts."""
        for record in self._reader.records(topic, spans, read):
            receipt = read_receipt(record.value)
            if receipt is not None and receipt.lead == self._name:
                what = _OF_OUTCOME.get(receipt.outcome, What.SET_ASIDE)
                yield Trace(receipt.time_ms, _at(record), what, receipt_text(receipt), receipt.part)

    def letters(
        self, topic: str, spans: Sequence[Span], open_as: What, read: Callable[[int], object] = unseen
    ) -> Iterator[Trace]:
        """Its letters, and what was decided about them; an open one is ``open_as``."""
        found: dict[Position, tuple[FoundLetter, str]] = {}
        marks: dict[Position, tuple[Position, Mark]] = {}
        for record in self._reader.records(topic, spans, read):
            if is_mark(record.headers):
                mark = read_mark(_at(record), record.value, record.headers)
                if mark is not None and mark.letter in found:  # which stands before it
                    marks.setdefault(mark.letter, (_at(record), mark))
                continue
            letter = find_letter(record)
            if (known := self._is_its(letter)) is not None:
                found[letter.position] = letter, known
        for position, (letter, known) in found.items():
            decided = marks.get(position)
            what = open_as if decided is None else What.DECIDED
            text = letter_text(letter, is_open=decided is None) + known
            yield Trace(letter.time_ms, position, what, text, letter.part)
            if decided is not None:
                at, mark = decided
                yield Trace(mark.time_ms, at, What.DECIDED, f"the letter {position} was {mark_text(mark)}", letter.part)

    def unread(
        self,
        topic: str,
        spans: Sequence[Span],
        resolved: Callable[[int], Sequence[Range]],
        what: What,
        read: Callable[[int], object] = unseen,
    ) -> Iterator[Trace]:
        """Its records in parts of a topic that are ``what``, save those that are ``resolved`` (by partition)."""
        ends = {span.partition: span.end for span in spans}
        for record in self._reader.records(topic, spans, read):
            if any(first <= record.offset < end for first, end in resolved(record.partition)):
                continue
            origin = read_back(record.headers) if what is What.RETRY else None
            topic, part = (record.topic, None) if origin is None else (origin.position.topic, origin.part)
            known = self._knows(record, topic)
            if known is None:
                continue
            bound = "" if known or what is What.READ else self._bound(record, topic, part)
            behind = ends[record.partition] - record.offset - 1
            text = f"{_UNREAD_TEXT[what]}{f', {behind:,} behind it' if what is What.UNREAD else ''}{known}"
            text += f", {bound}" if bound else ""
            yield Trace(record.timestamp_ms, _at(record), what, text, part, bound)

    def _is_its(self, letter: FoundLetter) -> str | None:
        """As ``_knows``."""
        if letter.lead is not None:
            return "" if name_of(letter.lead) == self._name or letter.lead == self._lead else None
        return self._knows(letter.record, letter.topic or letter.record.topic)

    def _bound(self, record: Peeked, topic: str, part: str | None) -> str:
        """Where a lead that waits goes, or why it will not."""
        told: list[str] = []
        for each in self._preview.parts(Sample(record.place, topic, record.value, record.headers, part)):
            if isinstance(each, MappedLead):
                told.append(f"for hub {each.destination.hub}, route {each.route}")
            else:
                told.append(f"to be {_SAID.get(each.why.outcome, 'set aside')}: {each.why.reason.value}")
        return "; ".join(told)

    def _knows(self, record: Peeked, topic: str) -> str | None:
        """Whether this record is the lead's: empty where it is, what is to be said where it may be, None otherwise."""
        if not self._without_schemas:
            try:
                sample = Sample(record.place, topic, record.value, record.headers)
                found = self._preview.lead_id(sample)
            except SchemaUnavailable as error:
                self._without_schemas = True
                self._on_trouble(f"{error}; leads are looked for by the text of their id")
            else:
                if found is not None:
                    return "" if found == self._lead else None
        if not (self._bytes in (record.value or b"") or self._bytes == record.key):
            return None
        return (
            f" ({'its schema cannot be had' if self._without_schemas else 'it does not decode'}, but it holds the id)"
        )


_SAID = {Outcome.FILTERED: "filtered"}
"""Of a lead that will not be sent, beside "set aside"."""
_UNREAD_TEXT = {
    What.UNREAD: "on its topic without an outcome",
    What.RETRY: "waits on the retry topic",
    What.READ: "on its topic, read, with an outcome",
}


def _at(record: Peeked) -> Position:
    return Position(record.topic, record.partition, record.offset)


def receipt_text(receipt: Receipt) -> str:
    """A receipt in words."""
    text = {Outcome.DELIVERED: "delivered", Outcome.PARKED: "parked"}.get(receipt.outcome, receipt.outcome.value)
    if receipt.hub is not None:
        text += f" {'to' if receipt.outcome is Outcome.DELIVERED else 'for'} hub {receipt.hub}, route {receipt.route}"
    if receipt.reason is not None:
        text += f": {receipt.reason}"
    if receipt.filter is not None:
        text += f" by {receipt.filter}"
    if receipt.first is not None:
        text += f"; {receipt.first.first} was delivered at {moment(receipt.first.time_ms)}"
    if receipt.attempts:
        text += f" ({receipt.attempts} request{'s' if receipt.attempts > 1 else ''}"
        text += f", {receipt.sent_again} without an answer)" if receipt.sent_again else ")"
    return f"{text}; read at {receipt.position}"


def letter_text(letter: FoundLetter, *, is_open: bool) -> str:
    """A letter in words."""
    text = f"set aside: {letter.reason}{f': {letter.message}' if letter.message else ''}"
    if letter.origin is not None:
        text += f"; read at {letter.origin.position}"
    return f"{text}; the letter is open" if is_open else text


def mark_text(mark: Mark) -> str:
    """A decision in words."""
    to = "" if mark.to is None else f", to {mark.to}"
    return f"{mark.decision.value}{to}{f': {mark.reason}' if mark.reason else ''}"


def verdict(traces: Iterable[Trace]) -> list[tuple[What | None, str]]:
    """What it comes to, in plain words, for the lead or for each of its parts; what still waits is said too, whatever
    else became of it."""
    parts: dict[str | None, list[Trace]] = {}
    for trace in sorted(traces, key=lambda trace: trace.time_ms):
        parts.setdefault(trace.part, []).append(trace)
    if not parts:
        return [(None, "nothing is known of it")]
    told: list[tuple[What | None, str]] = []
    for part, of_part in parts.items():
        whose = "" if part is None else f"its part {part}: "
        told += [(what, f"{whose}{text}") for what, text in _verdict(of_part)]
    return told


def _verdict(traces: list[Trace]) -> Iterator[tuple[What, str]]:
    last = {trace.what: trace for trace in traces}
    waits = [trace for trace in traces if trace.what in _WAITS]
    if What.DELIVERED in last:
        yield What.DELIVERED, f"delivered at {moment(last[What.DELIVERED].time_ms)}: {last[What.DELIVERED].text}"
    elif What.DUPLICATE in last:
        yield What.DUPLICATE, f"not sent, for it was delivered before: {last[What.DUPLICATE].text}"
    for trace in waits:
        yield trace.what, f"{_WAITS[trace.what]} ({trace.at}){f', {trace.bound}' if trace.bound else ''}"
    if waits or What.DELIVERED in last or What.DUPLICATE in last:
        return
    final = traces[-1]
    if final.what is What.READ and len(traces) > 1:
        final = traces[-2]
    yield final.what, f"{_LAST.get(final.what, final.text)} ({final.at}, {moment(final.time_ms)})"


_WAITS = {
    What.REVIEW: "it may have arrived: look in uContact, then review resend or review confirm",
    What.RETRY: "it waits on the retry topic for its hub",
    What.UNREAD: "it waits on its topic, or is on its way",
    What.OPEN: "set aside and open: dlq show says why, dlq replay sends it again",
}
_LAST = {
    What.PARKED: "parked, and nothing is heard of it since",
    What.READ: "read, with an outcome of which there is no receipt: delivered or filtered",
}
