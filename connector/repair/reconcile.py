"""Whether it adds up: the events of a time on their topics, against the outcomes in their receipts."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from connector.delivery.position import Position
from connector.delivery.progress import Range
from connector.kafka.journal import resolved_above
from connector.kafka.reading import Peeked, Span
from connector.kafka.reading import Position as Start
from connector.kafka.receipts import Receipt, name_of, read_receipt
from connector.leads.mapped import MappedLead
from connector.leads.outcome import Outcome
from connector.preview import Preview, Sample, SchemaUnavailable
from connector.repair.ports import Progress, Reads

HOUR_MS = 3_600_000
MOST_LISTED = 100_000
"""Events without a receipt that are looked at one by one; of the rest only the number is known."""
MOST_ROUTES = 4_000
NO_ROUTE = "-"
"""The route of an event that none took, as far as is known."""
_OUTCOMES = tuple(Outcome)
_EACH = 16
"""A code is the route's number times this, and the outcome's: 0 is no receipt."""


class Sum(StrEnum):
    """How an event ends in the sum: with an outcome of its own, or with one of these."""

    AGAIN = "again"
    """Its receipt is gone: compaction keeps the last of an id, which is of another event of the same lead."""
    WAITING = "waiting"
    """It has none, and its offset is not committed: it is not read, or under way."""
    MISSING = "missing"
    """It has none, and its offset is committed. It does not add up."""


class Row(NamedTuple):
    """An hour (its beginning in milliseconds since the epoch) of a route."""

    hour_ms: int
    route: str


class Different(NamedTuple):
    """An event without a receipt: WAITING or MISSING, where it stands, and its lead's id where it has one."""

    sum: Sum
    at: Position
    time_ms: int
    lead: str | None


