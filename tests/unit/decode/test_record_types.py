"""Several record types on a topic: each is read as the reader schema of its name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.leads.decode import Decoder, Format, ReaderSchema, SchemaError, SchemaKey
from connector.leads.outcome import Reason, SetAside
from connector.leads.writers import RecordLead
from tests.unit.decode.support import confluent, encode, field, record

LEAD = record(field("id", "string"), field("phone", "string"), name="leads.Lead")
ORDER = {
    **record(field("id", "string"), field("total", "double", default=0), name="shop.Order"),
    "aliases": ["Purchase"],
}
NOTE = record(field("id", "string"), field("ce", "string", default="-"), name="shop.Note")
A_LEAD = {"id": "1", "phone": "59899123456"}


def reader(schema: dict[str, Any]) -> ReaderSchema:
    return ReaderSchema.parse(json.dumps(schema))


def under_test(**options: Any) -> Decoder:
    return Decoder(reader(LEAD), others=(reader(ORDER), reader(NOTE)), **options)


def read(writer: object, datum: object) -> Any:
    """What a datum decodes to by way of a registry id."""
    decoder = under_test()
    decoder.learn(SchemaKey("id", 1), json.dumps(writer))
    return decoder.decode("leads", confluent(1, encode(json.dumps(writer), datum)), None)


def told(lead: Any) -> tuple[str, dict[str, object]]:
    assert isinstance(lead, RecordLead), lead
    return lead.record, dict(lead)


def named(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    return record(field("id", "string"), *fields, name=name)


@pytest.mark.parametrize(
    ("writer", "datum", "expected"),
    [
        (LEAD, A_LEAD, ("leads.Lead", A_LEAD)),
        (ORDER, {"id": "2", "total": 5.0}, ("shop.Order", {"id": "2", "total": 5.0})),
        (named("shop.Order", field("total", "int"), field("more", "int")), {"id": "2", "total": 5, "more": 1},
         ("shop.Order", {"id": "2", "total": 5.0})),
        (named("shop.Purchase"), {"id": "2"}, ("shop.Order", {"id": "2", "total": 0.0})),
        (named("old.Order"), {"id": "2"}, ("shop.Order", {"id": "2", "total": 0.0})),
        ([LEAD, ORDER], A_LEAD, ("leads.Lead", A_LEAD)),
        ([LEAD, ORDER], {"id": "2", "total": 1.5}, ("shop.Order", {"id": "2", "total": 1.5})),
    ],
)  # fmt: skip
def test_the_writers_name_decides(writer: object, datum: object, expected: object) -> None:
    """The full name, an alias, or the name in another namespace; in a union the branch of the datum."""
    assert told(read(writer, datum)) == expected


def test_a_type_that_is_not_read_is_set_aside() -> None:
    """By its name, with those that are read; in a union only the records of that branch."""
    fax = named("shop.Fax")
    refused = read(fax, {"id": "3"})
    assert isinstance(refused, SetAside) and refused.reason is Reason.INCOMPATIBLE_SCHEMA
    message = "is of the type shop.Fax, which is none of those that are read (leads.Lead, shop.Order, shop.Note)"
    assert refused.message == f"schema id 1 {message}"
    union = [{**fax, "fields": [field("fax", "string")]}, LEAD]
    assert told(read(union, A_LEAD))[0] == "leads.Lead"
    refused = read(union, {"fax": "3"})
    assert isinstance(refused, SetAside) and refused.reason is Reason.INCOMPATIBLE_SCHEMA
    assert refused.message == f"its branch of its writer's schema {message}"
    refused = read([fax, "null"], None)
    assert isinstance(refused, SetAside) and "has no branch that is read" in refused.message


def test_one_of_the_right_name_has_to_resolve() -> None:
    """The name decides first, so the reason names the field of that type and no other type is tried."""
    refused = read(named("leads.Lead"), {"id": "1"})
    assert isinstance(refused, SetAside)
    assert refused.message == (
        "schema id 1 does not resolve to leads.Lead: phone: the reader needs it, and the writer does not have it"
    )


def test_a_name_that_could_be_two_is_set_aside() -> None:
    """Nothing is guessed."""
    decoder = Decoder(reader(named("a.Lead")), others=(reader(named("b.Lead")),))
    for number, (name, record_name) in enumerate((("a.Lead", "a.Lead"), ("b.Lead", "b.Lead"), ("c.Lead", None))):
        decoder.learn(SchemaKey("id", number), json.dumps(named(name)))
        lead = decoder.decode("leads", confluent(number, b"\2x"), None)
        if record_name is not None:
            assert told(lead)[0] == record_name
        else:
            assert isinstance(lead, SetAside) and "which could be a.Lead or b.Lead" in lead.message


@pytest.mark.parametrize("datum", [b"", b"\6\2x", b"\1\2x", b"\xff" * 10, b"\x80" * 20])
def test_a_union_without_such_a_branch_is_undecodable(datum: bytes) -> None:
    """An index out of range, below nothing, or without end."""
    decoder = under_test()
    decoder.learn(SchemaKey("id", 1), json.dumps([LEAD, ORDER]))
    refused = decoder.decode("leads", confluent(1, datum or b"\x80"), None)
    assert isinstance(refused, SetAside) and refused.reason is Reason.UNDECODABLE


def test_bare_and_single_object() -> None:
    """A configured writer's name decides, and every reader schema is known by its fingerprint."""
    decoder = under_test(bare_writer=json.dumps(ORDER), formats={"bare": Format.BARE})
    assert told(decoder.decode("bare", encode(ORDER, {"id": "2", "total": 5.0}), None))[0] == "shop.Order"
    for schema, datum in ((LEAD, A_LEAD), (NOTE, {"id": "4", "ce": "x"})):
        value = b"\xc3\x01" + reader(schema).fingerprint + encode(schema, datum)
        assert told(decoder.decode("leads", value, None)) == (schema["name"], datum)
    with pytest.raises(SchemaError, match=r"bare writer schema: is of the type shop\.Fax"):
        under_test(bare_writer=json.dumps(named("shop.Fax")))


