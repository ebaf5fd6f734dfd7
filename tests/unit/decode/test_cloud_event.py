"""CloudEvents on Kafka: binary and structured mode, the attributes, and envelopes that are none."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest

from connector.leads.cloud_event import ATTRIBUTES
from connector.leads.decode import Format, SchemaKey
from connector.leads.framing import VALUE_SCHEMA_HEADER
from connector.leads.outcome import Reason, SetAside, Stage
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

ATTRIBUTE_TEXTS = {
    "specversion": "1.0",
    "id": "A234-1234-1234",
    "source": "/forms/google",
    "type": "com.example.lead",
    "subject": "form-7",
    "time": "2026-03-08T12:30:00.123Z",
}
DATUM = encode(READER_TEXT, LEAD)
EXPECTED = reference(READER_TEXT, LEAD)
JSON_LEAD = json.dumps(LEAD).encode()
SINGLE = b"\xc3\x01" + READER.fingerprint + DATUM
BOTH = pytest.mark.parametrize("form", [Format.AUTO, Format.CLOUDEVENTS])
Headers = list[tuple[str, bytes | str | None]]


def binary(content_type: str | None = "application/json", **changes: str | bytes | None) -> Headers:
    """The headers of an event in binary mode."""
    texts: dict[str, str | bytes | None] = {**ATTRIBUTE_TEXTS, **changes}
    headers: Headers = [
        (f"ce_{name}", text.encode() if isinstance(text, str) else text) for name, text in texts.items()
    ]
    return headers if content_type is None else [*headers, ("content-type", content_type.encode())]


def structured(content_type: str = "application/cloudevents+json") -> Headers:
    return [("content-type", content_type.encode())]


def envelope(**changes: object) -> bytes:
    """An envelope in the JSON event format; what changes to None is left out."""
    whole = {**ATTRIBUTE_TEXTS, "datacontenttype": "application/json", "data": LEAD, **changes}
    return json.dumps({name: value for name, value in whole.items() if value is not None}).encode()


def base64_of(value: bytes) -> str:
    return base64.b64encode(value).decode()


def damaged(result: object, message: str) -> None:
    assert isinstance(result, SetAside), result
    assert (result.stage, result.reason) == (Stage.DECODE, Reason.UNDECODABLE)
    assert result.message == f"it is a CloudEvent that cannot be read: {message}"


@BOTH
@pytest.mark.parametrize(
    ("content_type", "value"),
    [
        ("application/json", JSON_LEAD),
        ("application/vnd.acme.lead+json; charset=utf-8", b" " + JSON_LEAD),
        (None, JSON_LEAD),
        ("application/avro", confluent(7, DATUM)),
        ("application/octet-stream", confluent(7, DATUM)),
        (None, confluent(7, DATUM)),
        ("avro/binary", SINGLE),
    ],
)
def test_binary_mode(form: Format, content_type: str | None, value: bytes) -> None:
    """The value is the lead, in any format; the attributes are headers."""
    under_test = decoder(default=form)
    under_test.learn(SchemaKey("id", 7), READER_TEXT)
    lead = under_test.decode("leads", value, binary(content_type))
    assert lead == {**EXPECTED, "ce": ATTRIBUTE_TEXTS}


@BOTH
def test_binary_mode_with_a_schema_to_learn(form: Format) -> None:
    """A registry's id, in front or in its header, is asked for as without an envelope."""
    under_test = decoder(default=form)
    assert under_test.decode("leads", confluent(9, DATUM), binary("application/avro")) == SchemaKey("id", 9)
    headers: Headers = [*binary("application/avro"), (VALUE_SCHEMA_HEADER, b"\0\0\0\0\x09")]
    assert under_test.decode("leads", DATUM, headers) == SchemaKey("id", 9)
    under_test.learn(SchemaKey("id", 9), READER_TEXT)
    assert under_test.decode("leads", DATUM, headers) == {**EXPECTED, "ce": ATTRIBUTE_TEXTS}


@BOTH
def test_bare_avro_in_an_envelope(form: Format) -> None:
    """Data without a frame is read with the configured writer, unless its content type is JSON."""
    under_test = decoder(default=form, bare_writer=V1_TEXT)
    value = encode(V1_TEXT, LEAD)
    whole = envelope(data=None, data_base64=base64_of(value), datacontenttype="application/avro")
    for event in ((value, binary("application/avro")), (whole, structured())):
        lead = under_test.decode("leads", *event)
        assert isinstance(lead, dict) and lead["eventId"] == LEAD["eventId"] and lead["ce"]
    refused = under_test.decode("leads", value, binary("application/json"))
    assert isinstance(refused, SetAside) and refused.message.startswith("it is not JSON")


