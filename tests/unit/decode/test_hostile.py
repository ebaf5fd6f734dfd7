"""Bytes and schemas made to hurt: they end as a reason, soon, and never in an exception or worse."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from connector.leads.avro_schema import MAX_DEPTH, MAX_NODES, parse_schema
from connector.leads.decode import MAX_MESSAGE, Decoder, Format, ReaderSchema, SchemaError, SchemaKey
from connector.leads.outcome import Reason, SetAside
from tests.unit.decode.support import LEAD, READER_TEXT, V1_TEXT, confluent, decoder, encode, field, record, varint

SOON = 2.0
"""Seconds. What is caught here would take minutes to for ever."""

DECIMAL = {"type": "bytes", "logicalType": "decimal", "precision": 4, "scale": 2}


def bare(kind: object) -> Decoder:
    """Reads ``{"value": kind}`` as bare Avro."""
    schema = json.dumps(record(field("value", kind)))
    return Decoder(ReaderSchema.parse(schema), bare_writer=schema, default=Format.BARE)


@pytest.mark.parametrize(
    ("kind", "datum"),
    [
        ("string", varint(2**40) + b"abc"),
        ("string", varint(2**63 - 1) + b"abc"),
        ("string", varint(-1) + b"abc"),
        ("string", varint(2) + b"\xff\xfe"),
        ("bytes", b"\xff" * 1000 + b"\x01"),
        ("long", b"\xff" * 10),
        ("long", b""),
        ("int", varint(2**31)),
        ("int", varint(-(2**31) - 1)),
        (["null", "int"], varint(1) + varint(2**40)),
        ({"type": "array", "items": "int"}, varint(1) + varint(2**40) + varint(0)),
        ("double", b"\0\0\0"),
        ("boolean", b""),
        (["null", "string"], varint(5)),
        ({"type": "enum", "name": "E", "symbols": ["a"]}, varint(9)),
        ({"type": "fixed", "name": "F", "size": 2**62}, b"abc"),
        ({"type": "array", "items": "string"}, varint(2**40)),
        ({"type": "array", "items": "int"}, varint(-(2**63)) + varint(0)),
        ({"type": "map", "values": "null"}, varint(2**40) + varint(0)),
        ({"type": "long", "logicalType": "timestamp-millis"}, varint(2**62)),
        ({"type": "long", "logicalType": "timestamp-micros"}, varint(-(2**62))),
        ({"type": "int", "logicalType": "date"}, varint(2**31 - 1)),
        ({"type": "int", "logicalType": "time-millis"}, varint(2**31 - 1)),
        ({"type": "int", "logicalType": "time-millis"}, varint(-1)),
        ({"type": "int", "logicalType": "time-millis"}, varint(86_400_000)),
        ({"type": "long", "logicalType": "time-micros"}, varint(-1)),
        ({"type": "string", "logicalType": "uuid"}, varint(3) + b"abc"),
        (DECIMAL, varint(100) + b"\x7f" * 100),
        (DECIMAL, varint(1_000_000) + b"\x7f" * 1_000_000),
        (DECIMAL, varint(2) + b"\x7f\xff"),
    ],
)
def test_hostile_lengths_and_values_are_undecodable(kind: object, datum: bytes) -> None:
    """A length, count, index or value beyond reason ends as undecodable, at once."""
    started = time.monotonic()
    result = bare(kind).decode("leads", datum, None)
    assert isinstance(result, SetAside), result
    assert result.reason is Reason.UNDECODABLE
    assert time.monotonic() - started < SOON


def test_bytes_left_over_are_undecodable() -> None:
    """A datum that decodes and leaves bytes behind was written with another schema."""
    under_test = decoder(default=Format.BARE, bare_writer=READER_TEXT)
    datum = encode(READER_TEXT, LEAD)
    assert isinstance(under_test.decode("leads", datum, None), dict)
    result = under_test.decode("leads", datum + b"\0", None)
    assert isinstance(result, SetAside) and result.reason is Reason.UNDECODABLE
    assert "1 bytes are left over" in result.message


def test_a_lead_cut_short_anywhere_is_undecodable() -> None:
    """No prefix of a lead passes for a lead, in either version."""
    for text in (READER_TEXT, V1_TEXT):
        under_test = decoder(default=Format.BARE, bare_writer=text)
        datum = encode(text, LEAD)
        for length in range(len(datum)):
            result = under_test.decode("leads", datum[:length], None)
            assert isinstance(result, SetAside) and result.reason is Reason.UNDECODABLE, length


def test_no_message_quotes_the_lead() -> None:
    """What a reason says of bytes that do not decode holds nothing of them."""
    under_test = decoder(default=Format.BARE, bare_writer=READER_TEXT)
    for spoilt in (encode(READER_TEXT, LEAD)[:-1], encode(READER_TEXT, LEAD).replace(b"Ana", b"An\xff")):
        result = under_test.decode("leads", spoilt, None)
        assert isinstance(result, SetAside)
        assert not any(word in result.message for word in ("Ana", "An", "Peña", "+598", "google"))


LINKED: dict[str, Any] = record(field("next", ["null", "test.Lead"]))
WIDE: list[dict[str, Any]] = [record(field("a", "null"), name="test.N0")]
for level in range(1, 40):
    WIDE.append(record(field("a", WIDE[-1]), field("b", f"test.N{level - 1}"), name=f"test.N{level}"))
NESTED: Any = "string"
for _ in range(MAX_DEPTH + 1):
    NESTED = {"type": "array", "items": NESTED}


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        (LINKED, "contains itself"),
        (record(field("me", "test.Lead")), "contains itself"),
        (record(field("a", {"type": "array", "items": "test.Lead"})), "contains itself"),
        (record(field("a", {"type": "array", "items": "null"})), "take no bytes"),
        (record(field("a", {"type": "array", "items": record(name="test.Empty")})), "take no bytes"),
        (record(field("a", {"type": "array", "items": record(field("n", "null"), name="test.E")})), "take no bytes"),
        (record(field("a", {"type": "array", "items": {"type": "fixed", "name": "F", "size": 0}})), "take no bytes"),
        (record(field("a", WIDE[-1])), f"more than {MAX_NODES} types"),
        (record(field("a", NESTED)), "deep"),
        (record(field("a", {**DECIMAL, "precision": 10**9})), "precision"),
        (record(field("a", {"type": "bytes", "logicalType": "decimal"})), "precision"),
        (record(field("a", "int"), field("a", "int")), "same name"),
        (record(field("a", ["int", "int"])), "same type"),
        (record(field("a", {"type": "fixed", "name": "F", "size": "x"})), "size"),
        (record({"name": 1, "type": "int"}), "no name"),
        (record(field("a", "int"), name="string"), "built-in"),
        (record(field("a", {**DECIMAL, "logicalType": "lead-connector-decimal"})), "own"),
    ],
)
def test_a_schema_that_invites_abuse_is_refused(schema: dict[str, Any], message: str) -> None:
    """Schemas with which few bytes cost the process, much time or much memory are refused when they are parsed."""
    started = time.monotonic()
    with pytest.raises(SchemaError, match=message):
        parse_schema(json.dumps(schema))
    assert time.monotonic() - started < SOON


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ("nonsense", "JSON"),
        ('"string"', "record"),
        (json.dumps({"type": "array", "items": "string"}), "record"),
        (json.dumps(record(field("a", DECIMAL, default="much"))), "test.Lead.a"),
        (
            json.dumps(record(field("a", {"type": "long", "logicalType": "timestamp-millis"}, default=10**18))),
            "test.Lead.a",
        ),
        (json.dumps(record(field("a", {"type": "array", "items": "int"}, default=["x"]))), "test.Lead.a"),
        (json.dumps(record(field("a", DECIMAL, default="\u007f\u00ff"))), "test.Lead.a"),
        (
            json.dumps(record(field("a", record(field("b", DECIMAL, default="0"), name="B"), default={"b": "much"}))),
            "test.Lead.a",
        ),
    ],
)
def test_an_unusable_reader_schema_is_refused(schema: str, message: str) -> None:
    """The reader schema has to be a record whose defaults fit their fields; the message says what is wrong."""
    with pytest.raises(SchemaError, match=message):
        ReaderSchema.parse(schema)


def test_json_that_nests_without_end_is_undecodable() -> None:
    """Deep JSON ends as a reason, in a known field as in one that is ignored."""
    deep = b"[" * 100_000
    for field_name in (b"eventId", b"unknown"):
        result = decoder().decode("leads", b'{"' + field_name + b'": ' + deep, None)
        assert isinstance(result, SetAside) and result.reason is Reason.UNDECODABLE


def test_a_confluent_frame_of_rubbish_is_undecodable() -> None:
    """A known id before bytes of something else is undecodable, with the schema's name."""
    under_test = decoder()
    under_test.learn(SchemaKey("id", 1), READER_TEXT)
    result = under_test.decode("leads", confluent(1, b"\xff" * 300), None)
    assert isinstance(result, SetAside) and result.reason is Reason.UNDECODABLE
    assert "leads.LeadEvent" in result.message


def test_names_of_a_schema_make_no_long_reasons() -> None:
    """Of a schema that is refused, of the record that does not decode with it, and of JSON that does not fit."""
    name = "N" * 100_000
    long = json.dumps(record(field("value", "string", default=""), name=name))
    under_test = decoder(record(field("value", {"type": "enum", "name": name, "symbols": ["a"]})))
    under_test.learn(SchemaKey("id", 1), json.dumps(record(field("value", {"type": "fixed", "name": name, "size": 1}))))
    under_test.learn(SchemaKey("id", 2), long.replace('"string"', f'"{name * 2}"'))
    own = decoder(long)
    own.learn(SchemaKey("id", 1), long)
    results = [under_test.decode("leads", confluent(number, b""), None) for number in (1, 2)]
    results += [under_test.decode("leads", b'{"value": "b"}', None), own.decode("leads", confluent(1, b"\xff"), None)]
    for result in results:
        assert isinstance(result, SetAside) and len(result.message) <= MAX_MESSAGE
