"""Which format a value is taken for, and what of it is read."""

from __future__ import annotations

import json
import uuid

import pytest
from confluent_kafka.schema_registry import header_schema_id_serializer, prefix_schema_id_serializer
from confluent_kafka.schema_registry.common.serde import SchemaId
from confluent_kafka.serialization import MessageField, SerializationContext

from connector.leads.decode import Decoder, Format, SchemaError, SchemaKey
from connector.leads.framing import VALUE_SCHEMA_HEADER
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from tests.unit.decode.support import (
    LEAD,
    READER,
    READER_TEXT,
    V1_TEXT,
    confluent,
    decoder,
    encode,
    field,
    record,
    reference,
)

DATUM = encode(READER_TEXT, LEAD)
EXPECTED = reference(READER_TEXT, LEAD)
GUID = "0f1e2d3c-4b5a-4697-8877-665544332211"


def reason(result: object) -> Reason:
    assert isinstance(result, SetAside), result
    return result.reason


def test_a_tombstone_is_filtered() -> None:
    """A record without a value ends as filtered, not as a dead letter."""
    result = decoder().decode("leads", None, None)
    assert isinstance(result, SetAside)
    assert (result.outcome, result.stage, result.reason) == (Outcome.FILTERED, Stage.DECODE, Reason.TOMBSTONE)


@pytest.mark.parametrize("form", [Format.AUTO, Format.CONFLUENT])
def test_confluent_prefix_as_their_serializer_writes_it(form: Format) -> None:
    """The id that confluent-kafka puts before the datum is asked for, then used."""
    under_test = decoder(default=form)
    value = prefix_schema_id_serializer(DATUM, None, SchemaId("AVRO", schema_id=70_000))
    assert under_test.decode("leads", value, None) == SchemaKey("id", 70_000)
    under_test.learn(SchemaKey("id", 70_000), READER_TEXT)
    assert under_test.decode("leads", value, None) == EXPECTED


@pytest.mark.parametrize("form", [Format.AUTO, Format.CONFLUENT])
def test_confluent_guid_header_as_their_serializer_writes_it(form: Format) -> None:
    """The GUID that confluent-kafka puts into the header is asked for as lower-case text; the value is the datum."""
    headers: list[tuple[str, str | bytes | None]] = [("other", b"x")]
    context = SerializationContext("leads", MessageField.VALUE, headers)
    value = header_schema_id_serializer(DATUM, context, SchemaId("AVRO", guid=GUID.upper()))
    under_test = decoder(default=form)
    assert under_test.decode("leads", value, headers) == SchemaKey("guid", GUID)
    under_test.learn(SchemaKey("guid", GUID), READER_TEXT)
    assert under_test.decode("leads", value, headers) == EXPECTED


def test_an_id_in_the_header_and_a_guid_in_the_prefix() -> None:
    """Confluent's deserializer takes either form in either place, and so does a topic configured for it."""
    under_test = decoder(default=Format.CONFLUENT)
    under_test.learn(SchemaKey("id", 3), READER_TEXT)
    under_test.learn(SchemaKey("guid", GUID), READER_TEXT)
    assert under_test.decode("leads", DATUM, [(VALUE_SCHEMA_HEADER, b"\0\0\0\0\3")]) == EXPECTED
    assert under_test.decode("leads", b"\1" + uuid.UUID(GUID).bytes + DATUM, []) == EXPECTED


def test_a_header_without_a_value_falls_back_to_the_prefix() -> None:
    """A null header is no header, as in Confluent's deserializer."""
    under_test = decoder()
    assert under_test.decode("leads", confluent(3, DATUM), [(VALUE_SCHEMA_HEADER, None)]) == SchemaKey("id", 3)


@pytest.mark.parametrize("header", [b"", b"\0\1", b"\1short", b"\2" + bytes(16), "text"])
def test_a_malformed_header_is_an_unknown_format(header: bytes | str) -> None:
    """A value-schema header that is neither id nor GUID is set aside; the value is not guessed at."""
    assert (
        reason(decoder().decode("leads", confluent(3, DATUM), [(VALUE_SCHEMA_HEADER, header)])) is Reason.UNKNOWN_FORMAT
    )


