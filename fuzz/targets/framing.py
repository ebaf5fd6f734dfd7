"""Any value with any headers, on a topic of any format: the frame, then whatever it says is in it."""

from __future__ import annotations

from collections.abc import Iterable

from connector.leads.cloud_event import Damaged, open_event
from connector.leads.decode import Format
from connector.leads.framing import VALUE_SCHEMA_HEADER, Headers, detect, unframe
from fuzz import samples
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source, choices, chunk
from fuzz.outcomes import check_decoded

TOPICS = (*Format, "another")
NAMES = (
    VALUE_SCHEMA_HEADER,
    "content-type",
    "Content-Type",
    "ce_specversion",
    "ce_id",
    "ce_source",
    "ce_type",
    "ce_time",
)
LONGEST = 4_096
DECODES = True
WORDS = (b"\0\0\0\0\1", b"\1", b"\xc3\x01", b"{", b"application/cloudevents+json", b"application/json", b"1.0")


def one(data: bytes) -> None:
    """A frame lies inside the value; decoding ends in an outcome; nothing raises."""
    source = Source(data)
    topic = source.pick(TOPICS)
    contract = source.pick(samples.contracts())
    headers = _headers(source)
    value = source.stretched()
    with bounded():
        for frame in (detect(value, headers, bare=True), *(unframe(form, value, headers) for form in _UNFRAMED)):
            claim(frame is None or 0 <= frame.offset <= max(len(value), 5), "a frame lies inside the value")
        try:
            event = open_event(value, headers, expected=topic == Format.CLOUDEVENTS)
            claim(event is None or event.attributes["id"], "an event has an id")
        except Damaged as damage:
            claim(str(damage), "damage has a reason")
        check_decoded(contract.decoder.decode(topic, value, headers))


def seeds() -> Iterable[bytes]:
    """Good leads in each frame, and an event in both modes."""
    contracts = samples.contracts()
    auto, confluent, json, events = (TOPICS.index(each) for each in ("another", "confluent", "json", "cloudevents"))
    for place, datum in samples.data():
        fingerprint = contracts[place].reader.fingerprint
        yield choices(confluent, place, 0) + AS_IT_IS + b"\0\0\0\0\1" + datum
        yield choices(auto, place, 0) + AS_IT_IS + b"\xc3\x01" + fingerprint + datum
        yield choices(auto, place, 1, 0) + chunk(b"\0\0\0\0\1") + AS_IT_IS + datum
    for place, document in samples.documents():
        yield choices(json, place, 0) + AS_IT_IS + document
        envelope = b'{"specversion":"1.0","id":"1","source":"s","type":"t","data":' + document + b"}"
        yield choices(events, place, 0) + AS_IT_IS + envelope
        yield choices(auto, place, 1, 1) + chunk(b"application/cloudevents+json") + AS_IT_IS + envelope
        binary = b"".join(choices(name) + chunk(b"1.0") for name in range(3, 7))
        yield choices(auto, place, 4) + binary + AS_IT_IS + document


_UNFRAMED = tuple(form for form in Format if form is not Format.AUTO)


def _headers(source: Source) -> Headers:
    found: list[tuple[str, bytes | str | None]] = []
    for _ in range(source.number() % 8):
        name, content = source.number(), source.chunk()
        kind = name // 16 % 4
        text = content.decode("utf-8", "surrogateescape")
        found.append((NAMES[name % len(NAMES)], None if kind == 3 else text if kind == 2 else content))
    return found or None
