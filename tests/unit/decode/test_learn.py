"""What the decoder remembers of writers' schemas, and what becomes of records whose schema is of no use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.leads.decode import MAX_UNKNOWN, SchemaError, SchemaKey
from connector.leads.outcome import Reason, SetAside
from tests.unit.decode.support import (
    LEAD,
    READER_TEXT,
    V1_TEXT,
    confluent,
    decoder,
    encode,
    field,
    record,
    reference,
)

KEY = SchemaKey("id", 9)
VALUE = confluent(9, encode(READER_TEXT, LEAD))


def test_an_id_that_the_registry_lacks_is_an_unknown_schema_until_forgotten() -> None:
    """Learning None sets the id's records aside; after forget_unknown the id is asked for again."""
    under_test = decoder()
    under_test.learn(KEY, None)
    result = under_test.decode("leads", VALUE, None)
    assert isinstance(result, SetAside) and result.reason is Reason.UNKNOWN_SCHEMA
    assert "id 9" in result.message
    under_test.forget_unknown([KEY])
    assert under_test.decode("leads", VALUE, None) == KEY
    under_test.learn(KEY, None)
    under_test.forget_unknown()
    assert under_test.decode("leads", VALUE, None) == KEY


def test_unknown_ids_take_bounded_memory_and_known_ones_stay() -> None:
    """Of more unknown ids than the bound the oldest is asked for again; a learnt schema is never forgotten."""
    under_test = decoder()
    under_test.learn(KEY, READER_TEXT)
    for number in range(100, 101 + MAX_UNKNOWN):
        under_test.learn(SchemaKey("id", number), None)
    assert under_test.decode("leads", confluent(100, b"\2"), None) == SchemaKey("id", 100)
    assert isinstance(under_test.decode("leads", confluent(101, b"\2"), None), SetAside)
    assert under_test.decode("leads", VALUE, None) == reference(READER_TEXT, LEAD)


def test_an_unknown_id_can_be_learnt_later() -> None:
    """A schema that was registered after the first look-up is used."""
    under_test = decoder()
    under_test.learn(KEY, None)
    under_test.learn(KEY, READER_TEXT)
    assert under_test.decode("leads", VALUE, None) == reference(READER_TEXT, LEAD)


@pytest.mark.parametrize(
    "text",
    ["", "{", "null", "3", '"nonsense"', '{"type": "object"}', '{"type": "record"}', 'syntax = "proto3";', "[" * 5000],
)
def test_a_registered_schema_that_is_not_avro_is_incompatible(text: str) -> None:
    """JSON Schema, Protobuf or rubbish under an id sets its records aside with the id, whatever the bytes."""
    under_test = decoder()
    under_test.learn(KEY, text)
    result = under_test.decode("leads", VALUE, None)
    assert isinstance(result, SetAside) and result.reason is Reason.INCOMPATIBLE_SCHEMA
    assert "id 9" in result.message


@pytest.mark.parametrize("kind", ["XML", "ЯML" * 1000, "jsön\n"])
def test_a_language_that_nobody_knows_is_named_and_bounded(kind: str) -> None:
    """Whatever a registry calls its schemas, the message is short and of plain characters."""
    under_test = decoder()
    under_test.learn(KEY, READER_TEXT, (), kind)
    result = under_test.decode("leads", VALUE, None)
    assert isinstance(result, SetAside) and result.reason is Reason.INCOMPATIBLE_SCHEMA
    assert "id 9 is not an Avro schema" in result.message
    assert result.message.isascii() and result.message.isprintable() and len(result.message) < 300


def test_avro_is_avro_in_any_case() -> None:
    """As some registries write it."""
    under_test = decoder()
    under_test.learn(KEY, READER_TEXT, (), "avro")
    assert under_test.decode("leads", VALUE, None) == reference(READER_TEXT, LEAD)


@pytest.mark.parametrize(
    ("writer", "place"),
    [
        ('"string"', "string cannot be read as leads.LeadEvent"),
        (json.dumps(record(name="shop.Order")), "shop.Order cannot be read as leads.LeadEvent"),
        (json.dumps(record(field("eventId", "string"), name="x.LeadEvent")), "occurredAt: the reader needs it"),
        (
            V1_TEXT.replace('"name": "granted",\n              "type": "boolean"', '"name": "granted", "type": "int"'),
            "granted",
        ),
    ],
)
def test_a_writer_that_does_not_resolve_is_incompatible_whatever_the_data(writer: str, place: str) -> None:
    """That a schema cannot be read is known when it is learnt, and the message leads to the field."""
    under_test = decoder()
    under_test.learn(KEY, writer)
    result = under_test.decode("leads", confluent(9, b"\xff"), None)
    assert isinstance(result, SetAside) and result.reason is Reason.INCOMPATIBLE_SCHEMA
    assert place in result.message


def test_references_are_resolved() -> None:
    """A schema in parts, as the registry has them with references, decodes like the whole."""
    whole: dict[str, Any] = json.loads(READER_TEXT)
    parts: list[tuple[str, str]] = []
    for part in whole["fields"]:
        if part["name"] in ("source", "person"):
            part["type"]["namespace"] = "leads"
            parts.append((f"leads.{part['type']['name']}", json.dumps(part["type"])))
            part["type"] = part["type"]["name"]
    under_test = decoder()
    under_test.learn(KEY, json.dumps(whole), parts)
    assert under_test.decode("leads", VALUE, None) == reference(READER_TEXT, LEAD)


def test_a_union_of_references_tells_record_types_apart() -> None:
    """Several record types registered as one union: the lead is read, another type is set aside as incompatible."""
    order = record(field("number", "long"), name="shop.Order")
    under_test = decoder()
    under_test.learn(KEY, '["shop.Order", "leads.LeadEvent"]', [("shop.Order", json.dumps(order)), ("l", READER_TEXT)])
    lead = under_test.decode("leads", confluent(9, b"\2" + encode(READER_TEXT, LEAD)), None)
    assert lead == reference(READER_TEXT, LEAD)
    other = under_test.decode("leads", confluent(9, b"\0" + encode(order, {"number": 7})), None)
    assert isinstance(other, SetAside) and other.reason is Reason.INCOMPATIBLE_SCHEMA


def test_configured_writers_have_to_resolve() -> None:
    """A bare or single-object writer that cannot be read as the reader schema is refused at once."""
    stranger = json.dumps(record(name="shop.Order"))
    with pytest.raises(SchemaError, match="bare writer"):
        decoder(bare_writer=stranger)
    with pytest.raises(SchemaError, match="single-object"):
        decoder(single_object_writers=[stranger])
