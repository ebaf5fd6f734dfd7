"""Reading one schema's data as another's: types, defaults, names."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from connector.leads.decode import SchemaKey
from connector.leads.outcome import Reason, SetAside
from connector.leads.writers import Writer
from tests.unit.decode.support import confluent, decoder, field, record, resolve, timestamp

MOMENT = dt.datetime(2026, 3, 8, 12, 30, 0, 123_000, dt.UTC)
MILLIS = 1_772_973_000_123
DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}
EXTRA = field("extra", "int", default=5)  # makes the reader differ from the writer, so that resolution takes place


@pytest.mark.parametrize(
    ("writer", "reader", "datum", "expected"),
    [
        ("long", timestamp(), MILLIS, MOMENT),
        ("int", timestamp(), 0, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        (timestamp(), "long", MOMENT, MILLIS),
        (timestamp("micros"), timestamp(), MOMENT, MOMENT),
        ({"type": "string", "logicalType": "uuid"}, "string", UUID(int=7), str(UUID(int=7))),
        ("string", {"type": "string", "logicalType": "uuid"}, str(UUID(int=7)), UUID(int=7)),
        ("bytes", DECIMAL, b"\x04\xd2", Decimal("12.34")),
        (DECIMAL, DECIMAL, Decimal("12.34"), Decimal("12.34")),
        (["null", "long"], ["null", timestamp()], MILLIS, MOMENT),
        ({"type": "array", "items": "long"}, {"type": "array", "items": timestamp()}, [MILLIS], [MOMENT]),
        (
            {"type": "map", "values": "long"},
            {"type": "map", "values": ["null", timestamp()]},
            {"a": MILLIS},
            {"a": MOMENT},
        ),
        ("int", "double", 3, 3.0),
        ("string", ["null", "string"], "x", "x"),
        (["null", "string"], "string", "x", "x"),
        ({"type": "long", "logicalType": "nonsense"}, "long", 3, 3),
    ],
)
@pytest.mark.parametrize("extra", [(), (EXTRA,)], ids=["same", "evolved"])
def test_a_value_has_the_readers_type(
    writer: object, reader: object, datum: object, expected: object, extra: tuple[dict[str, Any], ...]
) -> None:
    """Whatever logical types the writer has, the lead has the reader's."""
    result = resolve(record(field("value", writer)), record(field("value", reader), *extra), {"value": datum})
    assert result == {"value": expected, **{each["name"]: each["default"] for each in extra}}
    assert type(result["value"]) is type(expected)


@pytest.mark.parametrize(
    ("kind", "default", "expected"),
    [
        (timestamp(), 0, dt.datetime(1970, 1, 1, tzinfo=dt.UTC)),
        ({"type": "int", "logicalType": "date"}, 1, dt.date(1970, 1, 2)),
        ("bytes", "\u00ff", b"\xff"),
        (DECIMAL, "1.5", Decimal("1.50")),
        (DECIMAL, "\u0000", Decimal("0.00")),
        (["null", DECIMAL], None, None),
        (
            record(field("inner", DECIMAL, default="\u0001"), field("when", timestamp(), default=0), name="test.Inner"),
            {"inner": "\u0004\u00d2"},
            {"inner": Decimal("12.34"), "when": dt.datetime(1970, 1, 1, tzinfo=dt.UTC)},
        ),
        (["null", timestamp()], None, None),
        (
            record(field("inner", timestamp(), default=0), name="test.Inner"),
            {},
            {"inner": dt.datetime(1970, 1, 1, tzinfo=dt.UTC)},
        ),
        ({"type": "array", "items": "string"}, [], []),
        ("double", 1, 1.0),
    ],
)
def test_a_default_has_the_type_of_a_value(kind: object, default: object, expected: object) -> None:
    """A field that the writer lacks holds the same kind of value as one that it has, not the schema's JSON."""
    result = resolve(
        record(field("id", "int")), record(field("id", "int"), field("new", kind, default=default)), {"id": 1}
    )
    assert result == {"id": 1, "new": expected}
    assert type(result["new"]) is type(expected)


def test_renamed_fields_and_types_are_found_by_alias() -> None:
    """A field or record that the reader renamed is read under its new name."""
    writer = record(field("phone", "string"), name="old.Contact")
    reader = {**record(field("number", "string", aliases=["phone"]), name="test.Lead"), "aliases": ["old.Contact"]}
    assert resolve(writer, reader, {"phone": "1"}) == {"number": "1"}


def test_a_writer_with_both_the_old_and_the_new_name() -> None:
    """While producers rename a field they write both; the new one counts and the old one is skipped."""
    writer = record(field("phone", "string"), field("number", "string"), field("id", "int"))
    reader = record(field("number", "string", aliases=["phone"]), field("id", "int"))
    assert resolve(writer, reader, {"phone": "old", "number": "new", "id": 4}) == {"number": "new", "id": 4}


def test_a_field_that_the_reader_lacks_is_skipped() -> None:
    """A newer writer's fields, of any type, do not disturb."""
    inner = record(field("deep", {"type": "map", "values": "double"}), name="test.More")
    writer = record(field("a", "int"), field("more", {"type": "array", "items": inner}), field("b", "string"))
    reader = record(field("b", "string"), field("a", "long"))
    assert resolve(writer, reader, {"a": 1, "more": [{"deep": {"x": 1.0}}], "b": "y"}) == {"a": 1, "b": "y"}


