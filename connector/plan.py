"""From a configuration to what it stands for: schemas parsed, mapping compiled, settings in the rooms' own types.

Everything that can be wrong without asking the network is found here, all of it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import connector
from connector.config import ConfigurationError, Loaded, Problem, SecretFileError, read_secret
from connector.kafka.clients import Clients
from connector.kafka.registry import Registry
from connector.kafka.settings import KafkaSettings
from connector.leads.decode import Decoder, ReaderSchema, SchemaError
from connector.leads.mapper import Mapper, MappingError
from connector.ucontact.client import UContact
from connector.ucontact.token import TokenFile


@dataclass(frozen=True, slots=True)
class Plan:
    """What a configuration does with a lead. ``tzdata`` is the version of the time zone database."""

    decoder: Decoder
    mapper: Mapper
    reader: ReaderSchema
    tzdata: str


def make_plan(loaded: Loaded) -> Plan:
    """Compile schemas and mapping. Reads the schema files and imports the functions that the mapping names.

    Raises ConfigurationError with every problem, each with its place.
    """
    problems: list[Problem] = []
    schemas = loaded.settings.schemas
    reader = decoder = mapper = None
    try:
        reader = ReaderSchema.parse(_text(schemas.reader))
    except (SchemaError, OSError, UnicodeDecodeError) as error:
        problems.append(
            loaded.problem(("schemas", "reader"), f"{schemas.reader}: {error}", "It must be an Avro record")
        )
    if reader is not None:
        try:
            decoder = Decoder(
                reader,
                default=schemas.format,
                formats=schemas.formats,
                bare_writer=None if schemas.writer is None else _text(schemas.writer),
                single_object_writers=[_text(path) for path in schemas.writers],
            )
        except (SchemaError, OSError, UnicodeDecodeError) as error:
            key = "writers" if schemas.writers and schemas.writer is None else "writer"
            problems.append(loaded.problem(("schemas", key), str(error)))
        try:
            mapper = Mapper(loaded.settings.mapping(), reader.raw)
        except MappingError as error:
            problems += [loaded.problem(each.path, each.message, each.hint) for each in error.problems]
    problems += _kafka_problems(loaded)
    if problems or reader is None or decoder is None or mapper is None:
        raise ConfigurationError(problems)
    return Plan(decoder, mapper, reader, version("tzdata"))


def kafka_settings(loaded: Loaded) -> KafkaSettings:
    """The Kafka room's settings. Reads the secret files of ``kafka.property_files``; raises SecretFileError."""
    kafka, delivery = loaded.settings.kafka, loaded.settings.delivery
    secrets = {name: read_secret(path) for name, path in kafka.property_files.items()}
    return KafkaSettings(
        bootstrap_servers=kafka.bootstrap_servers,
        group_id=kafka.group_id,
        topics=tuple(kafka.topics),
        group_protocol=kafka.group_protocol.value,
        group_instance_id=kafka.group_instance_id,
        session_timeout=kafka.session_timeout.total_seconds(),
        heartbeat_interval=kafka.heartbeat_interval.total_seconds(),
        start=kafka.start.value,
        properties={**kafka.properties, **secrets},
        max_leads=delivery.buffer.max_leads,
        max_bytes=delivery.buffer.max_bytes,
        revoke_timeout=delivery.revoke_timeout.total_seconds(),
    )


def registry(loaded: Loaded) -> Registry | None:
    """A client of the schema registry, where one is configured. Raises ValueError and SecretFileError."""
    settings = loaded.settings.schemas.registry
    if settings is None:
        return None
    return Registry(
        settings.url,
        username=settings.username,
        password=None if settings.password_file is None else read_secret(settings.password_file),
        ca_file=settings.ca_file,
        timeout=settings.timeout.total_seconds(),
    )


def ucontact(loaded: Loaded) -> UContact:
    """A client of the API. Raises OSError and ValueError for an unusable token or CA file."""
    settings, delivery = loaded.settings.ucontact, loaded.settings.delivery
    return UContact(
        settings.url,
        TokenFile(settings.token_file),
        timeout=settings.timeout.total_seconds(),
        connect_timeout=settings.connect_timeout.total_seconds(),
        # Each hub may have all its requests in flight; a few hubs at a time share this many connections.
        connections=4 * delivery.max_in_flight,
        error_bodies=frozenset(settings.error_bodies),
        ca_file=settings.ca_file,
        user_agent=f"lead-connector/{connector.__version__}",
    )


def _kafka_problems(loaded: Loaded) -> Sequence[Problem]:
    try:
        settings = kafka_settings(loaded)
    except SecretFileError as error:
        return [loaded.problem(("kafka", "property_files"), str(error))]
    refusal = Clients(settings, lambda _message: None).refusal()
    return [] if refusal is None else [loaded.problem(("kafka", "properties"), refusal)]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
