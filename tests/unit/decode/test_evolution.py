"""Every way in which a writer's schema may differ from the reader's and still be read, and those in which it may not.

Source: Apache Avro 1.12 specification, "Schema Resolution" and "Aliases". Each case is run twice: as it stands, where
equal schemas are decoded without resolution, and with a field more in the reader, which makes resolution take place.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from connector.leads.decode import SchemaKey
from connector.leads.outcome import Reason, SetAside
from tests.unit.decode.support import READER_TEXT, confluent, decoder, encode, field, record, resolve

EXTRA = field("extra", "int", default=5)
NUMBER = 59_899_123_456


def enum(*symbols: str, name: str = "test.Colour", **more: object) -> dict[str, Any]:
    return {"type": "enum", "name": name, "symbols": list(symbols), **more}


def fixed(size: int, name: str = "test.Digest", **more: object) -> dict[str, Any]:
    return {"type": "fixed", "name": name, "size": size, **more}


def array(items: object) -> dict[str, Any]:
    return {"type": "array", "items": items}


def mapped(values: object) -> dict[str, Any]:
    return {"type": "map", "values": values}


def phone(*fields: dict[str, Any], name: str = "test.Phone", **more: object) -> dict[str, Any]:
    return {**record(*fields, name=name), **more}


class Change(NamedTuple):
    """A field's type as written and as read, a value, and what it is read as."""

    writer: object
    reader: object
    value: object
    expected: object


OLD_PHONE = phone(field("number", "string"))
NEW_PHONE = phone(field("number", "string"), field("kind", "string", default="mobile"))
A_PHONE = phone(field("extension", "int", default=1), name="a.Phone")
B_PHONE = phone(field("number", "string"), name="b.Phone")