@BOTH
@pytest.mark.parametrize(
    "content_type", ["application/cloudevents+json", "Application/CloudEvents+JSON; charset=UTF-8"]
)
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"datacontenttype": None},
        {"datacontenttype": "text/json"},
        {"data": None, "data_base64": base64_of(JSON_LEAD)},
        {"data": None, "data_base64": base64_of(confluent(7, DATUM)), "datacontenttype": "application/avro"},
        {"data": None, "data_base64": base64_of(SINGLE), "datacontenttype": None},
    ],
)
def test_structured_mode(form: Format, content_type: str, changes: dict[str, object]) -> None:
    """The lead is the envelope's data, as JSON or in base64 in any format; the attributes are its members."""
    under_test = decoder(default=form)
    under_test.learn(SchemaKey("id", 7), READER_TEXT)
    lead = under_test.decode("leads", envelope(**changes), structured(content_type))
    told = {"datacontenttype": "application/json", **changes}["datacontenttype"]
    assert lead == {**EXPECTED, "ce": {**ATTRIBUTE_TEXTS, **({"datacontenttype": told} if told else {})}}


def test_an_envelope_needs_no_header_where_events_are_expected() -> None:
    """With format cloudevents an object is an envelope; with auto it is a lead, which this one is not."""
    assert isinstance(decoder(default=Format.CLOUDEVENTS).decode("leads", envelope(), None), dict)
    refused = decoder().decode("leads", envelope(), None)
    assert isinstance(refused, SetAside) and refused.reason is Reason.INVALID_LEAD


@pytest.mark.parametrize("value", [JSON_LEAD[1:], confluent(7, DATUM), DATUM, b"", b"[]"])
def test_no_event_on_a_topic_of_events(value: bytes) -> None:
    """A record that is in no envelope is of an unknown format there."""
    refused = decoder(default=Format.CLOUDEVENTS).decode("leads", value, [("trace", b"1")])
    assert isinstance(refused, SetAside) and refused.reason is Reason.UNKNOWN_FORMAT
    assert "no CloudEvent" in refused.message


@pytest.mark.parametrize(
    "headers",
    [[("trace", b"1")], [("content-type", b"application/json")], [("ce_id", b"\xff")], [("content-type", b"\xff")]],
)
def test_headers_of_others_change_nothing(headers: Headers) -> None:
    """Without ce_specversion there is no event to be damaged, and no attribute to be told."""
    assert decoder().decode("leads", JSON_LEAD, headers) == EXPECTED


def test_a_configured_format_is_not_guessed() -> None:
    """On a topic whose format is named, an envelope is what that format makes of it."""
    assert decoder(default=Format.JSON).decode("leads", JSON_LEAD, binary(None, id=None)) == EXPECTED


@BOTH
def test_a_tombstone_in_an_envelope_is_filtered(form: Format) -> None:
    """An event without a value is a tombstone, as any record."""
    result = decoder(default=form).decode("leads", None, binary())
    assert isinstance(result, SetAside) and result.reason is Reason.TOMBSTONE


@BOTH
@pytest.mark.parametrize(
    ("headers", "message"),
    [
        (binary(id=None), "it has no id"),
        (binary(id=""), "it has no id"),
        (binary(type=None), "it has no type"),
        (binary(source=None), "it has no source"),
        (binary(specversion="0.3"), "its specversion is not 1.0"),
        (binary(type=b"\xff\xfe"), "its header ce_type is not UTF-8"),
        (binary("application/protobuf"), "its data is Protobuf, which is not read: have it produced as Avro or JSON"),
    ],
)
def test_damaged_headers(form: Format, headers: Headers, message: str) -> None:
    """What says that it is an event and lacks what an event has is a dead letter: it could be routed wrongly."""
    damaged(decoder(default=form).decode("leads", JSON_LEAD, headers), message)


