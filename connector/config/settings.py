"""The whole configuration, and what the rooms take from it."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field, WithJsonSchema

from connector.config.delivery import DeliverySettings
from connector.config.kafka import KafkaSettings
from connector.config.names import Expression, File, Listen, ReferencedFile, Text, TopicName
from connector.config.problems import quote, refuse
from connector.config.quantities import Count, PositiveDuration
from connector.config.routes import LeadSettings, RouteSettings, yaml_value
from connector.config.schemas import SchemasSettings
from connector.config.section import Section, Shown, default
from connector.config.ucontact import UcontactSettings
from connector.leads.spec import FilterSpec, ListedSpec, MappingSpec

_TABLE_NAME = re.compile(r"[A-Za-z0-9_-]{1,100}")


class LogFormat(StrEnum):
    """How the log is written."""

    AUTO = "auto"
    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least important events that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class DeadLettersSettings(Section):
    """Where leads go that cannot be delivered, with the reason."""

    topic: TopicName = Field(examples=["leads.dead"])
    """Topic for dead letters; must exist or be made by the broker, and must not be one that is read."""


class ReviewSettings(Section):
    """Where leads go of which nobody knows whether they arrived, for people to decide (`on_ambiguous: park`, \
`crash_safety: park`)."""

    topic: TopicName = Field(examples=["leads.review"])
    """Topic for them; must exist or be made by the broker, and must not be one that is read."""


class RetriesSettings(Section):
    """Where leads wait whose hub takes nothing for longer than `delivery.park_after`. The connector reads them back \
itself, oldest first."""

    topic: TopicName = Field(examples=["leads.retry"])
    """Topic for them; must exist or be made by the broker. Leads of a hub share a partition, so give it some; it must \
not be among `kafka.topics`."""
    pause: PositiveDuration = default("30s")
    """Time that a lead rests there at least."""


class ReceiptsSettings(Section):
    """One small message for each outcome: what became of which lead, when, and where. No personal data but the id."""

    topic: TopicName = Field(examples=["leads.receipts"])
    """Topic for receipts: compacted, with at least as many partitions as the topics that are read (a receipt goes to \
the partition number of its record)."""


class DuplicatesSettings(Section):
    """Leads that were delivered already are not sent again: their outcome is `duplicate`. Looked for within a \
partition; with `receipts` also across restarts."""

    key: Expression = Field(examples=["eventId"])
    """Expression for what two events of one lead share: text or a whole number. A lead without it is never a \
duplicate; text made of parts, as `"{{ a }}-{{ b }}"`, is never empty, so use a field that every lead has."""
    window: PositiveDuration = default("24h")
    """For how long a delivered lead is remembered."""
    max_keys: Count = default(100_000, le=10_000_000)
    """Most leads remembered; the oldest are forgotten first. About 250 bytes each."""


class TelemetrySettings(Section):
    """Health, metrics, log and traces."""

    listen: Listen = default("0.0.0.0:9464")
    """Address of `/livez`, `/readyz`, `/startupz`, `/metrics` and the status page; port 0 takes any free one, `off` \
is none."""
    log_format: LogFormat = default("auto")
    """`json`: one object a line; `console`: for people; `auto`: console on a terminal, else JSON."""
    log_level: LogLevel = default("info")
    """Least important events to write: at `debug` one for each batch and each lead set aside. Personal data \
appears at none; leads are named by topic, partition and offset."""
    traces: bool = default(False)
    """Whether a span is exported for each request with leads (OpenTelemetry, OTLP over HTTP), linked to the traces of \
its records. Where to, the standard variables `OTEL_*` say. Needs the extra `otel`."""


class ListedSettings(Section):
    """A look-up in a suppression list: a lead with a value on the list is filtered."""

    value: Expression = Field(examples=["person.phones"])
    """Expression for what is looked up: text, or a list of texts. Upper and lower case, and blanks around it, are the \
same; phone numbers are compared by their digits."""
    file: File = Field(examples=["/etc/lead-connector/suppressed.txt"])
    """UTF-8 text with one entry a line; `#` begins a comment. At most 64 MiB. It is read again when it changes."""


class FilterSettings(Section):
    """One filter. Filters come before the routes, in order; a lead that one takes is not called and kept nowhere: its \
outcome is `filtered`. Each has one of `when` and `listed`."""

    name: Text = Field(examples=["test-leads"])
    """Unique name, for logs and receipts."""
    when: Expression = Field(default=None, examples=["source.isTest"])
    """Condition: an expression over the event. A lead for which it holds is filtered."""
    listed: ListedSettings | None = None

    def spec(self) -> FilterSpec:
        """Return the filter as the mapper takes it."""
        listed = self.listed
        look_up = None if listed is None else ListedSpec(yaml_value(listed.value), str(listed.file))
        return FilterSpec(self.name, yaml_value(self.when), look_up)


class Unmatched(StrEnum):
    """What becomes of a lead that no route takes."""

    DEAD_LETTER = "dead_letter"
    FILTER = "filter"


def _table_name(value: str) -> str:
    if not _TABLE_NAME.fullmatch(value):
        raise refuse(f"{quote(value)} is not a table's name", "Use letters, digits, underscores and hyphens")
    return value


Tables: TypeAlias = Annotated[
    dict[Annotated[str, AfterValidator(_table_name)], File],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string", "minLength": 1}}),
    ReferencedFile(secret=False),
    Shown("map of name to file", yaml=True),
]
FilterList: TypeAlias = Annotated[tuple[FilterSettings, ...], Shown("list of filters", yaml=True)]
RouteList: TypeAlias = Annotated[tuple[RouteSettings, ...], Shown("list of routes", yaml=True)]


class Settings(Section):
    """Configuration of the lead connector."""

    kafka: KafkaSettings
    schemas: SchemasSettings
    ucontact: UcontactSettings
    lead: LeadSettings = default({})
    tables: Tables = default({}, examples=[{"campaigns": "campaigns.csv"}])
    """Tables for the filter `lookup`, by name: `.csv` below the header `key,value`, `.yaml` or `.json`. They are read \
again when they change."""
    filters: FilterList = default([])
    """Filters in order, before the routes: leads that are not to be called."""
    routes: RouteList = Field(min_length=1)
    """Routes in order; the first that matches takes the lead, unless it has `continue`."""
    unmatched: Unmatched = default("dead_letter")
    """What becomes of a lead that no route takes: `dead_letter` sets it aside, `filter` drops it as a filter does \
(outcome `filtered`); its reason is `no_route` in both."""
    delivery: DeliverySettings = default({})
    dead_letters: DeadLettersSettings
    review: ReviewSettings | None = None
    retries: RetriesSettings | None = None
    receipts: ReceiptsSettings | None = None
    duplicates: DuplicatesSettings | None = None
    telemetry: TelemetrySettings = default({})

    def mapping(self) -> MappingSpec:
        """Return what the mapper is built from. Paths in its problems can be given to ``Loaded.problem``."""
        return MappingSpec(
            routes=tuple(route.spec() for route in self.routes),
            lead_id=yaml_value(self.lead.id),
            event_time=yaml_value(self.lead.event_time),
            filters=tuple(each.spec() for each in self.filters),
            filter_unmatched=self.unmatched is Unmatched.FILTER,
            duplicate_key=None if self.duplicates is None else yaml_value(self.duplicates.key),
        )
