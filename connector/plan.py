"""From a configuration to what it stands for: schemas parsed, mapping compiled, settings in the rooms' own types.

Everything that can be wrong without asking the network is found here, all of it at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from connector.config import ConfigurationError, Loaded, NotGiven, Problem, SecretFileError, draft_mapping
from connector.config.files import blocks, read_text, unusable
from connector.kafka.clients import Clients
from connector.kafka.journal import ALWAYS_FIT
from connector.leads.decode import Decoder, ReaderSchema, SchemaError
from connector.leads.mapper import Mapper, MappingError
from connector.leads.record_types import MapperByRecord
from connector.leads.spec import MappingSpec
from connector.leads.suppression import Entries, Listed
from connector.leads.tables import Table
from connector.parts import kafka_settings, registry
from connector.reread import RereadFile
from connector.suppression import SuppressionFile
from connector.tables import TableFile
from connector.ucontact.client import url_problem
from connector.ucontact.tls import TlsFiles
from connector.ucontact.token import TokenFile
from connector.watched import Unusable

_FILE_PROPERTY = re.compile(r".*(?:location|paths?|keytab|file|providers)")
"""librdkafka's names for properties that are files."""
_SEPARATOR = re.compile(r"[,;]")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a configuration does with a lead. ``tzdata`` is the version of the time zone database; ``lists`` has the
    suppression lists by the names of their files, ``tables`` those of ``lookup`` by their names; ``warnings`` is what
    works, but not for every lead or hardly as meant."""

    decoder: Decoder
    mapper: Mapper | MapperByRecord
    readers: tuple[ReaderSchema, ...]
    """The main one first."""
    tzdata: str
    lists: Mapping[str, SuppressionFile]
    tables: Mapping[str, TableFile]
    paused: frozenset[str] = frozenset()
    """Names of the routes whose leads wait."""
    warnings: tuple[Problem, ...] = ()

    @property
    def files(self) -> list[RereadFile[Any]]:
        """What is read again when it changes."""
        return [*self.lists.values(), *self.tables.values()]

    @property
    def reader(self) -> ReaderSchema:
        """The main reader schema."""
        return self.readers[0]


class Connection(Enum):
    """What the connector connects to."""

    KAFKA = "kafka"
    REGISTRY = "registry"
    API = "api"


ALL = frozenset(Connection)


@dataclass(frozen=True, slots=True)
class Draft:
    """What could be made of a configuration: a plan, unless there are ``problems``. ``unchecked`` names the parts that
    other problems kept from being looked at."""

    plan: Plan | None
    problems: list[Problem]
    unchecked: list[str]


def make_plan(loaded: Loaded, *, connections: frozenset[Connection] = ALL) -> Plan:
    """Compile schemas and mapping. Reads the schema files, suppression lists and tables, and imports the functions that
    the mapping names.

    What a connection needs (secrets, CA files, librdkafka's properties) is looked at only for ``connections``.
    Raises ConfigurationError with every problem, each with its place.
    """
    draft = draft_plan(loaded, connections=connections)
    if draft.plan is None or draft.problems:
        raise ConfigurationError(draft.problems)
    return draft.plan


def draft_plan(loaded: Loaded, *, connections: frozenset[Connection] = ALL) -> Draft:
    """As ``make_plan``, as far as it goes with settings that may be partial (``config.examine``). Never raises."""
    problems: list[Problem] = []
    unchecked: list[str] = []
    readers = decoder = mapper = None
    lists: dict[str, SuppressionFile] = {}
    tables: dict[str, TableFile] = {}
    with _unless_not_given("the schemas", unchecked):
        readers = _readers(loaded, problems)
    with _unless_not_given("the filters", unchecked):
        lists = _lists(loaded, problems)
    with _unless_not_given("the tables", unchecked):
        tables = _tables(loaded, problems)
    if readers is not None:
        with _unless_not_given("the formats", unchecked):
            decoder = _decoder(loaded, readers, problems)
        with _unless_not_given("the mapping", unchecked):
            spec, left_out = _mapping(loaded)
            unchecked += left_out
            mapper = _mapper(loaded, spec, readers, lists, tables, problems)
    else:
        unchecked.append("the mapping")
    for connection, part, check in (
        (Connection.KAFKA, "the librdkafka properties", _kafka_problems),
        (Connection.REGISTRY, "the registry's settings", _registry_problems),
        (Connection.API, "the API's settings", _api_problems),
    ):
        if connection in connections:
            with _unless_not_given(part, unchecked):
                problems += check(loaded)
    if problems or unchecked or readers is None or decoder is None or mapper is None:
        return Draft(None, problems, unchecked)
    warnings = tuple(loaded.problem(each.path, each.message, each.hint) for each in mapper.warnings)
    paused = frozenset(route.name for route in loaded.settings.routes if route.paused)
    plan = Plan(decoder, mapper, readers, version("tzdata"), lists, tables, paused, warnings)
    return Draft(plan, problems, unchecked)


@contextmanager
def _unless_not_given(part: str, unchecked: list[str]) -> Iterator[None]:
    try:
        yield
    except NotGiven:
        unchecked.append(part)


def _readers(loaded: Loaded, problems: list[Problem]) -> tuple[ReaderSchema, ...] | None:
    schemas = loaded.settings.schemas
    files: list[tuple[tuple[str | int, ...], Path]] = [(("reader",), schemas.reader)]
    files += [(("readers", index), path) for index, path in enumerate(schemas.readers)]
    readers: dict[str, ReaderSchema] = {}
    sound = True
    for place, path in files:
        reader = _reader(loaded, ("schemas", *place), path, problems)
        sound = sound and reader is not None
        if reader is not None and readers.setdefault(reader.fullname, reader) is not reader:
            sound = False
            message = f"{path}: another reader schema has the name {reader.fullname} too"
            problems.append(loaded.problem(("schemas", *place), message, "One schema for each record type"))
    return tuple(readers.values()) if sound else None


def _reader(loaded: Loaded, place: tuple[str | int, ...], path: Path, problems: list[Problem]) -> ReaderSchema | None:
    try:
        return ReaderSchema.parse(read_text(path))
    except (SchemaError, UnicodeDecodeError) as error:
        hint, message = "It must be an Avro record", str(error)
    except OSError as error:
        hint, message = "Name the Avro schema that leads are read as", (error.strerror or "cannot be read").lower()
    problems.append(loaded.problem(place, f"{path}: {message}", hint))
    return None


def _decoder(loaded: Loaded, readers: Sequence[ReaderSchema], problems: list[Problem]) -> Decoder | None:
    schemas = loaded.settings.schemas
    try:
        return Decoder(
            readers[0],
            others=readers[1:],
            default=schemas.format,
            formats=schemas.formats,
            bare_writer=None if schemas.writer is None else read_text(schemas.writer),
            single_object_writers=[read_text(path) for path in schemas.writers],
        )
    except (SchemaError, OSError, UnicodeDecodeError) as error:
        key = "writers" if schemas.writers and schemas.writer is None else "writer"
        problems.append(loaded.problem(("schemas", key), str(error)))
        return None


def _lists(loaded: Loaded, problems: list[Problem]) -> dict[str, SuppressionFile]:
    """The suppression lists that the filters name, each once."""
    lists: dict[str, SuppressionFile] = {}
    for index, each in enumerate(loaded.settings.filters):
        if each.listed is not None and (name := str(each.listed.file)) not in lists:
            try:
                lists[name] = SuppressionFile(each.listed.file)
            except Unusable as error:
                problems.append(loaded.problem(("filters", index, "listed", "file"), str(error)))
    return lists


def _tables(loaded: Loaded, problems: list[Problem]) -> dict[str, TableFile]:
    """The tables by their names."""
    tables: dict[str, TableFile] = {}
    for name, path in loaded.settings.tables.items():
        try:
            tables[name] = TableFile(path)
        except Unusable as error:
            problems.append(loaded.problem(("tables", name), str(error)))
    return tables


def _mapping(loaded: Loaded) -> tuple[MappingSpec, list[str]]:
    """The mapping, and what other problems keep from being looked at in it."""
    try:
        return loaded.settings.mapping(), []
    except NotGiven:
        return draft_mapping(loaded.settings)


def _mapper(
    loaded: Loaded,
    spec: MappingSpec,
    readers: Sequence[ReaderSchema],
    lists: Mapping[str, Listed],
    tables: Mapping[str, Table],
    problems: list[Problem],
) -> Mapper | MapperByRecord | None:
    missing: dict[str, Listed] = {each.listed.file: Entries() for each in spec.filters if each.listed is not None}
    unusable_tables: dict[str, Table] = {name: {} for name in loaded.settings.tables}

    def make(spec: MappingSpec, schema: Mapping[str, object]) -> Mapper:
        return Mapper(spec, schema, {**missing, **lists}, {**unusable_tables, **tables})

    try:
        if len(readers) == 1 and not any(route.records for route in spec.routes):
            return make(spec, readers[0].raw)
        return MapperByRecord(spec, [(reader.fullname, reader.raw) for reader in readers], make)
    except MappingError as error:
        problems += [loaded.problem(each.path, each.message, each.hint) for each in error.problems]
        return None


def _kafka_problems(loaded: Loaded) -> Sequence[Problem]:
    try:
        settings = kafka_settings(loaded)
    except SecretFileError as error:
        return [loaded.problem(("kafka", "property_files"), str(error))]
    if unreadable := list(_endless_files(loaded, settings.properties)):
        return unreadable  # librdkafka would open them
    clients = Clients(settings, lambda _message: None)
    problems: list[Problem] = []
    if settings.write_intents and loaded.settings.delivery.batch.max_leads > ALWAYS_FIT:
        message = f"a batch of more than {ALWAYS_FIT} leads does not fit into what crash_safety: park writes down"
        problems.append(loaded.problem(("delivery", "batch", "max_leads"), message, f"At most {ALWAYS_FIT}"))
    for index, route in enumerate(loaded.settings.routes):
        if settings.write_intents and route.list is not None and route.list.max_leads > ALWAYS_FIT:
            message = f"a list of more than {ALWAYS_FIT} leads does not fit into what crash_safety: park writes down"
            problems.append(loaded.problem(("routes", index, "list", "max_leads"), message, f"At most {ALWAYS_FIT}"))
    if (refusal := clients.refusal()) is not None:
        problems.append(loaded.problem(("kafka", "properties"), refusal))
    if (refusal := clients.subscription_refusal()) is not None:
        hint = "Use a POSIX extended regular expression: it has no lookahead and no \\d"
        problems.append(loaded.problem(("kafka", "topics"), refusal, hint))
    return problems


def _endless_files(loaded: Loaded, properties: Mapping[str, str]) -> Iterator[Problem]:
    """The files that librdkafka's properties name and that it would wait for without end, as it opens them at once."""
    for name, value in properties.items():
        if _FILE_PROPERTY.fullmatch(name):
            # Some take several files; a semicolon or comma in the name of one is as good as never there.
            for path in (value, *_SEPARATOR.split(value)):
                if path.strip() and blocks(Path(path.strip())):
                    section = "property_files" if name in loaded.settings.kafka.property_files else "properties"
                    message = f"{path.strip()}: this is not a regular file"
                    yield loaded.problem(("kafka", section, name), message, "Name a file, not a pipe or a device")
                    break


def _registry_problems(loaded: Loaded) -> Sequence[Problem]:
    settings = loaded.settings.schemas.registry
    if settings is not None and settings.ca_file is not None and (message := unusable(settings.ca_file, secret=False)):
        return [loaded.problem(("schemas", "registry", "ca_file"), f"{settings.ca_file}: {message}")]
    try:
        registry(loaded)  # connects to nothing, so there is nothing to close
    except SecretFileError as error:
        return [loaded.problem(("schemas", "registry", "password_file"), str(error))]
    except ValueError as error:
        return [loaded.problem(("schemas", "registry"), str(error))]
    return []


def _api_problems(loaded: Loaded) -> Sequence[Problem]:
    """What would keep the client from being made; that the files are there is for ``config.load`` to say."""
    settings = loaded.settings.ucontact
    problems: list[Problem] = []
    if settings.base_url is not None and (message := url_problem(settings.base_url)):
        problems.append(loaded.problem(("ucontact", "base_url"), message, "Correct the host in it"))
    try:
        TokenFile(settings.token_file)
    except Unusable as error:
        problems.append(loaded.problem(("ucontact", "token_file"), str(error)))
    files = TlsFiles(settings.ca_file, settings.client_certificate, settings.client_key)
    problems += [loaded.problem(("ucontact", each.part), each.message, each.hint) for each in files.problems()]
    found = {problem.path for problem in problems}
    if settings.url.startswith("http:"):
        for key in ("ca_file", "client_certificate"):
            if getattr(settings, key) is not None and f"ucontact.{key}" not in found:
                message, hint = "ucontact.base_url is http, which has no TLS", "Use https, or leave this out"
                problems.append(loaded.problem(("ucontact", key), message, hint))
    return problems
