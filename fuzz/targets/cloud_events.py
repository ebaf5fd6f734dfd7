"""Envelopes of CloudEvents, in both modes."""

from __future__ import annotations

from collections.abc import Iterable

from connector.leads.cloud_event import ATTRIBUTES, Damaged, open_event
from connector.leads.decode import Format
from connector.leads.scope import CLOUD_EVENT
from fuzz import samples
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source, choices, chunk
from fuzz.outcomes import check_decoded, check_mapped

LONGEST = 4_096
DECODES = True
WORDS = (
    b'{"specversion":"1.0","id":"', b'"source":"', b'"type":"', b'"data":', b'"data_base64":"', b'"datacontenttype":"',
    b'application/json', b"+json", b"application/protobuf", b'"dataschema":"', b"AAAAAQ==", b"\xc3\x01",
)  # fmt: skip


def one(data: bytes) -> None:
    """An event has its attributes as text; what says that it is one and is none, is damaged; nothing else raises."""
    source = Source(data)
    contract = source.pick(samples.contracts())
    headers: list[tuple[str, bytes | str | None]] = []
    if (structured := source.number()) & 1:
        headers.append(("content-type", b"application/cloudevents+json"))
    headers += [(f"ce_{name}", source.chunk()) for place, name in enumerate(ATTRIBUTES) if structured >> place & 2]
    value = source.stretched()
    with bounded():
        try:
            event = open_event(value, headers, expected=True)
        except Damaged as damage:
            claim(str(damage), "damage has a reason")
            event = None
        for name in event.attributes if event is not None else ():
            claim(name in ATTRIBUTES, "an attribute that nobody knows")
        lead = check_decoded(contract.decoder.decode(Format.CLOUDEVENTS, value, headers))
        if lead is not None:
            claim(
                event is not None and lead.pop(CLOUD_EVENT) == event.attributes,
                "the lead has another event's attributes",
            )
            if contract.mapper is not None:
                check_mapped(lead, contract.mapper)


def seeds() -> Iterable[bytes]:
    """The examples' events in both modes, with JSON, base64 and a frame."""
    for place, document in samples.documents():
        head = b'{"specversion":"1.0","id":"1","source":"s","type":"t","datacontenttype":"application/json","data":'
        yield choices(place, 1) + AS_IT_IS + head + document + b"}"
        required = b"".join(chunk(each) for each in (b"1", b"s", b"1.0", b"t"))
        yield choices(place, 0b11110) + required + AS_IT_IS + document
    for place, datum in samples.data():
        required = b"".join(chunk(each) for each in (b"1", b"s", b"1.0", b"t"))
        yield choices(place, 0b11110) + required + AS_IT_IS + b"\0\0\0\0\1" + datum