COMPATIBLE: dict[str, Change] = {
    # promotions
    "int to long": Change("int", "long", 3, 3),
    "int to float": Change("int", "float", 3, 3.0),
    "int to double": Change("int", "double", 3, 3.0),
    "long to float": Change("long", "float", 3, 3.0),
    "long to double": Change("long", "double", 3, 3.0),
    "float to double": Change("float", "double", 0.5, 0.5),
    "string to bytes": Change("string", "bytes", "añ", "añ".encode()),
    "bytes to string": Change("bytes", "string", "añ".encode(), "añ"),
    # enums
    "symbol added by the writer": Change(enum("red", "blue"), enum("red", default="red"), "blue", "red"),
    "symbol added by the reader": Change(enum("red"), enum("blue", "red"), "red", "red"),
    "symbol added, and not used": Change(enum("red", "blue"), enum("red"), "red", "red"),
    "symbols in another order": Change(enum("red", "blue"), enum("blue", "red"), "blue", "blue"),
    "enum in a union": Change(["null", enum("red", "blue")], ["null", enum("red", default="red")], "blue", "red"),
    "enum renamed": Change(enum("red"), enum("red", name="test.Paint", aliases=["test.Colour"]), "red", "red"),
    # fixed
    "fixed": Change(fixed(2), fixed(2), b"ab", b"ab"),
    "fixed renamed": Change(fixed(2), fixed(2, "test.Hash", aliases=["Digest"]), b"ab", b"ab"),
    # unions
    "union widened": Change(["null", "string"], ["null", "string", "long"], "x", "x"),
    "into a union": Change("string", ["null", "string"], "x", "x"),
    "into a union by promotion": Change("int", ["null", "long"], 3, 3),
    "union narrowed, a value of what is left": Change(["null", "string", "long"], ["null", "string"], "x", "x"),
    "out of a union": Change(["null", "string"], "string", "x", "x"),
    "null in a union narrowed": Change(["null", "string", "long"], ["null", "string"], None, None),
    "union in another order": Change(["string", "null"], ["null", "string"], "x", "x"),
    "branch promoted": Change(["null", "int"], ["null", "double"], 3, 3.0),
    "the same type before one it could become": Change("long", ["null", "double", "long"], NUMBER, NUMBER),
    "the same, from a union": Change(["null", "long"], ["null", "double", "long"], NUMBER, NUMBER),
    "the nearest number": Change("int", ["null", "double", "long"], 3, 3),
    "text stays text": Change("string", ["null", "bytes", "string"], "x", "x"),
    "bytes stay bytes": Change(["null", "bytes"], ["null", "string", "bytes"], b"x", b"x"),
    "records of one name, the second": Change(B_PHONE, ["null", A_PHONE, B_PHONE], {"number": "1"}, {"number": "1"}),
    "records of one name, in a union": Change(
        ["null", B_PHONE], ["null", A_PHONE, B_PHONE], {"number": "1"}, {"number": "1"}
    ),
    # records inside
    "nested field added": Change(OLD_PHONE, NEW_PHONE, {"number": "1"}, {"number": "1", "kind": "mobile"}),
    "nested field removed": Change(NEW_PHONE, OLD_PHONE, {"number": "1", "kind": "home"}, {"number": "1"}),
    "nested in a union": Change(
        ["null", OLD_PHONE], ["null", NEW_PHONE], {"number": "1"}, {"number": "1", "kind": "mobile"}
    ),
    "nested in another namespace": Change(
        phone(field("number", "string"), name="old.Phone"),
        NEW_PHONE,
        {"number": "1"},
        {"number": "1", "kind": "mobile"},
    ),
    "nested record renamed": Change(
        phone(field("number", "string"), name="old.Tel"),
        phone(field("number", "string"), aliases=["old.Tel"]),
        {"number": "1"},
        {"number": "1"},
    ),
    "nested field renamed": Change(
        phone(field("tel", "string")),
        phone(field("number", "string", aliases=["tel"])),
        {"tel": "1"},
        {"number": "1"},
    ),
    "nested fields reordered": Change(
        phone(field("a", "int"), field("b", "string")),
        phone(field("b", "string"), field("a", "long")),
        {"a": 1, "b": "x"},
        {"b": "x", "a": 1},
    ),
    # items and values
    "items promoted": Change(array("int"), array("double"), [1, 2], [1.0, 2.0]),
    "items made nullable": Change(array("string"), array(["null", "string"]), ["x"], ["x"]),
    "items evolve": Change(array(NEW_PHONE), array(OLD_PHONE), [{"number": "1", "kind": "home"}], [{"number": "1"}]),
    "values promoted": Change(mapped("long"), mapped("float"), {"k": 3}, {"k": 3.0}),
    "values evolve": Change(
        mapped(OLD_PHONE), mapped(["null", NEW_PHONE]), {"k": {"number": "1"}}, {"k": {"number": "1", "kind": "mobile"}}
    ),
    "items of items": Change(array(array("int")), array(array("long")), [[1]], [[1]]),
}


@pytest.mark.parametrize("extra", [(), (EXTRA,)], ids=["as it stands", "resolved"])
@pytest.mark.parametrize("change", COMPATIBLE.values(), ids=COMPATIBLE.keys())
def test_a_compatible_change_is_read(change: Change, extra: tuple[dict[str, Any], ...]) -> None:
    """The value is the reader's, of the reader's type."""
    lead = resolve(
        record(field("value", change.writer)), record(field("value", change.reader), *extra), {"value": change.value}
    )
    assert lead == {"value": change.expected, **({"extra": 5} if extra else {})}
    assert type(lead["value"]) is type(change.expected)


@pytest.mark.parametrize("change", COMPATIBLE.values(), ids=COMPATIBLE.keys())
def test_what_the_reader_writes_itself_is_read_alike_with_and_without_resolution(change: Change) -> None:
    """The expected value, written with the reader's own schema, comes back on both paths."""
    ours = record(field("value", change.reader))
    without = resolve(ours, ours, {"value": change.expected})
    resolved = resolve(ours, record(*ours["fields"], EXTRA), {"value": change.expected})
    assert without == {"value": change.expected} and resolved == {**without, "extra": 5}
    assert type(without["value"]) is type(resolved["value"])


class Versions(NamedTuple):
    """Two versions of the whole record, a lead of each, and each lead as the other version reads it."""

    before: dict[str, Any]
    after: dict[str, Any]
    old: dict[str, Any]
    new: dict[str, Any]
    old_as_new: dict[str, Any]
    new_as_old: dict[str, Any]


