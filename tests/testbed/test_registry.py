"""The schema registry speaks Confluent's protocol, and an outage does not lose schemas."""

import json
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

from testbed.broker import Registry
from testbed.registry import SERIALIZER_SETTINGS, SchemaRegistry

_SCHEMA = json.dumps(
    {"type": "record", "name": "Lead", "namespace": "tests", "fields": [{"name": "phone", "type": "string"}]}
)


def test_confluents_serializer_registers_and_frames(registry: Registry, topic: str) -> None:
    """Confluent's own serializer registers the schema and writes its framing; its deserializer reads it."""
    context = SerializationContext(topic, MessageField.VALUE)
    with _client(registry.url) as client:
        data = AvroSerializer(client, _SCHEMA, conf=SERIALIZER_SETTINGS)({"phone": "+59899123456"}, context)
        assert data is not None
        known = client.get_latest_version(f"{topic}-value")
        assert data[:5] == b"\x00" + (known.schema_id or 0).to_bytes(4, "big")
        assert AvroDeserializer(client, conf=SERIALIZER_SETTINGS)(data, context) == {"phone": "+59899123456"}


def test_schemas_outlive_an_outage() -> None:
    """Stopped or killed the registry is gone, and started again it knows the same ids."""
    with SchemaRegistry() as registry:
        first = _register(registry.url, "a-value", '"string"')
        registry.stop()
        with pytest.raises(ConnectionRefusedError):
            _get(registry.url)
        registry.start()
        second = _register(registry.url, "b-value", '"int"')
        registry.kill()
        registry.start()
        with _client(registry.url) as client:
            assert client.get_latest_version("a-value").schema_id == first
            assert client.get_latest_version("b-value").schema_id == second


def test_a_frozen_registry_is_silent_until_thawed() -> None:
    """Frozen it takes connections and does not answer; thawed it goes on."""
    with SchemaRegistry() as registry:
        registry.freeze()
        with pytest.raises(TimeoutError):
            _get(registry.url)
        registry.thaw()
        assert _get(registry.url) == 200


def _client(url: str) -> SchemaRegistryClient:
    return SchemaRegistryClient({"url": url, "timeout": 60})


def _register(url: str, subject: str, schema: str) -> int:
    with _client(url) as client:
        known: int = client.register_schema(subject, Schema(schema, "AVRO"))
        return known


def _get(url: str) -> int:
    parts = urlsplit(url)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=2)
    try:
        connection.request("GET", f"{parts.path}/subjects")
        return connection.getresponse().status
    finally:
        connection.close()
