"""Sends letters again: through the running connector, with its mapping and its pace, once.

What is replayed is written where the connector reads, in the same transaction as the decision that says so
(``kafka.handover``). This only chooses, and writes nothing of a lead that would be set aside again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from connector.delivery.duplicates import hash_of
from connector.delivery.position import Position
from connector.kafka.decisions import Decision, Mark
from connector.kafka.found_letters import FoundLetter, replay_letter
from connector.kafka.handover import Handed
from connector.kafka.receipts import name_of
from connector.leads.mapped import MappedLead
from connector.preview import Preview, Refused, Sample
from connector.repair.delivered import Wanted, deliveries, wanted
from connector.repair.desk import Desk
from connector.repair.ports import Progress, Reads, Writes
from connector.repair.selection import Selection

CHUNK_LEADS = 5_000
CHUNK_BYTES = 16 * 1024 * 1024
"""What is looked at together: for each such chunk the receipts are read once. A replay may run beside a connector, in a
container that was measured for that alone."""
BATCH = 500
"""Letters in a transaction."""


@dataclass(frozen=True, slots=True)
class Way:
    """How leads get back to the connector, and what it knows them by."""

    retries: str | None
    """The retry topic; None: each goes to the topic that it came from."""
    reads: Callable[[str], bool]
    """Whether the connector reads a topic."""
    receipts: str | None
    window_ms: int
    """Milliseconds before a lead's own time for which receipts are looked at too."""

    def obstacle(self, letter: FoundLetter) -> str | None:
        """Why this letter cannot be replayed at all; None where it can."""
        if letter.origin is None:
            return letter.damage
        if self.retries is not None:
            return None
        if letter.part is not None:
            return "it is a part of a lead: only with a retry topic (retries.topic) can a part be sent alone"
        if not self.reads(letter.origin.position.topic):
            return f"its topic {letter.origin.position.topic} is none of kafka.topics: nobody would read it"
        return None


@dataclass(slots=True)
class Tally:
    """What became, or would become, of the letters that were selected."""

    replayed: int = 0
    by_route: Counter[str] = field(default_factory=Counter)
    """Leads, or parts of leads, by ``route to hub`` as the mapping has them now."""
    copies: int = 0
    """Letters that are copies of another, and done with it."""
    delivered: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    """By the reason for which the mapping would set them aside again. They stay open."""
    obstacles: Counter[str] = field(default_factory=Counter)
    """By why they cannot be replayed. They stay open."""

    @property
    def selected(self) -> int:
        """All of them."""
        return self.replayed + self.copies + self.delivered + self.set_aside.total() + self.obstacles.total()


@dataclass(slots=True)
class _Ready:
    letter: FoundLetter
    lead: str
    """Its id, as ``name_of`` has it."""
    ways: list[str]
    """``route to hub`` of each lead that it becomes."""
    sought: tuple[Wanted, ...]
    delivered: str | None = None


