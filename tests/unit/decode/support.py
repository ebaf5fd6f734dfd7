"""Schemas, a lead and encoders that the decode tests share. Encoding is fastavro's, so the bytes are not ours."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import fastavro

from connector.leads.decode import Decoder, ReaderSchema, SchemaKey

SCHEMAS = Path(__file__).parents[3] / "schemas"
READER_TEXT = (SCHEMAS / "lead_event.avsc").read_text(encoding="utf-8")
V1_TEXT = (SCHEMAS / "history" / "lead_event.v1.avsc").read_text(encoding="utf-8")
READER = ReaderSchema.parse(READER_TEXT)

LEAD: dict[str, Any] = {
    "eventId": "7b0c9a52-1f6e-4a5e-9a29-6b1f8f1f0d10",
    "occurredAt": 1_772_962_200_123,
    "source": {"platform": "google", "formId": "f-1", "campaignId": "c-7"},
    "person": {"firstName": "Ana", "lastName": "Peña", "phones": ["+59899123456"], "timezone": "America/Montevideo"},
    "consent": [{"purpose": "call", "granted": True, "recordedAt": 1_772_962_000_000}],
    "schedule": {"at": {"local": "2026-03-08T09:30:00", "timezone": "America/Montevideo"}},
    "attributes": {"budget": "1000"},
}
"""Natural JSON of a lead that both versions of the canonical event take."""


def encode(schema: str | dict[str, Any] | list[Any], datum: object) -> bytes:
    """The bare Avro datum."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(
        stream, fastavro.parse_schema(json.loads(schema) if isinstance(schema, str) else schema), datum
    )
    return stream.getvalue()


def reference(schema: str, datum: object) -> Any:
    """What fastavro alone makes of the datum when writer and reader have the same schema."""
    return fastavro.schemaless_reader(
        io.BytesIO(encode(schema, datum)), fastavro.parse_schema(json.loads(schema)), None
    )


def confluent(schema_id: int, datum: bytes) -> bytes:
    return b"\0" + schema_id.to_bytes(4, "big") + datum


def varint(number: int) -> bytes:
    """Avro's zig-zag encoding of a long."""
    rest = number << 1 if number >= 0 else ((-number) << 1) - 1
    encoded = bytearray()
    while rest > 0x7F:
        encoded.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*encoded, rest])


def record(*fields: dict[str, Any], name: str = "test.Lead") -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": list(fields)}


def field(name: str, kind: object, **more: object) -> dict[str, Any]:
    return {"name": name, "type": kind, **more}


def timestamp(unit: str = "millis") -> dict[str, str]:
    return {"type": "long", "logicalType": f"timestamp-{unit}"}


def decoder(schema: dict[str, Any] | str = READER_TEXT, **options: Any) -> Decoder:
    text = schema if isinstance(schema, str) else json.dumps(schema)
    return Decoder(ReaderSchema.parse(text), **options)


def resolve(writer: dict[str, Any] | list[Any], reader: dict[str, Any], datum: object) -> Any:
    """What a datum of the writer's schema decodes to under the reader's, by way of a registry id."""
    under_test = decoder(reader)
    under_test.learn(SchemaKey("id", 1), json.dumps(writer))
    return under_test.decode("leads", confluent(1, encode(writer, datum)), None)