A, B = field("a", "int"), field("b", "string", default="-")
OLD_ADDRESS = record(field("home", OLD_PHONE), field("work", ["null", "test.Phone"], default=None))
NEW_ADDRESS = record(field("home", NEW_PHONE), field("work", ["null", "test.Phone"], default=None))
EVOLUTIONS: dict[str, Versions] = {
    "field added": Versions(record(A), record(A, B), {"a": 1}, {"a": 1, "b": "x"}, {"a": 1, "b": "-"}, {"a": 1}),
    "field removed": Versions(record(A, B), record(A), {"a": 1, "b": "x"}, {"a": 1}, {"a": 1}, {"a": 1, "b": "-"}),
    "fields reordered": Versions(
        record(A, B), record(B, A), {"a": 1, "b": "x"}, {"a": 1, "b": "x"}, {"a": 1, "b": "x"}, {"a": 1, "b": "x"}
    ),
    "field renamed, each knows the other's name": Versions(
        record(field("b", "string", aliases=["c"])),
        record(field("c", "string", aliases=["b"])),
        {"b": "x"},
        {"c": "y"},
        {"c": "x"},
        {"b": "y"},
    ),
    "made nullable, with values": Versions(
        record(field("b", "string")),
        record(field("b", ["null", "string"], default=None)),
        {"b": "x"},
        {"b": "y"},
        {"b": "x"},
        {"b": "y"},
    ),
    "one type at two places": Versions(
        OLD_ADDRESS,
        NEW_ADDRESS,
        {"home": {"number": "1"}, "work": {"number": "2"}},
        {"home": {"number": "1", "kind": "h"}, "work": None},
        {"home": {"number": "1", "kind": "mobile"}, "work": {"number": "2", "kind": "mobile"}},
        {"home": {"number": "1"}, "work": None},
    ),
    "record renamed": Versions(
        {**record(A, name="old.Lead"), "aliases": ["test.Event"]},
        {**record(A, name="test.Event"), "aliases": ["old.Lead"]},
        {"a": 1},
        {"a": 2},
        {"a": 1},
        {"a": 2},
    ),
    "record in another namespace": Versions(
        record(A, name="old.Lead"), record(A, name="test.Lead"), {"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}
    ),
}


@pytest.mark.parametrize("versions", EVOLUTIONS.values(), ids=EVOLUTIONS.keys())
def test_versions_before_and_after_the_reader_are_read(versions: Versions) -> None:
    """An older writer with a newer reader, a newer writer with an older reader, and each with its own."""
    before, after = versions.before, versions.after
    assert resolve(before, after, versions.old) == versions.old_as_new
    assert resolve(after, before, versions.new) == versions.new_as_old
    assert resolve(before, before, versions.old) == versions.old
    assert resolve(after, after, versions.new) == versions.new


NEVER: dict[str, tuple[object, object, str]] = {
    "long to int": ("long", "int", "value: long cannot be read as int"),
    "double to float": ("double", "float", "value: double cannot be read as float"),
    "boolean to int": ("boolean", "int", "value: boolean cannot be read as int"),
    "string to long": ("string", "long", "value: string cannot be read as long"),
    "record to string": (OLD_PHONE, "string", "value: test.Phone cannot be read as string"),
    "map to record": (mapped("string"), OLD_PHONE, "value: map cannot be read as test.Phone"),
    "another name": (phone(name="test.Fax"), OLD_PHONE, "value: test.Fax cannot be read as test.Phone"),
    "no branch": ("boolean", ["null", "string"], "value: boolean is in no branch of null or string"),
    "no symbol": (enum("red"), enum("blue"), "value: test.Colour and test.Colour have no symbol in common"),
    "another size": (fixed(2), fixed(3), "value: test.Digest cannot be read as test.Digest"),
    "items": (array("string"), array("int"), "value: array cannot be read as array"),
    "a nested field without default": (
        phone(field("tel", "string")),
        OLD_PHONE,
        "value.number: the reader needs it, and the writer does not have it",
    ),
    "an enum to a record of its name": (enum("a", name="E"), phone(name="E"), "value: test.E cannot be read as test.E"),
}


@pytest.mark.parametrize("extra", [(), (EXTRA,)], ids=["as it stands", "resolved"])
@pytest.mark.parametrize(("writer", "reader", "message"), NEVER.values(), ids=NEVER.keys())
def test_an_incompatible_change_is_known_with_the_schema(
    writer: object, reader: object, message: str, extra: tuple[dict[str, Any], ...]
) -> None:
    """Whatever the bytes, the records end as dead letters that name the field."""
    under_test = decoder(record(field("value", reader), *extra))
    under_test.learn(SchemaKey("id", 1), json.dumps(record(field("value", writer))))
    refused = under_test.decode("leads", confluent(1, b"\2"), None)
    assert isinstance(refused, SetAside) and refused.reason is Reason.INCOMPATIBLE_SCHEMA
    assert refused.message == f"schema id 1 does not resolve to test.Lead: {message}"


BY_VALUE: dict[str, tuple[object, object, object]] = {
    "null where the reader wants text": (["null", "string"], "string", None),
    "a branch that the reader lacks": (["null", "string", "long"], ["null", "string"], 3),
    "a symbol that the reader lacks": (enum("red", "blue"), enum("red"), "blue"),
    "an item's branch": (array(["null", "string"]), array("string"), ["x", None]),
    "a record's branch": ([OLD_PHONE, phone(name="test.Fax")], [OLD_PHONE], {}),
}


@pytest.mark.parametrize("extra", [(), (EXTRA,)], ids=["as it stands", "resolved"])
@pytest.mark.parametrize(("writer", "reader", "value"), BY_VALUE.values(), ids=BY_VALUE.keys())
def test_an_incompatible_value_is_set_aside_alone(
    writer: object, reader: object, value: object, extra: tuple[dict[str, Any], ...]
) -> None:
    """Where only some values can be read, one that cannot is a dead letter."""
    refused = resolve(record(field("value", writer)), record(field("value", reader), *extra), {"value": value})
    assert isinstance(refused, SetAside) and refused.reason is Reason.INCOMPATIBLE_SCHEMA
    assert refused.message == "it uses a type or symbol of its writer's schema test.Lead that test.Lead lacks"


def test_a_branch_that_fails_half_way_leaves_nothing_behind() -> None:
    """A type that does not fit one branch is still read in full where it fits another."""
    theirs = phone(field("tel", "long"), field("kind", "string"), name="test.Tel")
    ours = phone(field("number", "double", aliases=["tel"]), field("country", "string"), aliases=["test.Tel"])
    same = phone(field("tel", "long"), field("kind", "string"), name="test.Tel")
    writer = record(field("first", ["null", theirs]), field("second", "test.Tel"))
    reader = record(field("first", ["null", ours], default=None), field("second", same))
    value = {"first": None, "second": {"tel": 7, "kind": "x"}}
    assert resolve(writer, reader, value) == value


def test_the_canonical_event_is_read_from_a_writer_of_the_next_version() -> None:
    """A version after the reader: a field added, an optional one gone, fields in another order, a type refined."""
    schema = json.loads(READER_TEXT)
    person = next(each["type"] for each in schema["fields"] if each["name"] == "person")
    person["fields"] = [each for each in person["fields"] if each["name"] != "locale"]
    person["fields"].insert(0, field("salutation", ["null", "string"], default=None))
    schema["fields"] = [field("score", "double"), *reversed(schema["fields"])]
    lead = {
        "eventId": "e-1",
        "occurredAt": 1_772_962_200_123,
        "source": {"platform": "google"},
        "person": {"salutation": "Dr.", "firstName": "Ana", "phones": ["+59899123456"]},
        "consent": [],
        "attributes": {},
        "score": 0.5,
    }
    under_test = decoder()
    under_test.learn(SchemaKey("id", 3), json.dumps(schema))
    read: Any = under_test.decode("leads", confluent(3, encode(schema, lead)), None)
    assert not isinstance(read, SetAside | SchemaKey)
    assert read["eventId"] == "e-1" and read["person"]["firstName"] == "Ana" and read["person"]["locale"] is None
    assert "score" not in read and "salutation" not in read["person"]
