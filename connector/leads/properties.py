"""The properties of a contact, in one table (uContact Automation API, "Contactos").

``general`` ("Propiedades generales") for every channel; telephony for telephony and preview hubs; text properties for
SMS, WhatsApp and email; ``scheduleDate`` for fresh leads only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from connector.leads.spec import Channel, Endpoint


class Kind(Enum):
    """What a property holds."""

    TEXT = auto()
    IDENTIFIER = auto()
    INTEGER = auto()
    OBJECT = auto()
    PHONE = auto()
    PHONES = auto()
    EMAIL = auto()
    TEXTS = auto()
    ZONE = auto()
    SCHEDULE = auto()


_ALL = frozenset(Channel)
_VOICE = frozenset({Channel.TELEPHONY, Channel.PREVIEW})
_MESSAGES = frozenset({Channel.SMS, Channel.WHATSAPP})
_EMAIL = frozenset({Channel.EMAIL})
_BOTH = frozenset(Endpoint)


@dataclass(frozen=True, slots=True)
class Property:
    """One row of the API page."""

    name: str
    kind: Kind
    channels: frozenset[Channel] = _ALL
    required: bool = False
    endpoints: frozenset[Endpoint] = _BOTH


PROPERTIES: tuple[Property, ...] = (
    Property("clientIds", Kind.PHONES, _VOICE, required=True),
    Property("clientId", Kind.PHONE, _MESSAGES, required=True),
    Property("clientId", Kind.EMAIL, _EMAIL, required=True),
    Property("timezone", Kind.ZONE),
    Property("scheduleDate", Kind.SCHEDULE, endpoints=frozenset({Endpoint.FRESH_LEADS})),
    Property("priority", Kind.INTEGER),
    Property("contactId", Kind.IDENTIFIER),
    Property("agent", Kind.TEXT, frozenset({Channel.PREVIEW})),
    Property("subject", Kind.TEXT, _EMAIL),
    Property("content", Kind.TEXT, _MESSAGES | _EMAIL),
    Property("template", Kind.TEXT, _MESSAGES | _EMAIL),
    Property("attachments", Kind.TEXTS, _EMAIL),
    Property("data", Kind.OBJECT),
)


def elsewhere(name: str, channel: Channel) -> str:
    """Where a property that a contact does not take is one, in words; empty where no contact takes it."""
    rows = [row for row in PROPERTIES if row.name == name]
    if any(channel in row.channels for row in rows):
        return f"only for {', '.join(sorted({each for row in rows for each in row.endpoints}))}"
    return (
        f"only for {', '.join(each for each in Channel if any(each in row.channels for row in rows))}" if rows else ""
    )


def properties_of(channel: Channel, endpoint: Endpoint) -> dict[str, Property]:
    """The properties a contact may have, by name, in the order in which they are sent."""
    return {row.name: row for row in PROPERTIES if channel in row.channels and endpoint in row.endpoints}


_WORDS = frozenset({"string", "enum", "uuid", "int", "long", "decimal", "timestamp", "local timestamp", "date", "time"})
# A number that is dialled: text of any kind, or digits. An enum's symbol begins with a letter, and a decimal may have a
# fraction; floating point has lost digits already.
_DIALLED = frozenset({"string", "int", "long"})

KEY_KINDS = frozenset({"string", "enum", "uuid", "int", "long"})
"""The Avro types that can tell one lead from another: a lead's id, and the key of the duplicate window."""

FITTING: dict[Kind, frozenset[str]] = {
    Kind.TEXT: _WORDS,
    Kind.IDENTIFIER: _WORDS,
    Kind.INTEGER: frozenset({"int", "long"}),
    Kind.OBJECT: frozenset({"record", "map"}),
    Kind.PHONE: _DIALLED,
    Kind.PHONES: _DIALLED | {"array"},
    Kind.EMAIL: frozenset({"string"}),
    Kind.TEXTS: _WORDS | {"array"},
    Kind.ZONE: frozenset({"string", "enum"}),
    Kind.SCHEDULE: frozenset({"timestamp", "local timestamp", "int", "long", "string", "record"}),
}
"""The Avro types from which a property can be made; an expression none of whose types fits is refused at start. What an
array holds is looked at too."""
