"""The demo's registry, asked by Confluent's own client."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from connector.demo.registry import RegistryServer

TEXT = '{"type": "record", "name": "A", "fields": []}'
OTHER = '{"type": "record", "name": "B", "fields": []}'


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[SchemaRegistryClient]:
    """A client of a registry that has nothing yet."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with RegistryServer() as server, SchemaRegistryClient({"url": server.url}) as client:
        yield client


def test_a_schema_comes_back_by_its_id(client: SchemaRegistryClient) -> None:
    """What was registered is found, in its subject and by its id."""
    number = client.register_schema("leads-value", Schema(TEXT, "AVRO"))
    assert client.get_schema(number).schema_str == TEXT
    found = client.lookup_schema("leads-value", Schema(TEXT, "AVRO"))
    assert (found.schema_id, found.version) == (number, 1)
    assert client.get_latest_version("leads-value").schema_id == number
    assert client.get_subjects() == ["leads-value"]


def test_one_text_has_one_id_in_every_subject(client: SchemaRegistryClient) -> None:
    """As in Confluent's registry; another text has another."""
    first = client.register_schema("a", Schema(TEXT, "AVRO"))
    assert client.register_schema("b", Schema(TEXT, "AVRO")) == first
    assert client.register_schema("a", Schema(OTHER, "AVRO")) != first


def test_what_is_not_there_is_said_with_confluent_s_codes(client: SchemaRegistryClient) -> None:
    """The connector tells 'does not exist' from trouble by these codes."""
    client.register_schema("a", Schema(TEXT, "AVRO"))
    codes = []
    for ask in (
        lambda: client.get_schema(999_999),
        lambda: client.lookup_schema("a", Schema(OTHER, "AVRO")),
        lambda: client.get_latest_version("nobody"),
        lambda: client.get_version("a", 2),
    ):
        with pytest.raises(SchemaRegistryError) as caught:
            ask()
        codes.append((caught.value.http_status_code, caught.value.error_code))
    assert codes == [(404, 40403), (404, 40403), (404, 40401), (404, 40402)]