class Book:
    """Receipts by the positions that they name: two bytes for each offset of the time that is looked at."""

    def __init__(self, spans: Mapping[str, Sequence[Span]]) -> None:
        self._codes = {
            (topic, span.partition): (span.start, array("H", bytes(2 * (span.end - span.start))))
            for topic, of_topic in spans.items()
            for span in of_topic
        }
        self._routes = {NO_ROUTE: 0}
        self._names = [NO_ROUTE]
        self._parked: dict[Position, set[str]] = {}

    def add(self, receipt: Receipt) -> None:
        """One more, in the order of its partition: the last of a record counts."""
        at = receipt.position
        start, codes = self._codes.get((at.topic, at.partition), (0, None))
        place = at.offset - start
        if codes is None or not 0 <= place < len(codes):
            return
        codes[place] = self._route(receipt.route or NO_ROUTE) * _EACH + _OUTCOMES.index(receipt.outcome) + 1
        if receipt.part is not None:
            # While one of its parts is parked the record is, whatever became of the others.
            if receipt.outcome is Outcome.PARKED:
                self._parked.setdefault(at, set()).add(receipt.part)
            elif at in self._parked:
                self._parked[at].discard(receipt.part)

    def of(self, at: Position) -> tuple[str, Outcome] | None:
        """Route and outcome of the record there; None without a receipt."""
        start, codes = self._codes[at.topic, at.partition]
        code = codes[at.offset - start]
        if not code:
            return None
        outcome = Outcome.PARKED if self._parked.get(at) else _OUTCOMES[code % _EACH - 1]
        return self._names[code // _EACH], outcome

    def _route(self, name: str) -> int:
        number = self._routes.get(name)
        if number is None:
            if len(self._names) >= MOST_ROUTES:
                return 0
            number = self._routes[name] = len(self._names)
            self._names.append(name)
        return number


class Reconciliation:
    """One run. Blocks; raises PeekError."""

    def __init__(self, reader: Reads, preview: Preview, receipts: str, reads: Callable[[str], bool]) -> None:
        """``receipts``: their topic; ``reads``: whether the connector reads a topic."""
        self._reader = reader
        self._preview = preview
        self._receipts = receipts
        self._reads = reads
        self._without: list[tuple[Different, str]] = []
        self.rows: dict[Row, Counter[str]] = {}
        """Events by outcome, or ``Sum``."""
        self.different: list[Different] = []
        """Those that wait or are missing, in the order in which they were found; ``MOST_LISTED`` at most."""

    @property
    def adds_up(self) -> bool:
        """Whether every event has its outcome."""
        return not any(count[Sum.WAITING] or count[Sum.MISSING] for count in self.rows.values())

    def run(self, from_ms: int, to_ms: int, read: Callable[[str], Progress]) -> None:
        """Add up the events from one time to before another, in milliseconds since the epoch."""
        since = Start(time_ms=from_ms)
        topics = [topic for topic in self._reader.topics() if self._reads(topic)]
        spans = {topic: self._reader.spans(topic, since, until_ms=to_ms) for topic in topics}
        book = Book(spans)
        for receipt in self._all_receipts(since, read):
            book.add(receipt)
        for topic, of_topic in spans.items():
            watched = read(topic)
            watched(0, sum(span.end - span.start for span in of_topic))
            waits = _waits(self._reader.committed(topic))
            for record in self._reader.records(topic, of_topic, watched):
                if record.value is not None:  # tombstones have no receipt
                    self._count(record, book, waits)
        self._look_at_others(since, read)

    def _count(self, record: Peeked, book: Book, waits: Callable[[int, int], bool]) -> None:
        at = Position(record.topic, record.partition, record.offset)
        known = book.of(at)
        waiting = waits(record.partition, record.offset)
        if known is not None and not waiting:
            self._row(record.timestamp_ms, known[0])[known[1].value] += 1
            return
        found = Sum.WAITING if waiting else Sum.MISSING
        if len(self._without) >= MOST_LISTED:
            self._row(record.timestamp_ms, NO_ROUTE)[found] += 1
            return
        lead, route = self._about(record)
        self._without.append((Different(found, at, record.timestamp_ms, lead), route))

    def _about(self, record: Peeked) -> tuple[str | None, str]:
        """The lead's id, and the route that would take it now."""
        sample = Sample(record.place, record.topic, record.value, record.headers)
        try:
            lead = self._preview.lead_id(sample)
            routes = [each.route for each in self._preview.parts(sample) if isinstance(each, MappedLead)]
        except SchemaUnavailable:
            return None, NO_ROUTE
        return lead, routes[0] if routes else NO_ROUTE

    def _look_at_others(self, since: Start, read: Callable[[str], Progress]) -> None:
        """Those that miss their receipts may have had one, in whose place another of the same lead came."""
        missing = {name_of(d.lead) for d, _ in self._without if d.sum is Sum.MISSING and d.lead is not None}
        again: set[str] = set()
        if missing:
            again = {r.lead for r in self._all_receipts(since, read) if r.lead is not None and r.lead in missing}
        for different, route in self._without:
            row = self._row(different.time_ms, route)
            if different.sum is Sum.MISSING and different.lead is not None and name_of(different.lead) in again:
                row[Sum.AGAIN] += 1
            else:
                row[different.sum] += 1
                self.different.append(different)

    def _all_receipts(self, since: Start, read: Callable[[str], Progress]) -> Iterator[Receipt]:
        spans = self._reader.spans(self._receipts, since)
        watched = read(self._receipts)
        watched(0, sum(span.end - span.start for span in spans))
        for record in self._reader.records(self._receipts, spans, watched):
            receipt = read_receipt(record.value)
            if receipt is not None:
                yield receipt

    def _row(self, time_ms: int, route: str) -> Counter[str]:
        return self.rows.setdefault(Row(time_ms // HOUR_MS * HOUR_MS, route), Counter())


def _waits(committed: dict[int, tuple[int, str]]) -> Callable[[int, int], bool]:
    resolved: dict[int, Sequence[Range]] = {p: resolved_above(*known) for p, known in committed.items()}

    def waits(partition: int, offset: int) -> bool:
        known = committed.get(partition)
        if known is None:
            return True
        return offset >= known[0] and not any(first <= offset < end for first, end in resolved[partition])

    return waits
