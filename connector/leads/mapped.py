"""A lead ready to be sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from connector.leads.dropped import Dropped
from connector.leads.outcome import SetAside
from connector.leads.spec import Endpoint


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a request goes: leads with equal destinations may share one."""

    hub: str
    endpoint: Endpoint = Endpoint.FRESH_LEADS
    filename: str | None = None
    """The list's name, for the endpoint ``lists``."""


class Collect(NamedTuple):
    """For how long leads for a list are collected before it is sent."""

    max_leads: int
    max_wait: float
    """Seconds from its first lead on."""


class MappedLead(NamedTuple):
    """One lead as the API takes it. A named tuple, for one is made for every lead: a frozen dataclass costs twice.

    ``body`` is the contact as UTF-8 JSON, made once; a batch joins these bytes. ``event_time_ms`` is milliseconds
    since the epoch. ``hub_from_event`` says that the hub's name was computed from the event, so an unknown hub is the
    lead's mistake and not the configuration's. ``expires_at_ms`` is when the route's max_age is reached, in
    milliseconds since the epoch (None: never). ``duplicate_key`` is what the duplicate window knows it by (None: no
    window, or the lead has no key). ``collect`` is set for a lead that goes into a list. ``dropped`` says which phone
    numbers of the lead the contact lacks.
    """

    lead_id: str
    event_time_ms: int | None
    route: str
    destination: Destination
    body: bytes
    hub_from_event: bool = False
    expires_at_ms: int | None = None
    duplicate_key: str | None = None
    collect: Collect | None = None
    dropped: tuple[Dropped, ...] = ()


class Part(NamedTuple):
    """What one of several routes makes of a lead."""

    route: str
    result: MappedLead | SetAside


@dataclass(frozen=True, slots=True)
class Parts:
    """A lead that several routes take: two parts at least, in the order of the routes."""

    each: tuple[Part, ...]
