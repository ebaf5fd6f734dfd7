"""How many functions are called for a lead, stage by stage: ``python -m bench.calls`` prints it as JSON.

A count, not a time: the same on every machine, however busy. Calls are most of what Python code costs, and a change
that adds work to a lead's way adds some. ``bench/budget.json`` says how many there may be; a test holds it.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, Final, cast

from bench import workloads
from bench.data import Framer, values
from bench.paths import READER
from bench.program import CONTACT
from connector.delivery.dispatcher import Dispatcher
from connector.delivery.intake import Intake
from connector.delivery.lane import LanePolicy
from connector.delivery.lease import Lease
from connector.delivery.lists import Collector
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record
from connector.kafka.buffer import Buffer
from connector.kafka.journal import Note, encode, topic_mark
from connector.kafka.source import Source
from connector.leads.answer import Answer, AnswerClass
from connector.leads.decode import Decoder, SchemaKey
from connector.leads.mapped import Destination, MappedLead
from connector.leads.mapper import Mapper
from connector.leads.spec import Channel, MappingSpec, RouteSpec
from connector.reporting import Reporting
from connector.settlement import Settlement, Topics
from connector.telemetry import logs
from connector.telemetry.health import Health
from connector.telemetry.metrics import Metrics

BUDGET: Final = Path(__file__).with_name("budget.json")
LEADS: Final = 1_000
_TOPIC: Final = "leads"
_PARTITIONS: Final = 6
_HAND_OVER: Final = 250
_NOW_MS: Final = 1_800_000_000_000
_ACCEPTED: Final = Answer(AnswerClass.ACCEPTED, 200, seconds=0.02)


def budget() -> dict[str, float]:
    """The calls that a lead may take in each stage."""
    found: dict[str, float] = json.loads(BUDGET.read_text(encoding="utf-8"))
    return found


def count_calls() -> dict[str, float]:
    """Calls a lead, of Python's functions and of C's, in each stage. Raises RuntimeError when not every lead comes
    through: then something else would be counted."""
    reader = workloads.reader()
    framed = list(values(Framer(1), LEADS))
    decoder = Decoder(reader)
    decoder.learn(SchemaKey("id", 1), READER.read_text(encoding="utf-8"))
    route = RouteSpec("all", "sales", Channel.TELEPHONY, dict(CONTACT), when="not source.isTest")
    mapper = Mapper(MappingSpec(routes=(route,)), reader.raw)
    decoded = [decoder.decode(_TOPIC, value, None) for value in framed]
    leads = [lead for lead in decoded if isinstance(lead, dict)]
    mapped = [lead for lead in (mapper.map(each, _TOPIC, _NOW_MS) for each in leads) if isinstance(lead, MappedLead)]
    if len(mapped) != LEADS:
        raise RuntimeError(f"{LEADS - len(mapped)} leads are not mapped")
    ready = _Ready(mapped)
    stages: dict[str, Callable[[], None]] = {
        "decode": lambda: _each(lambda value: decoder.decode(_TOPIC, value, None), framed),
        "map": lambda: _each(lambda lead: mapper.map(lead, _TOPIC, _NOW_MS), leads),
        "deliver": lambda: _deliver(ready),
        "commit": _commit,
    }
    for stage in stages.values():
        stage()  # what is compiled and imported when it is first needed
    return {name: round(_calls(stage) / LEADS, 2) for name, stage in stages.items()}


def _calls(work: Callable[[], None]) -> int:
    count = 0

    def called(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal count
        if event in ("call", "c_call"):
            count += 1

    gc.collect()
    gc.disable()  # what it calls when it likes is no lead's
    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count


def _each(work: Callable[[Any], object], items: Sequence[object]) -> None:
    for item in items:
        work(item)


class _Ready:
    """Decodes and maps nothing: what these cost is counted by itself."""

    def __init__(self, leads: Sequence[MappedLead]) -> None:
        self._leads = leads
        self._next = 0

    def begin(self) -> None:
        self._next = 0

    def decode(self, _topic: str, _value: bytes | None, _headers: object) -> dict[str, object]:
        return {}

    def map(self, _lead: object, _topic: str, _now_ms: int, _only: str | None = None) -> MappedLead:
        self._next += 1
        return self._leads[self._next - 1]


class _Settled:
    """What the Kafka thread does with outcomes, without it."""

    def __init__(self, buffer: Buffer) -> None:
        self._buffer = buffer
        self._open = 0
        self._all = asyncio.Event()

    def expect(self, records: int) -> None:
        self._open = records
        self._all.clear()

    def settle(self, records: list[Record], *, resolved: bool) -> None:
        self._buffer.settle(records, resolved=resolved)
        self._open -= len(records)
        if not self._open:
            self._all.set()

    async def all(self) -> None:
        await self._all.wait()


async def _learn(_key: SchemaKey) -> None:
    raise RuntimeError("the schema is known")


def _defect(_record: Record, error: Exception) -> None:
    raise error


async def _post(_destination: Destination, _contacts: list[bytes]) -> Answer:
    await asyncio.sleep(0)
    return _ACCEPTED


def _deliver(ready: _Ready) -> None:
    """From records that were read to progress: everything between Kafka's client and HTTP's, but decoding and
    mapping."""
    ready.begin()
    buffer = Buffer(2_000, 1 << 24)
    claims = [Claim(_TOPIC, number, PartitionProgress(0)) for number in range(_PARTITIONS)]

    async def run() -> None:
        reporting = Reporting(Metrics(), Health(), _now)
        settlement = Settlement(Topics("dead"), "", reporting, _now)
        settled = _Settled(buffer)
        settlement.source = cast("Source", settled)
        async with asyncio.TaskGroup() as tasks:
            lease = Lease(60.0)
            lease.renew(time.monotonic())
            dispatcher = Dispatcher(LanePolicy(), _post, settlement, reporting, tasks.create_task, _now, lease)
            collector = Collector(dispatcher, settlement, 2_000, 1 << 24)
            intake = Intake(ready, ready, collector, settlement, _learn, _defect, tasks.create_task, _now)
            for first in range(0, LEADS, _HAND_OVER):
                records = [
                    Record(claims[n % _PARTITIONS], n // _PARTITIONS, _NOW_MS, None, b"lead", None, read_ms=_NOW_MS)
                    for n in range(first, first + _HAND_OVER)
                ]
                for record in records:
                    record.claim.progress.take(record.offset)
                buffer.add(records)
                settled.expect(len(records))
                intake.receive(records)
                await settled.all()
                buffer.apply(lambda _claim: None)

    asyncio.run(run())
    if buffer.outstanding or sum(claim.progress.watermark or 0 for claim in claims) != LEADS:
        raise RuntimeError("not every lead has its outcome")


def _now() -> int:
    return _NOW_MS


def _commit() -> None:
    """The commit of one partition in a busy connector: of every two batches the later one is done first."""
    progress, mark = PartitionProgress(0), topic_mark("id")
    for first in range(0, LEADS, 100):
        for offset in range(first, first + 100):
            progress.take(offset)
        for done in (range(first + 50, first + 100), range(first, first + 50)):
            progress.resolve_all(done)
            watermark = progress.watermark or 0
            encode(watermark, Note(progress.resolved_above(), [(watermark, first + 2_000)]), mark)


if __name__ == "__main__":
    logs.configure("json", "info")  # as the connector runs; a line that is not written costs a few calls too
    print(json.dumps(count_calls(), indent=2))
