"""For any bytes on any format decoding gives a lead, a reason or a schema to learn, and never raises."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from connector.leads.decode import Decoder, Format, ReaderSchema, SchemaKey
from connector.leads.framing import VALUE_SCHEMA_HEADER
from connector.leads.outcome import SetAside
from tests.property.decode.strategies import ALMOST_SCHEMAS, EVERY_TYPE
from tests.unit.decode.support import LEAD, READER, READER_TEXT, V1_TEXT, confluent, encode, field, record

EVERY_TEXT = json.dumps(EVERY_TYPE)
SMALL = ReaderSchema.parse(
    json.dumps(record(field("eventId", ["null", "string", "long"], default=None), name="leads.LeadEvent"))
)
"""So little that many schemas resolve to it."""
EVERY = ReaderSchema.parse(EVERY_TEXT)


def canonical() -> Decoder:
    under_test = Decoder(READER, bare_writer=V1_TEXT, single_object_writers=[V1_TEXT], formats={f: f for f in Format})
    under_test.learn(SchemaKey("id", 1), READER_TEXT)
    under_test.learn(SchemaKey("id", 2), V1_TEXT)
    under_test.learn(SchemaKey("id", 3), None)
    under_test.learn(SchemaKey("id", 4), "nonsense")
    return under_test


def every_type() -> Decoder:
    """A reader with every type that Avro has, so that every way to fail is open."""
    under_test = Decoder(EVERY, bare_writer=EVERY_TEXT, formats={f: f for f in Format})
    under_test.learn(SchemaKey("id", 1), EVERY_TEXT)
    return under_test


DECODERS = (canonical(), every_type())
PAYLOADS = [
    confluent(1, encode(READER_TEXT, LEAD)),
    confluent(2, encode(V1_TEXT, LEAD)),
    encode(V1_TEXT, LEAD),
    b"\xc3\x01" + READER.fingerprint + encode(READER_TEXT, LEAD),
    json.dumps(LEAD).encode(),
]
NAMES = [VALUE_SCHEMA_HEADER, "other", "content-type", "ce_specversion", "ce_id"]
CONTENTS = st.sampled_from([b"1.0", b"application/cloudevents+json", b"application/json"])
HEADERS = st.none() | st.lists(
    st.tuples(st.sampled_from(NAMES), st.none() | CONTENTS | st.binary(max_size=20) | st.text(max_size=20)),
    max_size=4,
)
EVENT: list[tuple[str, bytes]] = [(f"ce_{name}", b"1.0") for name in ("specversion", "id", "source", "type")]
PREFIXES = [b"", *(confluent(number, b"") for number in range(1, 6)), b"\xc3\x01" + READER.fingerprint, b"{", b"\1"]


def check(value: bytes | None, headers: Any) -> None:
    for decoder in DECODERS:
        for topic in (*Format, "another"):
            result = decoder.decode(topic, value, headers)
            assert isinstance(result, dict | SetAside | SchemaKey)


@given(prefix=st.sampled_from(PREFIXES), rest=st.binary(max_size=400), headers=HEADERS)
@example(prefix=b"", rest=b"", headers=None)
def test_any_bytes(prefix: bytes, rest: bytes, headers: Any) -> None:
    """Arbitrary bytes, behind nothing or behind a good frame."""
    check(prefix + rest, headers)


@given(data=st.data(), payload=st.sampled_from(PAYLOADS))
def test_spoilt_leads(data: st.DataObject, payload: bytes) -> None:
    """Good leads in which a few bytes are replaced, cut out or put in."""
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(payload)))
        end = data.draw(st.integers(start, min(len(payload), start + 8)))
        payload = payload[:start] + data.draw(st.binary(max_size=8)) + payload[end:]
    check(payload, None)
    check(payload, EVENT)


ENVELOPE = json.dumps(
    {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": LEAD, "data_base64": "AAAA"}
).encode()


@given(data=st.data())
def test_spoilt_envelopes(data: st.DataObject) -> None:
    """Envelopes of CloudEvents in which a few bytes are replaced, cut out or put in."""
    payload = ENVELOPE.replace(b', "data_base64": "AAAA"', b"") if data.draw(st.booleans()) else ENVELOPE
    for _ in range(data.draw(st.integers(0, 3))):
        start = data.draw(st.integers(0, len(payload)))
        end = data.draw(st.integers(start, min(len(payload), start + 8)))
        payload = payload[:start] + data.draw(st.binary(max_size=8)) + payload[end:]
    check(payload, [("content-type", b"application/cloudevents+json")])


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(data=st.data())
def test_any_json_in_any_field(data: st.DataObject) -> None:
    """Objects with the right field names and any values."""
    for decoder, schema in zip(DECODERS, (READER.raw, EVERY_TYPE), strict=True):
        names = st.sampled_from([each["name"] for each in schema["fields"]])
        value = data.draw(st.dictionaries(names, JSON))
        result = decoder.decode(Format.JSON, json.dumps(value).encode("utf-8", "surrogatepass"), None)
        assert isinstance(result, dict | SetAside)


@given(text=ALMOST_SCHEMAS.map(json.dumps) | JSON.map(json.dumps) | st.text(), value=st.binary(max_size=50))
def test_any_schema_text(text: str, value: bytes) -> None:
    """Whatever a registry holds under an id, learning and using it never raises."""
    decoder = Decoder(SMALL)
    decoder.learn(SchemaKey("id", 1), text, [("leads.Other", text)])
    decoder.learn(SchemaKey("id", 2), text)
    decoder.learn(SchemaKey("id", 3), '["leads.LeadEvent", "LeadEvent"]', [("a", text), ("b", text)])
    for number in (1, 2, 3):
        assert isinstance(decoder.decode("leads", confluent(number, value), None), dict | SetAside | SchemaKey)