class Replay:
    """One run over the letters of a desk that was surveyed, copies too. Blocks; raises PeekError, HandoverError and
    SchemaUnavailable; what was handed over before stands."""

    def __init__(
        self,
        receipts: Reads,
        desk: Desk,
        preview: Preview,
        way: Way,
        handover: Writes | None,
        now_ms: Callable[[], int],
    ) -> None:
        """``receipts`` reads those; not what ``desk`` reads with, which is under way. ``handover`` None: nothing is
        written, a dry run."""
        self._receipts = receipts
        self._desk = desk
        self._preview = preview
        self._way = way
        self._handover = handover
        self._now_ms = now_ms
        self._done: set[Position] = set()
        self.tally = Tally()

    def run(
        self, selection: Selection, read: Progress, on_marks: Callable[[list[Mark]], object] = lambda _: None
    ) -> Tally:
        """Replay what is selected. ``read`` is told of the progress, ``on_marks`` of what was written."""
        for chunk in _chunks(self._ready(selection, read)):
            self._look_for_deliveries(chunk)
            batch: list[Handed] = []
            for ready in chunk:
                batch += self._decided(ready)
                if len(batch) >= BATCH:
                    self._write(batch, on_marks)
                    batch = []
            self._write(batch, on_marks)
        return self.tally

    def _ready(self, selection: Selection, read: Progress) -> Iterator[_Ready]:
        for letter, decision in self._desk.letters(read):
            if decision is not None or not selection.takes(letter, decision):
                continue
            obstacle = self._way.obstacle(letter)
            if obstacle is not None:
                self.tally.obstacles[obstacle] += 1
                continue
            results = self._preview.parts(sample_of(letter))
            leads = [each for each in results if isinstance(each, MappedLead)]
            if leads:
                ways = [f"{each.route} to {each.destination.hub}" for each in leads]
                yield _Ready(letter, name_of(leads[0].lead_id), ways, tuple(self._sought(letter, leads)))
            else:
                self.tally.set_aside.update({each.why.reason.value for each in results if isinstance(each, Refused)})

    def _sought(self, letter: FoundLetter, leads: Iterable[MappedLead]) -> Iterator[Wanted]:
        for lead in leads:
            key = None if lead.duplicate_key is None else hash_of(lead.duplicate_key)
            yield wanted(lead, letter.part, key)

    def _look_for_deliveries(self, chunk: list[_Ready]) -> None:
        if self._way.receipts is None:
            return
        waiting: dict[Wanted, list[_Ready]] = {}
        times: list[int] = []
        for ready in chunk:
            for each in ready.sought:
                waiting.setdefault(each, []).append(ready)
            origin = ready.letter.origin
            times.append(0 if origin is None or origin.timestamp_ms is None else origin.timestamp_ms)
        since_ms = max(0, min(times) - self._way.window_ms)
        for found, receipt in deliveries(self._receipts, self._way.receipts, waiting, since_ms):
            delivery = receipt.delivery
            for ready in waiting[found]:
                if ready.delivered is None and delivery is not None:
                    ready.delivered = f"{delivery.first} was delivered, its receipt says"

    def _decided(self, ready: _Ready) -> Iterator[Handed]:
        letter, now_ms = ready.letter, self._now_ms()
        if letter.position in self._done:
            return
        decision = Decision.REPLAYED if ready.delivered is None else Decision.DELIVERED
        mark = Mark(decision, letter.position, now_ms, ready.delivered, lead=ready.lead)
        if ready.delivered is None:
            self.tally.replayed += 1
            self.tally.by_route.update(ready.ways)
            origin_topic = letter.topic or ""
            topic = self._way.retries or origin_topic
            record = replay_letter(topic, letter, returns=self._way.retries is not None, now_ms=now_ms)
            yield Handed(mark, record)
        else:
            self.tally.delivered += 1
            yield Handed(mark)
        for copy in self._desk.copies_of(letter):
            if copy not in self._done:
                self._done.add(copy)
                self.tally.copies += 1
                yield Handed(mark._replace(letter=copy, reason=f"a copy of {letter.position}"))

    def _write(self, batch: list[Handed], on_marks: Callable[[list[Mark]], object]) -> None:
        if self._handover is not None and batch:
            on_marks(self._handover.write(batch))


def sample_of(letter: FoundLetter) -> Sample:
    """The letter as the mapping takes it: as a lead of the topic that it came from."""
    record = letter.record
    return Sample(record.place, letter.topic or record.topic, record.value, record.headers, letter.part)


def _chunks(each: Iterable[_Ready]) -> Iterator[list[_Ready]]:
    chunk: list[_Ready] = []
    size = 0
    for ready in each:
        chunk.append(ready)
        size += len(ready.letter.record.value or b"")
        if len(chunk) >= CHUNK_LEADS or size >= CHUNK_BYTES:
            yield chunk
            chunk, size = [], 0
    if chunk:
        yield chunk
