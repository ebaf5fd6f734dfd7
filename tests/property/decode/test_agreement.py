"""Every way to read a lead gives the same lead: binary and JSON, with resolution and without."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from connector.leads.decode import Decoder, Format, ReaderSchema, SchemaKey
from tests.property.decode.strategies import EVERY_TYPE, EVERYTHING, LEADS_V1, natural
from tests.unit.decode.support import READER, READER_TEXT, V1_TEXT, confluent, encode, reference

EVERY_TEXT = json.dumps(EVERY_TYPE)
EVERY = ReaderSchema.parse(EVERY_TEXT)


def typed(value: Any) -> Any:
    """The value with the type of every part, as 1 == 1.0 == True would hide a difference."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return type(value), value


def read(reader: ReaderSchema, writer: str, value: bytes) -> Any:
    decoder = Decoder(reader, default=Format.CONFLUENT)
    decoder.learn(SchemaKey("id", 1), writer)
    return decoder.decode("leads", confluent(1, value), None)


@given(lead=EVERYTHING)
def test_json_and_binary_agree_on_every_type(lead: dict[str, Any]) -> None:
    """A lead in natural JSON is, value and type, what fastavro makes of it in binary."""
    expected = reference(EVERY_TEXT, lead)
    text = json.dumps(natural(lead)).encode()
    assert typed(Decoder(EVERY, default=Format.JSON).decode("leads", text, None)) == typed(expected)
    assert typed(read(EVERY, EVERY_TEXT, encode(EVERY_TEXT, lead))) == typed(expected)


@given(lead=LEADS_V1)
def test_every_way_agrees_on_the_canonical_lead(lead: dict[str, Any]) -> None:
    """JSON, the reader's own binary and an older writer's binary are one lead."""
    text = json.dumps(natural(lead)).encode()
    expected = typed(reference(READER_TEXT, lead))
    assert typed(Decoder(READER, default=Format.JSON).decode("leads", text, None)) == expected
    assert typed(read(READER, READER_TEXT, encode(READER_TEXT, lead))) == expected
    assert typed(read(READER, V1_TEXT, encode(V1_TEXT, lead))) == expected


@given(lead=EVERYTHING, extra=st.integers(-(2**31), 2**31 - 1))
def test_resolution_changes_nothing_but_the_schema(lead: dict[str, Any], extra: int) -> None:
    """A writer with one field more, in another order, gives the same lead as the reader's own schema."""
    point = EVERY_TYPE["fields"][18]["type"]["items"]
    moved: list[dict[str, Any]] = [
        {
            "name": "by_name",
            "type": {"type": "map", "values": ["null", point]},
        },  # a type is defined where it comes first
        {"name": "either", "type": ["string", "null", "test.Point", "boolean", "long"]},
        {"name": "points", "type": {"type": "array", "items": "test.Point"}},
        {"name": "extra", "type": "int"},
    ]
    names = {each["name"] for each in moved}
    kept = [each for each in reversed(EVERY_TYPE["fields"]) if each["name"] not in names]
    writer = json.dumps({**EVERY_TYPE, "fields": [*moved, *kept]})
    value = encode(writer, {**lead, "extra": extra})
    assert typed(read(EVERY, writer, value)) == typed(reference(EVERY_TEXT, lead))
