"""What a route is asked to do, as frozen data: written by configuration, read by the mapper.

Values are as they stand in YAML: a string is an expression, text with ``{{ }}`` a template, a quoted literal itself
(DESIGN.md, "Mapping side"). They are compiled and checked by ``leads.mapper``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import TypeAlias

YamlValue: TypeAlias = "bool | int | float | str | list[YamlValue] | dict[str, YamlValue] | None"


class Channel(StrEnum):
    """Kinds of outbound hub (uContact Automation API, "Contactos")."""

    TELEPHONY = "telephony"
    PREVIEW = "preview"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"


class Endpoint(StrEnum):
    """The API's two endpoints (uContact Automation API, "Subir una lista" and "Fresh leads")."""

    FRESH_LEADS = "freshLeads"
    LISTS = "lists"


class PastDates(StrEnum):
    """What happens to a call-back time that has passed by more than the grace."""

    ASAP = "asap"
    """Leave scheduleDate out: call now."""
    KEEP = "keep"
    """Send it as it is."""
    REJECT = "reject"
    """Set the lead aside."""


@dataclass(frozen=True, slots=True)
class ContactWindow:
    """When a person may be called, in local time. ``days`` are 1 (Monday) to 7; minutes count from midnight."""

    days: frozenset[int]
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True)
class ScheduleSpec:
    """The rules for ``scheduleDate`` of one route (DESIGN.md, "Schedule")."""

    past_dates: PastDates = PastDates.ASAP
    grace: timedelta = timedelta(0)
    window: ContactWindow | None = None


class PhoneFormat(StrEnum):
    """How phone numbers are sent."""

    AS_GIVEN = "as_given"
    """As the lead has them."""
    E164 = "e164"
    """``+59899123456``; numbers that are not valid are left out."""
    NATIONAL = "national"
    """``099123456``, as dialled within the region; of other countries E.164. Others are left out as for E.164."""


@dataclass(frozen=True, slots=True)
class PhoneSpec:
    """The rules for the phone numbers of one route. ``region``: for numbers without a country code; see ``regions``."""

    format: PhoneFormat = PhoneFormat.AS_GIVEN
    region: YamlValue = None


@dataclass(frozen=True, slots=True)
class ListSpec:
    """The lists of a route: their name, and when one is sent."""

    name: YamlValue
    max_leads: int = 500
    max_wait: timedelta = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RouteSpec:
    """One route: which leads it takes and what request they become."""

    name: str
    hub: YamlValue
    channel: Channel
    contact: dict[str, YamlValue]
    endpoint: Endpoint = Endpoint.FRESH_LEADS
    when: YamlValue = None
    topics: tuple[str, ...] = ()
    """Names, or patterns that begin with ^; empty takes every topic."""
    list: ListSpec | None = None
    """For the endpoint ``lists`` only, which needs it."""
    records: tuple[str, ...] = ()
    """Full names of reader schemas; empty takes every record type."""
    max_age: timedelta | None = None
    schedule: ScheduleSpec = field(default_factory=ScheduleSpec)
    phones: PhoneSpec = field(default_factory=PhoneSpec)
    goes_on: bool = False
    """The routes below are tried too, whether or not this one takes the lead."""


@dataclass(frozen=True, slots=True)
class ListedSpec:
    """A look-up in a suppression list. ``file`` names the list among those that the mapper is given."""

    value: YamlValue
    file: str


@dataclass(frozen=True, slots=True)
class FilterSpec:
    """One filter: the leads for which ``when`` holds, or that are ``listed``, are not called. Exactly one is given."""

    name: str
    when: YamlValue = None
    listed: ListedSpec | None = None


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """All that the mapper is built from: filters and routes in order, and where a lead's id and time stand in the
    event."""

    routes: tuple[RouteSpec, ...]
    lead_id: YamlValue = "eventId"
    event_time: YamlValue = "occurredAt"
    duplicate_key: YamlValue = None
    """What two events of the same lead share; None where no duplicates are looked for."""
    filters: tuple[FilterSpec, ...] = ()
    """Tried before the routes."""
    filter_unmatched: bool = False
    """A lead that no route takes is filtered instead of dead-lettered."""


@dataclass(frozen=True, slots=True)
class SpecProblem:
    """Something wrong in a spec. ``path`` leads to it as in the configuration: ("routes", 0, "contact", "agent")."""

    path: tuple[str | int, ...]
    message: str
    hint: str = ""