def test_what_only_the_datum_can_tell_is_told_by_the_datum() -> None:
    """A union's branch or an enum's symbol that the reader lacks sets aside the records that use it, and only those."""
    writer = record(field("value", ["null", "string", timestamp()]))
    reader = record(field("value", ["null", "string", {"type": "long", "logicalType": "local-timestamp-millis"}]))
    assert resolve(writer, reader, {"value": "x"}) == {"value": "x"}
    refused = resolve(writer, reader, {"value": MOMENT})
    assert isinstance(refused, SetAside) and refused.reason is Reason.INCOMPATIBLE_SCHEMA
    colours = {"type": "enum", "name": "test.Colour", "symbols": ["red", "blue"]}
    only_red = {**colours, "symbols": ["red"]}
    assert resolve(record(field("c", colours)), record(field("c", only_red)), {"c": "red"}) == {"c": "red"}
    refused = resolve(record(field("c", colours)), record(field("c", only_red)), {"c": "blue"})
    assert isinstance(refused, SetAside) and refused.reason is Reason.INCOMPATIBLE_SCHEMA
    forgiving = {**only_red, "default": "red"}
    assert resolve(record(field("c", colours)), record(field("c", forgiving)), {"c": "blue"}) == {"c": "red"}
    strangers = {**colours, "symbols": ["green", "grey"]}
    assert resolve(record(field("c", strangers)), record(field("c", forgiving)), {"c": "grey"}) == {"c": "red"}


@pytest.mark.parametrize(
    ("writer", "reader"),
    [
        (timestamp(), {"type": "long", "logicalType": "local-timestamp-millis"}),
        ("string", "int"),
        ("long", "int"),
        ("double", timestamp()),
        (["null", "string"], "int"),
        ({"type": "array", "items": "string"}, {"type": "array", "items": "int"}),
        ({"type": "fixed", "name": "F", "size": 2}, {"type": "fixed", "name": "F", "size": 3}),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, {"type": "enum", "name": "E", "symbols": ["b"]}),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, record(name="E")),
    ],
)
def test_types_that_do_not_resolve_are_refused_with_their_place(writer: object, reader: object) -> None:
    """A writer of which nothing could be read is known before the first datum; the message names the field."""
    under_test = decoder(record(field("value", reader)))
    under_test.learn(SchemaKey("id", 1), json.dumps(record(field("value", writer))))
    refused = under_test.decode("leads", confluent(1, b"\0"), None)
    assert isinstance(refused, SetAside) and refused.reason is Reason.INCOMPATIBLE_SCHEMA
    assert "value:" in refused.message


def test_one_named_type_at_several_places() -> None:
    """A type that is defined once and referred to later resolves at every place, logical types included."""
    address = record(field("since", "long"), name="test.Address")
    ours = record(field("since", timestamp()), field("city", "string", default=""), name="test.Address")
    writer = record(field("home", address), field("work", ["null", "test.Address"]))
    reader = record(field("home", ours), field("work", ["null", "test.Address"]))
    result = resolve(writer, reader, {"home": {"since": MILLIS}, "work": {"since": MILLIS}})
    assert result == {"home": {"since": MOMENT, "city": ""}, "work": {"since": MOMENT, "city": ""}}


def test_a_field_is_not_taken_for_another_by_an_alias_of_its_own_name() -> None:
    """A reader's field that the writer has by name is not read a second time by another field's alias."""
    writer = record(field("at", "long"))
    reader = record(field("at", timestamp()), field("when", "long", aliases=["at"], default=0))
    assert resolve(writer, reader, {"at": MILLIS}) == {"at": MOMENT, "when": 0}


def test_one_type_is_read_as_two_where_the_reader_has_two() -> None:
    """A writer's type is read at each place as the reader's type there; neither gets the other's values."""
    writer = record(field("home", record(field("since", "long"), name="test.Address")), field("work", "test.Address"))
    home = {**record(field("since", "long"), name="test.Home"), "aliases": ["test.Address"]}
    work = {**record(field("since", timestamp()), name="test.Work"), "aliases": ["test.Address"]}
    lead = resolve(
        writer, record(field("home", home), field("work", work)), {"home": {"since": 0}, "work": {"since": MILLIS}}
    )
    assert lead == {"home": {"since": 0}, "work": {"since": MOMENT}}


def test_a_writer_that_differs_in_words_only_is_not_resolved() -> None:
    """Documentation, defaults and aliases do not change a datum, so such a schema is decoded at full speed."""
    plain = record(field("a", "int"), field("b", ["null", "string"], default=None))
    wordy = {
        **record(field("a", "int", doc="x", default=1), field("b", ["null", "string"])),
        "doc": "y",
        "aliases": ["Z"],
    }
    longer = record(*plain["fields"], field("c", "int"))
    under_test = decoder(plain)
    for number, (writer, resolved) in enumerate([(plain, False), (wordy, False), (longer, True)]):
        under_test.learn(SchemaKey("id", number), json.dumps(writer))
        learnt = under_test._learnt[number]
        assert isinstance(learnt, Writer)
        assert (learnt.reader is not None) == resolved
