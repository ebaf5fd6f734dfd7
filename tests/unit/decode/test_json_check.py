"""Natural JSON against the reader schema: what is taken, as what, and what is refused where."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from connector.leads.decode import Format
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from tests.unit.decode.support import LEAD, decoder, field, record

MILLIS = {"type": "long", "logicalType": "timestamp-millis"}
MICROS = {"type": "long", "logicalType": "timestamp-micros"}
LOCAL = {"type": "long", "logicalType": "local-timestamp-millis"}
DATE = {"type": "int", "logicalType": "date"}
TIME = {"type": "int", "logicalType": "time-millis"}
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}
ENUM = {"type": "enum", "name": "test.Colour", "symbols": ["red", "blue"]}
FIXED = {"type": "fixed", "name": "test.Two", "size": 2}
PERSON = record(field("name", "string", default=""), field("age", "int", default=0), name="test.Person")
FIRM = record(field("name", "string", default=""), field("site", "string", default=""), name="test.Firm")
CALL = record(field("at", "string"), name="test.Call")


def check(kind: object, value: str) -> Any:
    """What the JSON text ``value`` is as a field of the type."""
    result = decoder(record(field("value", kind))).decode("leads", f'{{"value": {value}}}'.encode(), None)
    return result["value"] if isinstance(result, dict) else result


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("null", "null", None),
        ("boolean", "true", True),
        ("int", "-2147483648", -(2**31)),
        ("long", "9223372036854775807", 2**63 - 1),
        ("double", "3", 3.0),
        ("float", "0.1", 0.10000000149011612),
        ("string", '"ñ"', "ñ"),
        ("bytes", '"\\u0000ÿ"', b"\x00\xff"),
        (FIXED, '"ab"', b"ab"),
        (ENUM, '"red"', "red"),
        ({**ENUM, "default": "blue"}, '"green"', "blue"),
        (MILLIS, "1772973000123", dt.datetime(2026, 3, 8, 12, 30, 0, 123_000, dt.UTC)),
        (MILLIS, '"2026-03-08T09:30:00.123999-03:00"', dt.datetime(2026, 3, 8, 12, 30, 0, 123_000, dt.UTC)),
        (MILLIS, '"2026-03-08t12:30:00z"', dt.datetime(2026, 3, 8, 12, 30, tzinfo=dt.UTC)),
        (MICROS, '"2026-03-08 12:30:00.123456Z"', dt.datetime(2026, 3, 8, 12, 30, 0, 123_456, dt.UTC)),
        (LOCAL, '"2026-03-08T09:30"', dt.datetime(2026, 3, 8, 9, 30)),
        (DATE, '"2026-03-08"', dt.date(2026, 3, 8)),
        (DATE, "-1", dt.date(1969, 12, 31)),
        (TIME, '"09:30:00.123999"', dt.time(9, 30, 0, 123_000)),
        (TIME, "1", dt.time(0, 0, 0, 1_000)),
        ({"type": "string", "logicalType": "uuid"}, f'"{UUID(int=7)}"', UUID(int=7)),
        (DECIMAL, '"12.3"', Decimal("12.30")),
        (DECIMAL, "12.34", Decimal("12.34")),
        (DECIMAL, "-7", Decimal("-7.00")),
        ({"type": "array", "items": "int"}, "[1, 2]", [1, 2]),
        ({"type": "map", "values": DATE}, '{"a": 0}', {"a": dt.date(1970, 1, 1)}),
    ],
)
def test_each_type_takes_its_natural_form(kind: object, value: str, expected: object) -> None:
    """A natural value of a type becomes what fastavro gives for it."""
    result = check(kind, value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("null", "0"),
        ("boolean", "1"),
        ("int", "2147483648"),
        ("int", "3.0"),
        ("int", "true"),
        ("int", '"3"'),
        ("long", "9223372036854775808"),
        ("double", '"1.0"'),
        ("double", "false"),
        ("float", "1e300"),
        ("string", "1"),
        ("string", "null"),
        ("bytes", '"Ā"'),
        (FIXED, '"abc"'),
        (ENUM, '"green"'),
        (ENUM, "[]"),
        (MILLIS, '"2026-03-08T09:30:00"'),
        (MILLIS, '"2026-03-08"'),
        (MILLIS, '"2026-13-08T09:30:00Z"'),
        (MILLIS, '"0001-01-01T00:00:00+10:00"'),
        (MILLIS, "9223372036854775807"),
        (MILLIS, "1.5"),
        (LOCAL, '"2026-03-08T09:30:00Z"'),
        (DATE, '"20260308"'),
        (DATE, "3000000"),
        (TIME, "86400000"),
        (TIME, "-1"),
        ({"type": "string", "logicalType": "uuid"}, '"7"'),
        (DECIMAL, '"1.234"'),
        (DECIMAL, '"123.45"'),
        (DECIMAL, '"NaN"'),
        (DECIMAL, '"1e9999"'),
        (DECIMAL, '"١٢"'),
        (DECIMAL, "true"),
        ({"type": "array", "items": "int"}, "{}"),
        ({"type": "map", "values": "int"}, "[]"),
        (PERSON, "[]"),
    ],
)
def test_each_type_refuses_the_rest(kind: object, value: str) -> None:
    """What is not of the type is an invalid lead, found in the check and not rounded or converted."""
    result = check(kind, value)
    assert isinstance(result, SetAside), result
    assert (result.outcome, result.stage, result.reason) == (Outcome.DEAD_LETTER, Stage.CHECK, Reason.INVALID_LEAD)
    assert result.message.startswith("value: expected ")


@pytest.mark.parametrize(
    ("branches", "value", "expected"),
    [
        (["null", "string"], '"x"', "x"),
        (["null", "string"], '{"string": "x"}', "x"),
        (["string", "null"], "null", None),
        (["null", PERSON], '{"test.Person": {"name": "x"}}', {"name": "x", "age": 0}),
        (["null", PERSON], '{"name": "x", "later": 1}', {"name": "x", "age": 0}),
        (["null", CALL], '{"test.Call": {"at": "x"}}', {"at": "x"}),
        ([MILLIS, CALL], "0", dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        ([MILLIS, CALL], '{"at": "x"}', {"at": "x"}),
        ([MILLIS, CALL], '{"long": 0}', dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        ([PERSON, FIRM], '{"name": "x", "site": "y"}', {"name": "x", "site": "y"}),
        ([PERSON, FIRM], '{"test.Firm": {"name": "x"}}', {"name": "x", "site": ""}),
        (["null", {"type": "map", "values": "string"}], '{"string": "x"}', {"string": "x"}),
        (["int", "double"], "1", 1),
        (["int", "double"], "1.5", 1.5),
    ],
)
def test_unions_are_matched_by_nature_and_by_tag(branches: list[Any], value: str, expected: object) -> None:
    """A union takes the branch that the value is of, untagged or with Avro's tag."""
    assert check(branches, value) == expected


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        ({"eventId": 7}, "eventId: expected string"),
        ({"eventId": None}, "eventId: expected string"),
        ({"source": {}}, "source.platform: missing, expected string"),
        ({"person": {"phones": ["1", 2]}}, "person.phones[1]: expected string"),
        ({"consent": [{"purpose": "call"}]}, "consent[0].granted: missing, expected boolean"),
        ({"schedule": {"at": {"local": "2026"}}}, "schedule.at.timezone: missing, expected string"),
        ({"schedule": {"at": True}}, "schedule.at: expected long or leads.WallTime"),
        ({"attributes": {"Ana Peña": 1}}, "attributes[*]: expected string"),
        ({"priority": 2**31}, "priority: expected int (32-bit integer)"),
        ({"person": "Ana Peña"}, "person: expected leads.Person (object)"),
    ],
)
def test_a_message_leads_to_the_field_and_never_quotes_it(spoil: dict[str, Any], message: str) -> None:
    """The reason names the path and the type expected there; values and map keys, which are personal, are not in it."""
    result = decoder(default=Format.JSON).decode("leads", json.dumps({**LEAD, **spoil}).encode(), None)
    assert isinstance(result, SetAside) and result.reason is Reason.INVALID_LEAD
    assert result.message == message


