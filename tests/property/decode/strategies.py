"""Schemas and leads to draw from."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tests.unit.decode.support import field, record, timestamp


def logical(kind: str, name: str, **more: object) -> dict[str, Any]:
    return {"type": kind, "logicalType": name, **more}


POINT = record(field("x", "double"), field("label", ["null", "string"], default=None), name="test.Point")

EVERY_TYPE: dict[str, Any] = record(
    field("flag", "boolean"),
    field("small", "int"),
    field("big", "long"),
    field("ratio", "float"),
    field("exact", "double"),
    field("raw", "bytes"),
    field("words", "string"),
    field("digest", {"type": "fixed", "name": "test.Digest", "size": 4}),
    field("colour", {"type": "enum", "name": "test.Colour", "symbols": ["red", "blue"]}),
    field("at", timestamp()),
    field("at_micros", timestamp("micros")),
    field("local", logical("long", "local-timestamp-millis")),
    field("day", logical("int", "date")),
    field("clock", logical("int", "time-millis")),
    field("clock_micros", logical("long", "time-micros")),
    field("key", logical("string", "uuid")),
    field("price", logical("bytes", "decimal", precision=9, scale=2)),
    field("tax", {**logical("fixed", "decimal", precision=9, scale=4), "name": "test.Tax", "size": 8}),
    field("points", {"type": "array", "items": POINT}),
    field("by_name", {"type": "map", "values": ["null", "test.Point"]}),
    field("either", ["null", "boolean", "long", "string", "test.Point"]),
    field("at_nanos", timestamp("nanos")),
    field("local_nanos", logical("long", "local-timestamp-nanos")),
    field("digest_key", {**logical("fixed", "uuid"), "name": "test.Key", "size": 16}),
    name="test.Everything",
)

TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
_MILLIS = st.integers(-62_135_596_800_000, 253_402_300_799_999)  # years 1 to 9999
_POINTS = st.fixed_dictionaries({"x": st.floats(allow_nan=False, allow_infinity=False), "label": st.none() | TEXT})
_FLOATS = st.floats(allow_nan=False, allow_infinity=False, width=32)

EVERYTHING: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "flag": st.booleans(),
        "small": st.integers(-(2**31), 2**31 - 1),
        "big": st.integers(-(2**63), 2**63 - 1),
        "ratio": _FLOATS,
        "exact": st.floats(allow_nan=False, allow_infinity=False),
        "raw": st.binary(max_size=12),
        "words": TEXT,
        "digest": st.binary(min_size=4, max_size=4),
        "colour": st.sampled_from(["red", "blue"]),
        "at": _MILLIS.map(lambda ms: dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=ms)),
        "at_micros": st.datetimes(timezones=st.just(dt.UTC)),
        "local": _MILLIS.map(lambda ms: dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=ms)),
        "day": st.dates(),
        "clock": st.times().map(lambda each: each.replace(microsecond=each.microsecond // 1000 * 1000)),
        "clock_micros": st.times(),
        "key": st.uuids(),
        "price": st.decimals("-9999999", "9999999", places=2),
        "tax": st.decimals("-99999", "99999", places=4),
        "points": st.lists(_POINTS, max_size=3),
        "by_name": st.dictionaries(TEXT, st.none() | _POINTS, max_size=3),
        "at_nanos": st.integers(-(2**63), 2**63 - 1),  # fastavro writes no such datetime
        "local_nanos": st.integers(-(2**63), 2**63 - 1),
        "digest_key": st.binary(min_size=16, max_size=16),
        "either": st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT | _POINTS,
    }
)

_NAMES = st.sampled_from(["eventId", "leads.LeadEvent", "LeadEvent", "B", "person", ""])
_KINDS = st.sampled_from(
    ["null", "int", "long", "string", "bytes", "record", "array", "map", "enum", "fixed", "B", "leads.B"]
)
_FIELD = {"aliases": st.lists(_NAMES, max_size=2), "default": st.none() | st.integers() | st.text()}


def _definition(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = st.lists(st.fixed_dictionaries({"type": inner, "name": _NAMES}, optional=_FIELD) | st.none(), max_size=4)
    parts = {
        "name": _NAMES,
        "namespace": _NAMES,
        "fields": fields,
        "items": inner,
        "values": inner,
        "symbols": st.lists(_NAMES | st.integers(), max_size=3),
        "size": st.integers(-1, 4) | st.text(max_size=1),
        "logicalType": st.sampled_from(["decimal", "uuid", "date", "timestamp-millis", "lead-connector-decimal"]),
        "precision": st.integers(-1, 5) | st.text(max_size=1),
        "scale": st.integers(-1, 5),
        "aliases": st.lists(_NAMES | st.integers(), max_size=2) | st.none(),
    }
    return st.fixed_dictionaries({"type": _KINDS | inner}, optional=parts) | st.lists(inner, max_size=3)


ALMOST_SCHEMAS: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "type": st.just("record"),
        "name": _NAMES,
        "fields": st.lists(
            st.fixed_dictionaries(
                {"name": _NAMES, "type": st.recursive(_KINDS, _definition, max_leaves=12)}, optional=_FIELD
            ),
            max_size=5,
        ),
    }
)
"""What looks like a schema of the canonical event, and mostly is none."""

_OPTIONAL = st.none() | TEXT
_MOMENTS = _MILLIS.map(lambda ms: dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(milliseconds=ms))
_SOURCE = {"platform": TEXT, "isTest": st.booleans()} | dict.fromkeys(
    ["accountId", "formId", "campaignId", "externalLeadId"], _OPTIONAL
)
_PERSON = {"phones": st.lists(TEXT, max_size=3)} | dict.fromkeys(
    ["firstName", "lastName", "email", "country", "timezone"], _OPTIONAL
)
_CONSENT = st.fixed_dictionaries({"purpose": TEXT, "granted": st.booleans(), "recordedAt": st.none() | _MOMENTS})
_AT = _MOMENTS | st.fixed_dictionaries({"local": TEXT, "timezone": TEXT})

LEADS_V1: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "eventId": TEXT,
        "occurredAt": _MOMENTS,
        "source": st.fixed_dictionaries(_SOURCE),
        "person": st.fixed_dictionaries(_PERSON),
        "consent": st.lists(_CONSENT, max_size=2),
        "schedule": st.none() | st.fixed_dictionaries({"at": _AT}),
        "attributes": st.dictionaries(TEXT, TEXT, max_size=3),
    }
)
"""Canonical leads, version 1, complete."""


def natural(value: Any) -> Any:
    """The lead as a JSON producer would write it. Bytes as Avro's JSON encoding has them."""
    match value:
        case dict():
            return {key: natural(item) for key, item in value.items()}
        case list():
            return [natural(item) for item in value]
        case dt.date() | dt.time():  # a datetime is a date
            return value.isoformat()
        case Decimal() | UUID():
            return str(value)
        case bytes():
            return value.decode("latin-1")
        case _:
            return value
