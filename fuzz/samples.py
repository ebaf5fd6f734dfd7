"""What the targets decode with, map with and begin from: this repository's schemas and examples."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import fastavro
import orjson

from connector.config import load
from connector.leads.decode import Decoder, Format, ReaderSchema, SchemaKey
from connector.leads.mapper import Mapper
from connector.leads.record_types import MapperByRecord
from connector.plan import make_plan

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "schemas"
EXAMPLES = ROOT / "examples"
PLATFORMS = sorted(path.stem for path in (SCHEMAS / "platforms").glob("*.avsc"))
NOW_MS = 1_768_489_200_000
"""2026-01-15T15:00:00Z."""


def _logical(kind: str, logical: str, **more: object) -> dict[str, object]:
    return {"type": kind, "logicalType": logical, **more}


_POINT = {
    "type": "record",
    "name": "fuzz.Point",
    "fields": [{"name": "x", "type": "double"}, {"name": "label", "type": ["null", "string"], "default": None}],
}
_KINDS: dict[str, Any] = {
    "flag": "boolean",
    "small": "int",
    "big": "long",
    "ratio": "float",
    "exact": "double",
    "raw": "bytes",
    "words": "string",
    "digest": {"type": "fixed", "name": "fuzz.Digest", "size": 4},
    "colour": {"type": "enum", "name": "fuzz.Colour", "symbols": ["red", "blue"]},
    "at": _logical("long", "timestamp-millis"),
    "at_micros": _logical("long", "timestamp-micros"),
    "local": _logical("long", "local-timestamp-millis"),
    "day": _logical("int", "date"),
    "clock": _logical("int", "time-millis"),
    "clock_micros": _logical("long", "time-micros"),
    "key": _logical("string", "uuid"),
    "price": _logical("bytes", "decimal", precision=9, scale=2),
    "tax": _logical("fixed", "decimal", precision=9, scale=4, name="fuzz.Tax", size=8),
    "points": {"type": "array", "items": _POINT},
    "by_name": {"type": "map", "values": ["null", "fuzz.Point"]},
    "either": ["null", "boolean", "long", "string", "fuzz.Point", {"type": "array", "items": ["int", "fuzz.Colour"]}],
    "maps": {"type": "map", "values": {"type": "map", "values": {"type": "array", "items": "long"}}},
}
EVERY_TYPE = json.dumps(
    {"type": "record", "name": "fuzz.Everything", "fields": [{"name": n, "type": t} for n, t in _KINDS.items()]}
)
"""A schema with every type whose values can be written back, so that every way to fail is open."""

_EVERYTHING = (
    b'{"flag":true,"small":1,"big":2,"ratio":1.5,"exact":2.5,"raw":"\\u00ff","words":"w","digest":"abcd","colour":"red",'
    b'"at":"2026-03-06T15:00:00Z","at_micros":1,"local":"2026-03-06T15:00","day":"2026-03-06","clock":"15:00",'
    b'"clock_micros":1,"key":"123e4567-e89b-12d3-a456-426614174000","price":"1.25","tax":"0.0001","points":[{"x":1}],'
    b'"by_name":{"a":null},"either":["red",1],"maps":{"a":{"b":[1]}}}'
)


def _text(path: Path) -> str:
    return path.read_text("utf-8")


CANONICAL = _text(SCHEMAS / "lead_event.avsc")
VERSION_1 = _text(SCHEMAS / "history" / "lead_event.v1.avsc")
WRITERS: dict[str, tuple[str, str]] = {
    "canonical": (CANONICAL, CANONICAL),
    "version 1": (VERSION_1, CANONICAL),
    "every type": (EVERY_TYPE, EVERY_TYPE),
    **{name: (text, text) for name in PLATFORMS for text in [_text(SCHEMAS / "platforms" / f"{name}.avsc")]},
}
"""The writer's and the reader's schema, by a name."""


@dataclass(frozen=True, slots=True)
class Contract:
    """A reader schema, and what decodes and maps its leads.

    ``again`` reads what is written with the reader schema. ``mapper`` is None where there is no example of one.
    """

    name: str
    writer: str
    text: str
    reader: ReaderSchema
    decoder: Decoder
    again: Decoder
    mapper: Mapper | MapperByRecord | None


REGISTERED = SchemaKey("id", 1)
"""What each contract's decoder knows the writer's schema by."""


@cache
def contracts() -> tuple[Contract, ...]:
    """One for each of WRITERS. A topic named after a format has that format; any other has ``auto``."""
    return tuple(_contract(name, *schemas) for name, schemas in WRITERS.items())


def _contract(name: str, writer: str, reader: str) -> Contract:
    parsed = ReaderSchema.parse(reader)
    decoder = Decoder(parsed, bare_writer=writer, single_object_writers=[writer], formats={f: f for f in Format})
    decoder.learn(REGISTERED, writer)
    example = EXAMPLES / ("google-and-meta.yaml" if reader == CANONICAL else f"platforms/{name}.yaml")
    plan = make_plan(load(example, {}, check_files=False), connections=frozenset()) if example.exists() else None
    again = Decoder(parsed, bare_writer=reader, default=Format.BARE)
    return Contract(name, writer, reader, parsed, decoder, again, None if plan is None else plan.mapper)


@cache
def documents() -> tuple[tuple[int, bytes], ...]:
    """Events as JSON, each with the place of its contract."""
    places = {contract.name: place for place, contract in enumerate(contracts())}
    found: list[tuple[int, bytes]] = [
        (places[name], _text(EXAMPLES / "platforms" / f"{name}.json").encode()) for name in PLATFORMS
    ]
    found.append((places["every type"], _EVERYTHING))
    leads = orjson.loads((EXAMPLES / "leads.json").read_bytes())
    return (*found, *((places["canonical"], orjson.dumps(lead)) for lead in leads))


@cache
def data() -> tuple[tuple[int, bytes], ...]:
    """The same events as bare Avro, each with the place of its contract."""
    return tuple((place, encoded(contracts()[place].text, _lead(place, document))) for place, document in documents())


def _lead(place: int, document: bytes) -> dict[str, object]:
    lead = contracts()[place].decoder.decode(Format.JSON, document, None)
    if not isinstance(lead, dict):
        raise TypeError(f"an example is no lead: {lead}")
    return lead


def encoded(schema: str, lead: object) -> bytes:
    """A lead written by fastavro. Raises what fastavro raises."""
    stream = BytesIO()
    fastavro.schemaless_writer(stream, _parsed(schema), lead)
    return stream.getvalue()


@cache
def _parsed(schema: str) -> Any:
    return fastavro.parse_schema(deepcopy(json.loads(schema)))


@cache
def configurations() -> tuple[bytes, ...]:
    """The examples as they stand."""
    return tuple(path.read_bytes() for path in sorted(EXAMPLES.rglob("*.yaml")))
