"""The canonical lead event: complete, documented, and readable across its versions in both directions."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastavro
import pytest

SCHEMAS = Path(__file__).parents[2] / "schemas"
VERSIONS: dict[str, dict[str, Any]] = {
    "v1": json.loads((SCHEMAS / "history" / "lead_event.v1.avsc").read_text(encoding="utf-8")),
    "v2": json.loads((SCHEMAS / "lead_event.avsc").read_text(encoding="utf-8")),
}
EVENT = "eventId occurredAt source person consent schedule attributes"
FIELDS = {
    "v1": {
        "LeadEvent": EVENT,
        "Source": "platform accountId formId campaignId externalLeadId isTest",
        "Person": "firstName lastName phones email country timezone",
        "Consent": "purpose granted recordedAt",
        "Schedule": "at",
        "WallTime": "local timezone",
    }
}
FIELDS["v2"] = FIELDS["v1"] | {
    "LeadEvent": f"{EVENT} receivedAt priority",
    "Person": f"{FIELDS['v1']['Person']} locale",
}
BOTH: dict[str, Any] = {
    "eventId": "e-1",
    "occurredAt": 1_772_973_000_123,
    "source": {"platform": "meta", "accountId": "a", "isTest": True},
    "person": {"firstName": "Ana", "phones": ["+59899123456", "+59824001234"], "country": "UY"},
    "consent": [{"purpose": "call", "granted": True, "recordedAt": 1_772_973_000_000}],
    "schedule": {"at": {"local": "2026-03-08T09:30:00", "timezone": "America/Montevideo"}},
    "attributes": {"budget": "1000"},
}
LATER: dict[str, Any] = {
    **BOTH,
    "receivedAt": 1_772_973_001_000,
    "priority": 3,
    "person": {**BOTH["person"], "locale": "es-UY"},
}


def records(schema: Any) -> Iterator[dict[str, Any]]:
    """Every record type in a schema."""
    if isinstance(schema, list):
        for branch in schema:
            yield from records(branch)
    elif isinstance(schema, dict):
        if schema["type"] == "record":
            yield schema
        for inner in [
            schema.get("items"),
            schema.get("values"),
            *(field["type"] for field in schema.get("fields", [])),
        ]:
            yield from records(inner)


def transfer(datum: dict[str, Any], writer: str, reader: str) -> Any:
    """The datum written with one version and read with another, by fastavro alone."""
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(VERSIONS[writer]), datum)
    stream.seek(0)
    return fastavro.schemaless_reader(
        stream, fastavro.parse_schema(VERSIONS[writer]), fastavro.parse_schema(VERSIONS[reader])
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_the_canonical_fields_are_all_there(version: str) -> None:
    """Each version has exactly the fields that its users rely on."""
    found = {each["name"]: {field["name"] for field in each["fields"]} for each in records(VERSIONS[version])}
    assert found == {name: set(fields.split()) for name, fields in FIELDS[version].items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_type_and_field_says_what_it_is(version: str) -> None:
    """Nothing in a schema is without a sentence of documentation."""
    for each in records(VERSIONS[version]):
        for described in (each, *each["fields"]):
            assert described.get("doc", "").endswith((".", "…")), described["name"]


def test_version_1_is_read_as_version_2() -> None:
    """A lead of version 1 keeps all that it has, and what is new is absent."""
    old, new = transfer(BOTH, "v1", "v1"), transfer(BOTH, "v1", "v2")
    assert new == {**old, "receivedAt": None, "priority": None, "person": {**old["person"], "locale": None}}


def test_version_2_is_read_as_version_1() -> None:
    """A reader that was not upgraded yet gets all that it knows of."""
    assert transfer(LATER, "v2", "v1") == transfer(BOTH, "v1", "v1")


def test_every_new_field_has_a_default() -> None:
    """What version 2 added is optional, without which version 1 could not be read."""
    old = {each["name"]: {field["name"] for field in each["fields"]} for each in records(VERSIONS["v1"])}
    for each in records(VERSIONS["v2"]):
        for field in each["fields"]:
            assert field["name"] in old[each["name"]] or field.get("default", "none") is None
