"""Topics in memory, letters as the connector writes them, and a mapping."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, PartRecord, Record, split
from connector.kafka.decisions import Mark, mark_letter
from connector.kafka.handover import Handed
from connector.kafka.letters import Letter, dead_letter
from connector.kafka.reading import Peeked, PeekError, Position, Span
from connector.leads.decode import Decoder, Format, ReaderSchema
from connector.leads.mapper import Mapper
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.leads.spec import Channel, MappingSpec, RouteSpec
from connector.preview import Preview

NOW_MS = 1_768_489_200_000
DEAD = "leads.dead"
READER = Path(__file__).parents[3] / "schemas" / "lead_event.avsc"


def event(number: int, phone: str | None = "+59899123456") -> bytes:
    """A lead in JSON."""
    person = {"firstName": "Ana", "phones": [] if phone is None else [phone]}
    return json.dumps(
        {
            "eventId": f"lead-{number}",
            "occurredAt": "2026-01-15T15:00:00Z",
            "source": {"platform": "google"},
            "person": person,
        }
    ).encode()


def letter(number: int, value: bytes | None = None, *, part: str | None = None, time_ms: int = NOW_MS) -> Letter:
    """The dead letter of the lead at ``leads/0/number``."""
    record = Record(
        Claim("leads", 0, PartitionProgress(0)), number, NOW_MS, b"key", value or event(number), [("a", b"b")]
    )
    shown: Record | PartRecord = record if part is None else split(record, [part])[0]
    why = SetAside(Outcome.DEAD_LETTER, Stage.MAP, Reason.MISSING_FIELD, "clientIds: the lead has none")
    return dead_letter(DEAD, shown, why, None, None, version="1", now_ms=time_ms)


class Topics:
    """Implements what ``kafka.reading.Reader`` does, in memory."""

    def __init__(self) -> None:
        self.logs: dict[str, dict[int, list[Peeked]]] = {}
        self.commits: dict[str, dict[int, tuple[int, str]]] = {}

    def add(self, letter: Letter, partition: int = 0) -> Peeked:
        """Append a message; returns it as it will be read."""
        log = self.logs.setdefault(letter.topic, {}).setdefault(partition, [])
        record = Peeked(
            letter.topic, partition, len(log), letter.timestamp_ms or 0, letter.value, letter.headers, letter.key
        )
        log.append(record)
        return record

    def spans(self, topic: str, start: Position, *, until_ms: int | None = None) -> list[Span]:
        if topic not in self.logs:
            raise PeekError(f"there is no topic {topic}")
        found = []
        for partition, log in self.logs[topic].items():
            first = next((r.offset for r in log if r.timestamp_ms >= (start.time_ms or 0)), len(log))
            end = (
                len(log) if until_ms is None else next((r.offset for r in log if r.timestamp_ms >= until_ms), len(log))
            )
            if first < end:
                found.append(Span(partition, first, end))
        return found

    def topics(self) -> list[str]:
        return sorted(self.logs)

    def committed(self, topic: str) -> dict[int, tuple[int, str]]:
        return self.commits.get(topic, {})

    def records(
        self, topic: str, spans: Sequence[Span], read: Callable[[int], object] = lambda _records: None
    ) -> Iterator[Peeked]:
        for span in spans:
            for record in self.logs[topic][span.partition][span.start : span.end]:
                read(1)
                yield record


class Written:
    """Implements what ``kafka.handover.Handover`` does: all of a batch is on the topics, or nothing."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self.leads: list[Letter] = []

    def write(self, batch: Sequence[Handed]) -> list[Mark]:
        for each in batch:
            if each.lead is not None:
                self.leads.append(each.lead)
            self._topics.add(mark_letter(each.mark), each.mark.letter.partition)
        return [each.mark for each in batch]


def preview() -> Preview:
    """One route that takes every lead with a phone."""
    reader = ReaderSchema.parse(READER.read_text())
    spec = MappingSpec(routes=(RouteSpec("all", "sales", Channel.TELEPHONY, {"clientIds": "person.phones"}),))
    mapper = Mapper(spec, reader.raw)
    return Preview(Decoder(reader, default=Format.JSON), mapper, "http://api", NOW_MS, 1, 10_000, lambda _key: None)