@pytest.mark.parametrize("value", [b"[1]", b"3", b'"x"', b"null"])
def test_a_lead_has_to_be_an_object(value: bytes) -> None:
    """JSON that is no object is an invalid lead."""
    result = decoder(default=Format.JSON).decode("leads", value, None)
    assert isinstance(result, SetAside) and result.reason is Reason.INVALID_LEAD
    assert result.message == "the record: expected leads.LeadEvent (object)"


@pytest.mark.parametrize(
    "value", [b"", b"{", b'{"eventId": NaN}', b'{"a": 1} x', b'{"a": "\xff"}', b'{"a": "\\ud800"}']
)
def test_what_is_not_json_is_undecodable(value: bytes) -> None:
    """Bytes that are not JSON (NaN and broken text are not) do not decode."""
    result = decoder(default=Format.JSON).decode("leads", value, None)
    assert isinstance(result, SetAside) and result.reason is Reason.UNDECODABLE


def test_absent_fields_take_their_default_and_old_names_are_read() -> None:
    """A field that is absent is its default as a value; an alias is another name for it."""
    schema = record(field("at", MILLIS, default=0), field("number", "string", aliases=["phone"]))
    assert decoder(schema).decode("leads", b'{"phone": "1"}', None) == {
        "at": dt.datetime(1970, 1, 1, tzinfo=dt.UTC),
        "number": "1",
    }
