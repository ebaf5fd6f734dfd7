"""The whole configuration, and what the rooms take from it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from connector.config.delivery import DeliverySettings
from connector.config.kafka import KafkaSettings
from connector.config.names import Listen, TopicName
from connector.config.routes import LeadSettings, RouteSettings, yaml_value
from connector.config.schemas import SchemasSettings
from connector.config.section import Section, Shown, default
from connector.config.ucontact import UcontactSettings
from connector.leads.spec import MappingSpec


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


class ReceiptsSettings(Section):
    """A record of what was delivered. This version does not write it yet."""

    topic: TopicName = Field(examples=["leads.receipts"])
    """Topic for receipts."""


class TelemetrySettings(Section):
    """Health, metrics and log."""

    listen: Listen = default("0.0.0.0:9464")
    """Address of `/livez`, `/readyz`, `/startupz`, `/metrics` and the status page; port 0 takes any free one, `off` \
is none."""
    log_format: LogFormat = default("auto")
    """`json`: one object a line; `console`: for people; `auto`: console on a terminal, else JSON."""
    log_level: LogLevel = default("info")
    """Least important events to write. Personal data appears at `debug` only, masked."""


RouteList: TypeAlias = Annotated[tuple[RouteSettings, ...], Shown("list of routes", yaml=True)]


class Settings(Section):
    """Configuration of the lead connector."""

    kafka: KafkaSettings
    schemas: SchemasSettings
    ucontact: UcontactSettings
    lead: LeadSettings = default({})
    routes: RouteList = Field(min_length=1)
    """Routes in order; the first that matches takes the lead."""
    delivery: DeliverySettings = default({})
    dead_letters: DeadLettersSettings
    receipts: ReceiptsSettings | None = None
    telemetry: TelemetrySettings = default({})

    def mapping(self) -> MappingSpec:
        """Return what the mapper is built from. Paths in its problems can be given to ``Loaded.problem``."""
        return MappingSpec(
            routes=tuple(route.spec() for route in self.routes),
            lead_id=yaml_value(self.lead.id),
            event_time=yaml_value(self.lead.event_time),
        )
