"""The logical types of Avro 1.12 (specification, "Logical Types"), each in binary and in JSON, alone and resolved."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import pytest

from connector.leads.decode import Decoder, Format, ReaderSchema, SchemaKey
from connector.leads.outcome import SetAside
from connector.leads.shapes import record_shape
from tests.unit.decode.support import confluent, decoder, encode, field, record, resolve

UTC = dt.UTC
KEY = UUID("7b0c9a52-1f6e-4a5e-9a29-6b1f8f1f0d10")
EXTRA = field("extra", "int", default=5)


class Case(NamedTuple):
    """A type, what its Avro type holds without the logical one, the same in natural JSON, and what a lead has.

    ``kind`` is what expressions are checked against.
    """

    type: dict[str, Any]
    plain: object
    natural: object
    expected: object
    kind: str


def logical(kind: str, logical_type: str, /, **more: object) -> dict[str, Any]:
    return {"type": kind, "logicalType": logical_type, **more}


CASES = {
    "timestamp-millis": Case(
        logical("long", "timestamp-millis"),
        1_772_973_000_123,
        "2026-03-08T12:30:00.123Z",
        dt.datetime(2026, 3, 8, 12, 30, 0, 123_000, UTC),
        "timestamp",
    ),
    "timestamp-micros": Case(
        logical("long", "timestamp-micros"),
        1_772_973_000_123_456,
        "2026-03-08T09:30:00.123456-03:00",
        dt.datetime(2026, 3, 8, 12, 30, 0, 123_456, UTC),
        "timestamp",
    ),
    "timestamp-nanos": Case(
        logical("long", "timestamp-nanos"),
        1_772_973_000_123_456_789,
        "2026-03-08T12:30:00.123456789Z",
        dt.datetime(2026, 3, 8, 12, 30, 0, 123_456, UTC),
        "timestamp",
    ),
    "timestamp-nanos before 1970": Case(
        logical("long", "timestamp-nanos"), -1, -1, dt.datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC), "timestamp"
    ),
    "local-timestamp-millis": Case(
        logical("long", "local-timestamp-millis"),
        1_772_962_200_123,
        "2026-03-08T09:30:00.123",
        dt.datetime(2026, 3, 8, 9, 30, 0, 123_000),
        "local timestamp",
    ),
    "local-timestamp-micros": Case(
        logical("long", "local-timestamp-micros"),
        1_772_962_200_123_456,
        "2026-03-08T09:30:00.123456",
        dt.datetime(2026, 3, 8, 9, 30, 0, 123_456),
        "local timestamp",
    ),
    "local-timestamp-nanos": Case(
        logical("long", "local-timestamp-nanos"),
        1_772_962_200_123_456_789,
        "2026-03-08T09:30:00.123456789",
        dt.datetime(2026, 3, 8, 9, 30, 0, 123_456),
        "local timestamp",
    ),
    "date": Case(logical("int", "date"), 20_520, "2026-03-08", dt.date(2026, 3, 8), "date"),
    "time-millis": Case(logical("int", "time-millis"), 34_200_123, "09:30:00.123", dt.time(9, 30, 0, 123_000), "time"),
    "time-micros": Case(
        logical("long", "time-micros"), 34_200_000_001, "09:30:00.000001", dt.time(9, 30, 0, 1), "time"
    ),
    "decimal in bytes": Case(
        logical("bytes", "decimal", precision=6, scale=2), b"\x04\xd2", "12.34", Decimal("12.34"), "decimal"
    ),
    "decimal in bytes, negative": Case(
        logical("bytes", "decimal", precision=6, scale=2), b"\xfb\x2e", -12.34, Decimal("-12.34"), "decimal"
    ),
    "decimal without scale": Case(
        logical("bytes", "decimal", precision=6), b"\x04\xd2", 1234, Decimal(1234), "decimal"
    ),
    "decimal in fixed": Case(
        logical("fixed", "decimal", precision=6, scale=2, name="test.Price", size=4),
        b"\0\0\x04\xd2",
        "12.34",
        Decimal("12.34"),
        "decimal",
    ),
    "uuid in string": Case(logical("string", "uuid"), str(KEY), str(KEY), KEY, "uuid"),
    "uuid in fixed": Case(logical("fixed", "uuid", name="test.Key", size=16), KEY.bytes, str(KEY), KEY, "uuid"),
    # Not understood, so they are what they stand on.
    "uuid in a fixed of another size": Case(
        logical("fixed", "uuid", name="test.Key", size=3), b"abc", "abc", b"abc", "fixed"
    ),
    "duration": Case(
        logical("fixed", "duration", name="test.Span", size=12),
        b"0123456789ab",
        "0123456789ab",
        b"0123456789ab",
        "fixed",
    ),
    "a timestamp that is a string": Case(logical("string", "timestamp-millis"), "now", "now", "now", "string"),
    "unheard of": Case(logical("string", "colour"), "red", "red", "red", "string"),
}


def plain(kind: dict[str, Any]) -> dict[str, Any]:
    """The type without its logical type."""
    return {key: value for key, value in kind.items() if key not in ("logicalType", "precision", "scale")}


def read_as(reader: dict[str, Any], writer: dict[str, Any], datum: bytes) -> Any:
    """What a field's bytes decode to. The type of the bytes is the caller's, not what fastavro's writer makes of it."""
    under_test = decoder(reader)
    under_test.learn(SchemaKey("id", 1), json.dumps(record(field("value", writer))))
    return under_test.decode("leads", confluent(1, datum), None)


