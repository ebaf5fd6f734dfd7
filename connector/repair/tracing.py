"""Where a lead is looked for, one topic after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from connector.delivery.progress import Range
from connector.kafka.journal import resolved_above
from connector.kafka.reading import Position as Start
from connector.kafka.reading import Span
from connector.repair.ports import Progress, Reads
from connector.repair.trace import Search, Trace, What


@dataclass(frozen=True, slots=True)
class Places:
    """The topics of a configuration. ``reads``: whether the connector reads a topic; ``from_end``: where nothing is
    committed it begins at the end."""

    reads: Callable[[str], bool]
    from_end: bool
    dead_letters: str
    review: str | None
    retries: str | None
    receipts: str | None


def trace(
    reader: Reads, search: Search, places: Places, since: Start, read: Callable[[str], Progress]
) -> Iterator[Trace]:
    """All that the topics say of a lead, from a time on. ``read`` gives whoever watches the reading of a topic. Blocks;
    raises PeekError. What a lead's own topic holds of it is looked for where it waits; where it was read, only if
    nothing else is known of it."""
    found = 0
    for each in _elsewhere(reader, search, places, since, read):
        found += 1
        yield each
    for topic in filter(places.reads, reader.topics()):
        committed = reader.committed(topic)
        spans = reader.spans(topic, since)
        unread = [_from(span, _committed(committed, span, places)) for span in spans]
        resolved = _resolved(committed)
        for each in search.unread(topic, unread, resolved, What.UNREAD, _watched(read, topic, unread)):
            found += 1
            yield each
        if not found:
            yield from search.unread(topic, spans, lambda _partition: (), What.READ, _watched(read, topic, spans))


def _elsewhere(
    reader: Reads, search: Search, places: Places, since: Start, read: Callable[[str], Progress]
) -> Iterator[Trace]:
    if places.receipts is not None:
        spans = reader.spans(places.receipts, since)
        yield from search.receipts(places.receipts, spans, _watched(read, places.receipts, spans))
    for topic, what in ((places.dead_letters, What.OPEN), (places.review, What.REVIEW)):
        if topic is not None:
            spans = reader.spans(topic, since)
            yield from search.letters(topic, spans, what, _watched(read, topic, spans))
    if places.retries is not None:
        topic, committed = places.retries, reader.committed(places.retries)
        # What was parked is always read, so where nothing is committed all of it waits.
        spans = [_from(span, committed.get(span.partition, (0, ""))[0]) for span in reader.spans(topic, since)]
        yield from search.unread(topic, spans, _resolved(committed), What.RETRY, _watched(read, topic, spans))


def _watched(read: Callable[[str], Progress], topic: str, spans: Sequence[Span]) -> Progress:
    watched = read(topic)
    watched(0, sum(max(0, span.end - span.start) for span in spans))
    return watched


def _committed(committed: dict[int, tuple[int, str]], span: Span, places: Places) -> int:
    known = committed.get(span.partition)
    return known[0] if known is not None else span.end if places.from_end else span.start


def _resolved(committed: dict[int, tuple[int, str]]) -> Callable[[int], Sequence[Range]]:
    ranges = {partition: resolved_above(*known) for partition, known in committed.items()}
    return lambda partition: ranges.get(partition, ())


def _from(span: Span, offset: int) -> Span:
    return span._replace(start=min(max(span.start, offset), span.end))
