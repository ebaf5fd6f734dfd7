"""What a sandbox is started with, as frozen data checked on construction."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType


class HubKind(StrEnum):
    """Kinds of outbound hub ("Contactos"). What uContact calls predictive and broadcast the page calls telephony: both
    take the same contacts, and so does a telephony hub of which the dialler is not told."""

    TELEPHONY = "telephony"
    PREDICTIVE = "predictive"
    BROADCAST = "broadcast"
    PREVIEW = "preview"
    SMS = "sms"
    WHATSAPP = "whatsapp"
    EMAIL = "email"


class Endpoint(StrEnum):
    """The API's two endpoints, as they stand in the URL ("Fresh leads", "Subir una lista")."""

    FRESH_LEADS = "freshLeads"
    LISTS = "lists"


DEFAULT_HUBS: Mapping[str, HubKind] = MappingProxyType(
    {
        "sales": HubKind.PREDICTIVE,
        "broadcast": HubKind.BROADCAST,
        "preview": HubKind.PREVIEW,
        "sms": HubKind.SMS,
        "whatsapp": HubKind.WHATSAPP,
        "mails": HubKind.EMAIL,
    }
)

# Not zoneinfo.available_timezones(): that also lists what this machine happens to have installed ('localtime').
# 'Factory' is IANA's own marker for "no zone set" and no place on earth.
ZONES: frozenset[str] = frozenset(files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()) - {"Factory"}
"""Every IANA time zone name and alias, in exact case."""


@dataclass(frozen=True, kw_only=True)
class SandboxSettings:
    """How one sandbox behaves. Raises ValueError, naming the setting, when a value makes no sense."""

    directory: Path
    """Holds the ledger and the SQLite files; created when missing; one sandbox at a time."""
    host: str = "127.0.0.1"
    port: int = 8090
    """0 takes any free port."""
    token: str | None = None
    """The bearer token asked for; None takes any that is not empty."""
    hubs: Mapping[str, HubKind | str] = field(default_factory=lambda: dict(DEFAULT_HUBS))
    """Hub name to kind."""
    timezones: Mapping[str, str] = field(default_factory=dict)
    """Hub name to IANA zone, for contacts without a ``timezone``; UTC for hubs that are not named."""
    call_rate: float = 5.0
    """Contacts 'called' a second and hub; 0 calls nobody."""
    list_load_seconds: float = 1.0
    """How long an uploaded list stays in the state loading."""
    max_body_bytes: int | None = None
    """Requests with a larger body get 413; None is no limit."""
    remembered_requests: int = 50_000
    """How many of the last requests ``/_sandbox/requests`` can show."""
    seed: int | None = None
    """Makes the random choices of faults (``share``, latencies) repeatable."""

    def __post_init__(self) -> None:
        kinds = {name: _kind(name, kind) for name, kind in self.hubs.items()}
        object.__setattr__(self, "hubs", MappingProxyType(kinds))
        object.__setattr__(self, "timezones", MappingProxyType(dict(self.timezones)))
        object.__setattr__(self, "directory", Path(self.directory))
        if not kinds:
            raise ValueError("hubs: at least one hub is needed")
        for hub, zone in self.timezones.items():
            if hub not in kinds:
                raise ValueError(f"timezones: {hub!r} is not one of the hubs")
            if zone not in ZONES:
                raise ValueError(f"timezones: {zone!r} (hub {hub!r}) is not an IANA time zone")
        if not 0 <= self.port <= 65_535:
            raise ValueError(f"port: {self.port} is not between 0 and 65535")
        if self.token is not None and not self.token.strip():
            raise ValueError("token: must not be empty")
        for name in ("call_rate", "list_load_seconds"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ValueError(f"{name}: {value} is not a number from 0 up")
        if self.max_body_bytes is not None and self.max_body_bytes < 1:
            raise ValueError(f"max_body_bytes: {self.max_body_bytes} is not at least 1")
        if self.remembered_requests < 1:
            raise ValueError(f"remembered_requests: {self.remembered_requests} is not at least 1")

    @property
    def kinds(self) -> Mapping[str, HubKind]:
        """Hub name to kind, every kind a HubKind."""
        return {name: HubKind(kind) for name, kind in self.hubs.items()}

    @property
    def ledger_path(self) -> Path:
        """The append-only ledger of accepted leads (``sandbox.ledger``)."""
        return self.directory / "ledger.jsonl"

    @property
    def database_path(self) -> Path:
        """The SQLite file of scheduled contacts and lists; can be deleted while stopped, the ledger rebuilds it."""
        return self.directory / "sandbox.sqlite"

    def zone(self, hub: str) -> str:
        """The zone in which a hub reads a scheduleDate that comes without one."""
        return self.timezones.get(hub, "UTC")


def _kind(name: str, kind: str) -> HubKind:
    if not name:
        raise ValueError("hubs: a hub's name must not be empty")
    try:
        return HubKind(kind)
    except ValueError:
        raise ValueError(f"hubs: {name!r} has kind {kind!r}; known kinds: {', '.join(HubKind)}") from None
