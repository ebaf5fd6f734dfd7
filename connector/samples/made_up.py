"""Values that nobody has, but that look like what a field's name says.

Sources: numbering plans' example numbers (``phonenumbers``), domains for examples (RFC 2606), addresses for
documentation (RFC 5737).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import cache

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType
from phonenumbers import timezone as phone_timezone

from connector.leads.zones import resolve_zone

REGION = "UY"
"""Where a route says nothing of one."""
_SINCE = timedelta(minutes=2)
_AHEAD = timedelta(days=1)
_BIRTHDAY = datetime(1990, 5, 17, tzinfo=UTC)
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class Role(Enum):
    """What a value is used as."""

    PHONE = auto()
    EMAIL = auto()
    ZONE = auto()
    COUNTRY = auto()
    LATER = auto()
    """A time soon to come, as people write it: on their own clock."""
    EARLIER = auto()
    """A time just past, in UTC."""
    BIRTH = auto()
    NUMBER = auto()


_ROLES: tuple[tuple[frozenset[str], Role], ...] = (
    (frozenset({"email", "mail", "correo"}), Role.EMAIL),
    (frozenset({"timezone", "tz", "zone"}), Role.ZONE),
    (
        frozenset({"phone", "phones", "mobile", "cell", "cellphone", "tel", "telephone", "telefono", "msisdn",
                   "mobilephone", "celular", "whatsapp"}),
        Role.PHONE,
    ),
    (frozenset({"country"}), Role.COUNTRY),
    (frozenset({"birth", "birthday", "birthdate", "dob"}), Role.BIRTH),
)  # fmt: skip
_TIMES = frozenset({"time", "at", "date", "datetime", "timestamp", "created", "updated", "received", "submitted"})
_LATER = frozenset({"schedule", "scheduled", "call", "callback", "appointment", "preferred", "local", "due", "wanted"})
_WALL = frozenset({"local", "callback", "appointment"})
"""Of these, names that alone say that it is a time."""
_YES = frozenset({"consent", "granted", "accepted", "agreed", "subscribed", "active", "checked", "optin"})
_PLAIN: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"firstname", "given", "givenname", "first"}), "Ana"),
    (frozenset({"lastname", "family", "surname", "familyname", "last"}), "Sample"),
    (frozenset({"fullname", "full"}), "Ana Sample"),
    (frozenset({"company", "organization", "organisation"}), "Sample Company"),
    (frozenset({"city", "town"}), "Sample City"),
    (frozenset({"url", "uri", "link", "website", "referrer"}), "https://example.com/"),
    (frozenset({"ip"}), "192.0.2.1"),
    (frozenset({"currency"}), "USD"),
    (frozenset({"language", "lang", "locale"}), "en"),
)
_PEOPLE = frozenset({"person", "lead", "contact", "customer", "user", "traits", "applicant"})


def tokens(name: str) -> tuple[str, ...]:
    """``preferredCallTime`` as its words, in lower case."""
    return tuple(each.lower() for each in _TOKEN.findall(name))


def role_of(names: tuple[str, ...]) -> Role | None:
    """What a value in this place is probably used as: its own name says most, those around it less."""
    for name in reversed(names):
        words = frozenset((*tokens(name), "".join(tokens(name))))
        for known, role in _ROLES:
            if words & known:
                return role
        if words & (_TIMES | _WALL):
            around = {word for each in names[-3:] for word in tokens(each)}
            return Role.LATER if around & _LATER else Role.EARLIER
        if _named(words) is not None:
            return None
    return None


def means_yes(names: tuple[str, ...]) -> bool:
    """Whether true is what most leads have there."""
    return bool(frozenset(tokens(names[-1])) & _YES)


def _named(words: frozenset[str]) -> str | None:
    return next((text for known, text in _PLAIN if words & known), None)


@dataclass(frozen=True, slots=True)
class MadeUp:
    """Values of one region and zone, around one moment (milliseconds since the epoch)."""

    region: str
    zone: str
    now_ms: int

    def moment(self, role: Role | None) -> datetime:
        """In UTC, whole seconds."""
        now = datetime.fromtimestamp(self.now_ms // 1000, UTC)
        if role is Role.BIRTH:
            return _BIRTHDAY
        if role is Role.LATER:
            return (now + _AHEAD).replace(hour=10, minute=30, second=0)
        return now - _SINCE

    def text(self, names: tuple[str, ...], role: Role | None) -> str:
        """By its role, else by its name. Names that say nothing give a text that says whose it is."""
        match role:
            case Role.PHONE:
                return example_phone(self.region)
            case Role.EMAIL:
                return "ana.sample@example.com"
            case Role.ZONE:
                return self.zone
            case Role.COUNTRY:
                return self.region
            case Role.BIRTH:
                return self.moment(role).date().isoformat()
            case Role.LATER:
                return self.moment(role).strftime("%Y-%m-%dT%H:%M:%S")
            case Role.EARLIER:
                return self.moment(role).strftime("%Y-%m-%dT%H:%M:%SZ")
            case Role.NUMBER:
                return "1"
            case None:
                return self._plain(names)

    def _plain(self, names: tuple[str, ...]) -> str:
        for name in reversed(names):
            words = frozenset((*tokens(name), "".join(tokens(name))))
            if (found := _named(words)) is not None:
                return found
        around = frozenset(tokens(names[-2])) if len(names) > 1 else _PEOPLE
        if names and names[-1].lower() == "name" and around & _PEOPLE:
            return "Ana Sample"
        return f"sample {names[-1]}" if names else "sample"


@cache
def example_phone(region: str) -> str:
    """A mobile number that is valid there, in E.164."""
    number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
    number = number or phonenumbers.example_number(region)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164) if number else "+59894231234"


@cache
def zone_of(region: str) -> str | None:
    """The zone of its example number, where it is the only one."""
    zones = _zones_of(region)
    return resolve_zone(zones[0]) if len(zones) == 1 else None


@cache
def _zones_of(region: str) -> tuple[str, ...]:
    return tuple(phone_timezone.time_zones_for_number(phonenumbers.parse(example_phone(region), None)))


@cache
def region_in(zone: str) -> str | None:
    """A region whose example number may be in that zone: of several the one with the fewest, then the first by code."""
    regions = [each for each in phonenumbers.SUPPORTED_REGIONS if zone in _zones_of(each)]
    return min(regions, key=lambda each: (len(_zones_of(each)), each), default=None)
