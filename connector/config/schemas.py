"""The section ``schemas``: how a record's bytes become a lead event."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from pydantic import Field

from connector.config.names import File, SecretFile, Text, TopicName, Url
from connector.config.quantities import PositiveDuration
from connector.config.section import Section, Shown, default
from connector.leads.decode import Format

Formats: TypeAlias = Annotated[dict[TopicName, Format], Shown("map of topic to format", yaml=True)]
Files: TypeAlias = Annotated[tuple[File, ...], Shown("list of files", yaml=True)]


class RegistrySettings(Section):
    """A schema registry with Confluent's API."""

    url: Url = Field(examples=["http://localhost:8081"])
    """Base URL, without credentials."""
    username: Text | None = None
    """User name for basic authentication; goes with `password_file`."""
    password_file: SecretFile | None = None
    """File with the password."""
    ca_file: File | None = None
    """PEM file of the authority that signed the registry's certificate. Default: the system's authorities."""
    timeout: PositiveDuration = default("10s")
    """Time for one request."""


class SchemasSettings(Section):
    """What the records are written in."""

    reader: File = Field(examples=["schemas/lead_event.avsc"])
    """Avro schema (`.avsc`) that every event is read as: the contract that the mapping is checked against."""
    readers: Files = default([])
    """Avro schemas of more record types, for topics that carry several: the full name of a record tells which it is \
read as. A route takes all of them unless it names some with `record`."""
    registry: RegistrySettings | None = None
    """Where writer schemas are looked up by id. Leave out for formats that carry no id."""
    format: Format = default("auto")
    """How records are encoded: `confluent` (id of a registered schema in front, or GUID in a header), \
`single_object` (Avro's own, with a fingerprint), `bare` (Avro without any header), `json`, `cloudevents` (an envelope \
around any of these). `auto` tells them apart by headers and first bytes; it takes a record for bare only where \
`writer` is given, and a topic of bare records is better named in `formats`, because they can begin like the others."""
    formats: Formats = default({}, examples=[{"leads.json": "json"}])
    """Formats of single topics, where they differ from `format`."""
    writer: File | None = None
    """Avro schema that `bare` records are written with."""
    writers: Files = default([])
    """More Avro schemas that `single_object` records may be written with; the reader's is known anyway."""