@pytest.mark.parametrize("form", [Format.AUTO, Format.SINGLE_OBJECT])
def test_single_object_with_known_fingerprints(form: Format) -> None:
    """The reader's own schema and configured writers are known by fingerprint."""
    under_test = decoder(default=form, single_object_writers=[V1_TEXT])
    for text in (READER_TEXT, V1_TEXT):
        print_of = decoder(text)._reader.fingerprint
        assert under_test.decode("leads", b"\xc3\x01" + print_of + encode(text, LEAD), None) == EXPECTED


def test_an_unknown_fingerprint_is_an_unknown_schema() -> None:
    """A single-object value of a schema that is not configured says which fingerprint it has."""
    result = decoder().decode("leads", b"\xc3\x01" + bytes(range(8)) + DATUM, None)
    assert reason(result) is Reason.UNKNOWN_SCHEMA
    assert isinstance(result, SetAside) and "0001020304050607" in result.message


def test_bare_needs_a_writer() -> None:
    """Format bare without a writer schema is a configuration error, for a topic as for all."""
    with pytest.raises(SchemaError, match="bare"):
        decoder(default=Format.BARE)
    with pytest.raises(SchemaError, match="bare"):
        decoder(formats={"leads": Format.BARE})


def test_bare_is_read_with_the_configured_writer() -> None:
    """Bare Avro is read as what the configuration says wrote it, by topic or when nothing else fits."""
    value = encode(V1_TEXT, LEAD)
    assert decoder(default=Format.BARE, bare_writer=V1_TEXT).decode("leads", value, None) == EXPECTED
    assert decoder(formats={"leads": Format.BARE}, bare_writer=V1_TEXT).decode("leads", value, None) == EXPECTED
    assert decoder(bare_writer=V1_TEXT).decode("leads", value, None) == EXPECTED


def test_a_frame_wins_over_bare_avro_and_the_message_says_so() -> None:
    """With format auto a bare datum that begins like a frame is set aside with the way out; format bare reads it."""
    schema = record(field("nick", ["null", "string"]), field("numbers", {"type": "array", "items": "long"}))
    datum = encode(schema, {"nick": None, "numbers": [1, 2, 3]})
    assert datum[0] == 0
    auto = decoder(schema, bare_writer=json.dumps(schema))
    key = auto.decode("leads", datum, None)
    assert isinstance(key, SchemaKey)
    auto.learn(key, None)
    result = auto.decode("leads", datum, None)
    assert isinstance(result, SetAside) and "set its format to bare" in result.message
    bare = decoder(schema, default=Format.BARE, bare_writer=json.dumps(schema))
    assert bare.decode("leads", datum, None) == {"nick": None, "numbers": [1, 2, 3]}


@pytest.mark.parametrize("prefix", [b"", b" \t\r\n", b"\n" * 100])
def test_json_is_told_by_its_brace(prefix: bytes) -> None:
    """A value whose first character that is not blank is a brace is JSON."""
    assert decoder().decode("leads", prefix + json.dumps(LEAD).encode(), None) == EXPECTED


@pytest.mark.parametrize("value", [b"", b"\0", b"\0\0\0\0\1", b"[]", b"hello", b"\xc3\x02", b"\xc3\x01short"])
def test_what_cannot_be_told_is_an_unknown_format(value: bytes) -> None:
    """Nothing is guessed: a value in no format is set aside."""
    assert reason(decoder().decode("leads", value, None)) is Reason.UNKNOWN_FORMAT


def test_a_configured_format_is_not_guessed() -> None:
    """A topic's format binds: JSON on a Confluent topic is an unknown format, other topics keep the default."""
    under_test = Decoder(READER, default=Format.JSON, formats={"avro": Format.CONFLUENT})
    value = json.dumps(LEAD).encode()
    assert reason(under_test.decode("avro", value, None)) is Reason.UNKNOWN_FORMAT
    assert under_test.decode("leads", value, None) == EXPECTED
    assert under_test.decode("leads", value, [(VALUE_SCHEMA_HEADER, b"\0\0\0\0\3")]) == EXPECTED