EVENT = [("ce_specversion", b"1.0"), ("ce_id", b"e"), ("ce_source", b"s")]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (A_LEAD, None, "leads.Lead"),
        ({"shop.Order": {"id": "2"}}, None, "shop.Order"),
        ({"id": "2"}, "shop.Order", "shop.Order"),
        ({"leads.Lead": A_LEAD}, "shop.Order", "leads.Lead"),
        (A_LEAD, "com.example.lead", "leads.Lead"),
    ],
)
def test_json_is_told_by_its_tag_or_its_envelope(value: object, kind: str | None, expected: str) -> None:
    """A tag as Avro's JSON encoding of a union has it, then the CloudEvent's type, else the first reader schema."""
    headers = None if kind is None else [*EVENT, ("ce_type", kind.encode())]
    assert told(under_test().decode("leads", json.dumps(value).encode(), headers))[0] == expected


def test_json_of_no_type_is_not_guessed() -> None:
    """What the first reader schema does not take is an invalid lead, also where another would take it."""
    refused = under_test().decode("leads", b'{"id": "2", "total": 5}', None)
    assert isinstance(refused, SetAside) and refused.reason is Reason.INVALID_LEAD
    assert refused.message == "phone: missing, expected string"


def test_the_envelopes_attributes_are_told_where_the_type_has_no_such_field() -> None:
    """One type's own field ``ce`` does not take the attributes from the others."""
    decoder = under_test()
    order = decoder.decode("leads", b'{"id": "2"}', [*EVENT, ("ce_type", b"shop.Order")])
    note = decoder.decode("leads", b'{"id": "2"}', [*EVENT, ("ce_type", b"shop.Note")])
    assert isinstance(order, dict) and isinstance(note, dict)
    assert order["ce"] == {"specversion": "1.0", "id": "e", "source": "s", "type": "shop.Order"}
    assert note["ce"] == "-"


def test_one_reader_schema_reads_what_resolves_whatever_its_name() -> None:
    """Without others nothing is told, and leads are plain."""
    decoder = Decoder(reader(LEAD))
    decoder.learn(SchemaKey("id", 1), json.dumps({**LEAD, "name": "x.Lead"}))
    assert type(decoder.decode("leads", confluent(1, encode(LEAD, A_LEAD)), None)) is dict


def test_two_reader_schemas_of_one_name_are_refused() -> None:
    """There would be no telling them apart."""
    with pytest.raises(SchemaError, match="same full name"):
        Decoder(reader(LEAD), others=(reader(LEAD),))