@BOTH
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"", "its envelope is not JSON (line 1, column 1)"),
        (envelope()[:-1], f"its envelope is not JSON (line 1, column {len(envelope())})"),
        (b"[1]", "its envelope is no JSON object"),
        (b"\xff\xfe", "its envelope is not JSON (line 1, column 1)"),
        (confluent(7, DATUM), "its envelope is not JSON (line 1, column 1)"),
        (b"[" * 100_000, None),
        (b'{"data": ' * 100_000, None),
        (envelope(id=None), "it has no id"),
        (envelope(id=7), "it has no id"),
        (envelope(specversion="2.0"), "its specversion is not 1.0"),
        (envelope(subject=["x"]), "its subject is not text"),
        (envelope(data=None), "it has no data"),
        (envelope(data_base64=base64_of(DATUM)), "it has both data and data_base64"),
        (envelope(data=None, data_base64="%%%"), "its data_base64 is not base64"),
        (envelope(data=None, data_base64="QUJD\n"), "its data_base64 is not base64"),
        (envelope(data=None, data_base64="ñ"), "its data_base64 is not base64"),
        (envelope(data=None, data_base64=[1]), "its data_base64 is not base64"),
        (envelope(data=None, data_base64=5), "its data_base64 is not base64"),
        (
            envelope(data="<lead/>", datacontenttype="application/xml"),
            "its data is of another content type than JSON, and such data stands in data_base64",
        ),
    ],
)
def test_damaged_envelopes(form: Format, value: bytes, message: str | None) -> None:
    """A reason that says what is wrong, at once."""
    started = time.monotonic()
    result = decoder(default=form).decode("leads", value, structured())
    assert time.monotonic() - started < 1.0
    if message is None:
        assert isinstance(result, SetAside) and result.reason is Reason.UNDECODABLE
    else:
        damaged(result, message)


@pytest.mark.parametrize(
    "media_type",
    ["application/cloudevents", "application/cloudevents+avro", "application/cloudevents-batch+json"],
)
def test_other_event_formats_are_refused_by_name(media_type: str) -> None:
    """Only JSON envelopes of one event are opened."""
    result = decoder().decode("leads", envelope(), structured(media_type))
    damaged(result, "only the event format application/cloudevents+json is read, one event in each record")


def test_data_that_is_no_lead_ends_as_it_would_without_an_envelope() -> None:
    """The data is checked like any lead; no message quotes it."""
    under_test = decoder()
    for data, reason in (
        ({"eventId": 5}, Reason.INVALID_LEAD),
        ("Ana Peña", Reason.INVALID_LEAD),
        ([], Reason.INVALID_LEAD),
    ):
        result = under_test.decode("leads", envelope(data=data), structured())
        assert isinstance(result, SetAside) and result.reason is reason and "Ana" not in result.message
    result = under_test.decode("leads", envelope(data=None, data_base64=base64_of(b"rubbish")), structured())
    assert isinstance(result, SetAside) and result.reason is Reason.UNDECODABLE
    result = under_test.decode("leads", b"rubbish", binary("text/plain"))
    assert isinstance(result, SetAside) and result.reason is Reason.UNKNOWN_FORMAT
    assert result.message.startswith("the data of its CloudEvent are 7 bytes in no format")


def test_an_envelope_within_an_envelope_is_not_opened() -> None:
    """One layer, however often it is wrapped."""
    inner = envelope(data=None, data_base64=base64_of(envelope()))
    result = decoder(default=Format.CLOUDEVENTS).decode("leads", inner, structured())
    assert isinstance(result, SetAside) and result.reason is Reason.INVALID_LEAD


def test_the_last_of_two_headers_counts() -> None:
    """As Kafka's own lastHeader has it."""
    lead = decoder().decode("leads", JSON_LEAD, [*binary(), ("ce_type", b"later")])
    assert isinstance(lead, dict)
    attributes: Any = lead["ce"]
    assert attributes["type"] == "later"


def test_a_field_of_the_leads_own_wins() -> None:
    """A reader schema with a field ``ce`` keeps it."""
    schema = record(field("ce", "string"))
    lead = decoder(schema).decode("leads", b'{"ce": "mine"}', binary())
    assert lead == {"ce": "mine"}


def test_all_attributes_of_the_specification_are_told() -> None:
    """Required and optional ones; extensions are not."""
    texts: dict[str, Any] = {name: "1.0" if name == "specversion" else f"a {name}" for name in ATTRIBUTES}
    texts["datacontenttype"] = "application/json"
    lead = decoder().decode("leads", envelope(**texts, traceparent="00-1"), structured())
    assert isinstance(lead, dict) and lead["ce"] == texts