def written(case_type: dict[str, Any], value: object) -> bytes:
    return encode(record(field("value", plain(case_type))), {"value": value})


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("extra", [(), (EXTRA,)], ids=["as it stands", "resolved"])
@pytest.mark.parametrize("known", [True, False], ids=["same", "plain writer"])
def test_binary(case: Case, extra: tuple[dict[str, Any], ...], known: bool) -> None:
    """The value is the same whether the writer knew of the logical type or not, with and without resolution."""
    writer = case.type if known else plain(case.type)
    lead = read_as(record(field("value", case.type), *extra), writer, written(case.type, case.plain))
    assert lead["value"] == case.expected
    assert type(lead["value"]) is type(case.expected)


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_json(case: Case) -> None:
    """Natural JSON gives what binary does."""
    reader = ReaderSchema.parse(json.dumps(record(field("value", case.type))))
    lead = Decoder(reader, default=Format.JSON).decode("leads", json.dumps({"value": case.natural}).encode(), None)
    assert not isinstance(lead, SetAside), lead
    assert lead == {"value": case.expected}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_expressions_are_checked_against_what_a_lead_has(case: Case) -> None:
    """The static check takes the field for what decoding makes of it."""
    (shape,) = record_shape(record(field("value", case.type))).fields["value"]
    assert shape.kind == case.kind


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_default_is_a_value(case: Case) -> None:
    """A default, which stands in the schema as JSON, is what a lead has for the same value."""
    default = case.plain.decode("latin-1") if isinstance(case.plain, bytes) else case.plain
    result = resolve(
        record(field("id", "int")), record(field("id", "int"), field("new", case.type, default=default)), {"id": 1}
    )
    assert result == {"id": 1, "new": case.expected}
    assert type(result["new"]) is type(case.expected)


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        ("timestamp-micros", "timestamp-millis"),
        ("timestamp-millis", "timestamp-micros"),
        ("timestamp-nanos", "timestamp-millis"),
        ("timestamp-millis", "timestamp-nanos"),
        ("local-timestamp-nanos", "local-timestamp-micros"),
    ],
)
def test_units_of_time_may_differ(writer: str, reader: str) -> None:
    """The moment stays the writer's: the unit is a matter of encoding."""
    units = {"millis": 10**3, "micros": 10**6, "nanos": 10**9}[writer.rpartition("-")[2]]
    kind = logical("long", writer)
    lead = read_as(record(field("value", logical("long", reader))), kind, written(kind, units))
    assert lead["value"].replace(tzinfo=None) == dt.datetime(1970, 1, 1, 0, 0, 1)


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        (logical("int", "date"), logical("long", "timestamp-millis")),
        (logical("long", "timestamp-millis"), logical("long", "local-timestamp-millis")),
        (logical("int", "date"), logical("int", "time-millis")),
        (logical("string", "uuid"), logical("fixed", "uuid", name="K", size=16)),
    ],
)
def test_logical_types_that_mean_something_else_do_not_resolve(writer: dict[str, Any], reader: dict[str, Any]) -> None:
    """A date is no moment, a moment no wall time: a dead letter, not a wrong call."""
    result = read_as(record(field("value", reader)), writer, b"\0")
    assert isinstance(result, SetAside) and "cannot be read as" in result.message
