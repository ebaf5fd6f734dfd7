"""What each stage of a lead's way costs by itself, in one process and without Kafka: ``python -m bench --stages``.

CPU time of the process, so that other programs count only by what they do to caches and clock. Stages take turns, round
by round; each is compared with the floor of its own round.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from functools import partial
from io import BytesIO
from statistics import median
from typing import Final, TypeAlias, cast

import fastavro
import orjson

from bench import workloads
from bench.data import Framer
from bench.floor import contact as by_hand
from bench.paths import READER
from bench.results import Stage
from bench.workloads import Lead
from connector.delivery.progress import PartitionProgress
from connector.leads.decode import Decoder, SchemaKey
from connector.leads.mapped import Destination, MappedLead
from connector.leads.mapper import Mapper
from connector.leads.numbers import ParsedNumbers
from connector.leads.schedule import plan
from connector.leads.scope import Scope
from connector.leads.spec import PhoneSpec, ScheduleSpec
from connector.leads.zones import resolve_zone
from connector.ucontact.client import request_body

FLOOR: Final = "floor: fastavro, contact by hand"
LEADS: Final = 2_000
GOALS: Final = {"map: paths only": 10.0, "map: canonical": 60.0}
"""Microseconds a lead (issue 5)."""

_TOPIC: Final = "leads"
_SCHEMA_ID: Final = 1
_FRAME: Final = 5  # bytes: magic byte and schema id
_BATCH: Final = 50

Work: TypeAlias = Callable[[], object]
"""One pass over all leads."""


def measure_stages(rounds: int) -> list[Stage]:
    """Measure all stages. Raises RuntimeError when a lead does not come through, for then something else would be
    measured."""
    works = _works(LEADS)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)  # as `connector run` does
    for work in works.values():
        work()  # what is loaded and compiled when it is first needed
    costs: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            before = time.process_time_ns()
            work()
            costs[name].append((time.process_time_ns() - before) / 1000 / LEADS)
    return [_stage(name, own, costs[FLOOR]) for name, own in costs.items()]


def _stage(name: str, own: Sequence[float], floor: Sequence[float]) -> Stage:
    ratio = median(cost / least for cost, least in zip(own, floor, strict=True))
    return Stage(name, median(own), (min(own), max(own)), ratio, GOALS.get(name))


def _works(count: int) -> dict[str, Work]:
    leads = workloads.scheduled_leads(count)
    framer, reader = Framer(_SCHEMA_ID), workloads.reader()
    values = [framer.frame(each) for each in leads]
    decoder = Decoder(reader)
    decoder.learn(SchemaKey("id", _SCHEMA_ID), READER.read_text(encoding="utf-8"))

    def decode() -> None:
        for value in values:
            decoder.decode(_TOPIC, value, [])

    decoded = [_lead_of(decoder.decode(_TOPIC, value, [])) for value in values]
    canonical = workloads.mapper(reader, workloads.contact())
    direct = workloads.mapper(reader, workloads.contact(workloads.DIRECT))
    plain = workloads.mapper(reader, workloads.contact(None))
    return {
        FLOOR: _floor(values),
        "decode": decode,
        "map: paths only": _map(workloads.mapper(reader, workloads.PATHS_ONLY, PhoneSpec()), decoded),
        "map: canonical": _map(canonical, decoded),
        "… numbers of all regions": _map(canonical, workloads.worldwide(decoded)),
        "… zone from the number": _map(canonical, workloads.without_zone(decoded)),
        "… expressions without Jinja2": _map(direct, decoded),
        "… no expressions": _map(plain, decoded),
        "number alone": _number(decoded),
        "schedule alone": _schedule(decoded),
        "batch": _batch(canonical, decoded),
        "progress": _progress(count),
    }


def _lead_of(decoded: object) -> Lead:
    if not isinstance(decoded, dict):
        raise RuntimeError(f"a lead is not decoded: {decoded}")
    return decoded


def _floor(values: list[bytes]) -> Work:
    schema = fastavro.parse_schema(orjson.loads(READER.read_bytes()))

    def work() -> None:
        for value in values:
            stream = BytesIO(value)
            stream.seek(_FRAME)
            orjson.dumps(by_hand(cast("Lead", fastavro.schemaless_reader(stream, schema, None))))

    return work


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _map(mapper: Mapper, leads: list[Lead]) -> Work:
    now_ms = _now_ms()
    _contacts(mapper, leads)  # or it would be measured how leads are set aside

    def work() -> None:
        for lead in leads:
            mapper.map(lead, _TOPIC, now_ms)

    return work


def _contacts(mapper: Mapper, leads: list[Lead]) -> list[bytes]:
    results = [mapper.map(lead, _TOPIC, _now_ms()) for lead in leads]
    for result in results:
        if not isinstance(result, MappedLead):
            raise RuntimeError(f"a lead is not mapped: {result}")
    return [result.body for result in results if isinstance(result, MappedLead)]


def _number(leads: list[Lead]) -> Work:
    numbers = ParsedNumbers(workloads.E164.format, lambda scope: cast("Lead", scope.lead["person"])["country"])

    def work() -> None:
        for lead in leads:
            numbers.many("clientIds", lead["person"]["phones"][0], Scope(lead, _TOPIC))

    return work


def _schedule(leads: list[Lead]) -> Work:
    now_ms, rules = _now_ms(), ScheduleSpec()
    asked = [(lead["schedule"]["at"], partial(resolve_zone, lead["person"]["timezone"])) for lead in leads]

    def work() -> None:
        for value, find_zone in asked:
            plan(value, find_zone, rules, now_ms)

    return work


def _batch(mapper: Mapper, leads: list[Lead]) -> Work:
    contacts = _contacts(mapper, leads)
    destination = Destination("sales")

    def work() -> None:
        for first in range(0, len(contacts), _BATCH):
            request_body(destination, contacts[first : first + _BATCH])

    return work


def _progress(records: int) -> Work:
    """Taken in order, resolved batch by batch, the later of two batches first; a watermark for each."""

    def work() -> None:
        progress = PartitionProgress(0)
        for first in range(0, records, 2 * _BATCH):
            batches = [range(start, min(start + _BATCH, records)) for start in (first, first + _BATCH)]
            for offset in (*batches[0], *batches[1]):
                progress.take(offset)
            for batch in reversed(batches):
                for offset in batch:
                    progress.resolve(offset)
                progress.resolved_above()
        if progress.watermark != records:
            raise RuntimeError("the watermark is not where the records end")

    return work
