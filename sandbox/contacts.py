"""The rules for requests and contacts, word for word those of the API page ("Request Body", "Contactos"). Pure.

Strict on purpose: a property that the page does not list for a hub's kind and endpoint is an error, and so is null, so
that a client's mistakes are found here and not in production.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sandbox.settings import ZONES, Endpoint, HubKind

Check: TypeAlias = Callable[[Any], "str | None"]
"""Looks at one value: None when it is right, else what is wrong with it."""

MAX_PROBLEMS = 50
"""Problems reported for one request; a batch of thousands that are all wrong needs no longer answer."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request. ``index`` is the contact's place in the array, None for the request itself."""

    index: int | None
    property: str
    message: str

    def as_json(self) -> dict[str, object]:
        """The problem as it stands in an error answer."""
        return {"index": self.index, "property": self.property, "message": self.message}


@dataclass(frozen=True, slots=True)
class Upload:
    """A request body that follows the page: contacts as received, whom each stands for and, for a list, its name."""

    contacts: list[dict[str, Any]]
    leads: list[str]
    filename: str | None


def check_body(kind: HubKind, endpoint: Endpoint, body: object) -> Upload | list[Problem]:
    """Checks a decoded request body for a hub of ``kind``; every problem of every contact, up to MAX_PROBLEMS."""
    array, expected = _SHAPES[endpoint]
    if not isinstance(body, dict):
        return [Problem(None, "", f"the body must be a JSON object, not {_type(body)}")]
    problems = [Problem(None, name, "is not a property of this request") for name in body if name not in expected]
    problems += [Problem(None, name, "is required") for name in expected if name not in body]
    if problems:
        return problems[:MAX_PROBLEMS]
    filename, contacts = body.get("filename"), body[array]
    if "filename" in expected and not isinstance(filename, str):
        return [Problem(None, "filename", f"must be a String, not {_type(filename)}")]
    if filename == "":
        return [Problem(None, "filename", "must not be empty")]
    if not isinstance(contacts, list):
        return [Problem(None, array, f"must be an Array, not {_type(contacts)}")]
    rules, required = _RULES[kind, endpoint]
    for index, contact in enumerate(contacts):
        if not isinstance(contact, dict):
            problems.append(Problem(index, "", f"a contact must be an Object, not {_type(contact)}"))
            continue
        for name, value in contact.items():
            check = rules.get(name)
            if check is None:
                message = f"is not a property of {kind} contacts of {endpoint}"
                problems.append(Problem(index, name, message))
            elif (wrong := check(value)) is not None:
                problems.append(Problem(index, name, wrong))
        if required not in contact:
            problems.append(Problem(index, required, "is required"))
        if len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        return problems[:MAX_PROBLEMS]
    return Upload(contacts, [lead_identity(contact) for contact in contacts], filename)


def lead_identity(contact: Mapping[str, Any]) -> str:
    """Whom a contact stands for: ``data.id`` or ``data.eventId``, else ``contactId``, else its first client id."""
    data = contact.get("data")
    if data:
        for name in ("id", "eventId"):
            value = data.get(name)
            if isinstance(value, str | int) and value != "":
                return str(value)
    identity = contact.get("contactId") or contact.get("clientId") or contact["clientIds"][0]
    return str(identity)


def _type(value: object) -> str:
    """The JSON name of a value's type."""
    names: dict[type, str] = {dict: "Object", list: "Array", str: "String", bool: "Boolean", int: "Integer"}
    return "null" if value is None else names.get(type(value), "Number")


def _string(value: object) -> str | None:
    return None if isinstance(value, str) else f"must be a String, not {_type(value)}"


def _object(value: object) -> str | None:
    return None if isinstance(value, dict) else f"must be an Object, not {_type(value)}"


def _integer(value: object) -> str | None:
    return None if type(value) is int else f"must be an Integer, not {_type(value)}"


def _strings(value: object) -> str | None:
    if not isinstance(value, list):
        return f"must be an Array of Strings, not {_type(value)}"
    return next((f"item {i} must be a String, not {_type(v)}" for i, v in enumerate(value) if type(v) is not str), None)


def _timezone(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a String, not {_type(value)}"
    return None if value in ZONES else f"{value!r} is not an IANA time zone"


# The page's examples: "1567890" and "+1 (425) 671-5523". Also written: "(+598) 99 123 456".
_PHONE = re.compile(r"[ (]*\+?[0-9 ().\-/]+")
_PHONE_DIGITS = range(3, 21)
_EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>.]+(\.[^@\s,;<>.]+)+")
# Spelled out, because datetime alone takes other ISO forms and, from Python 3.13 on, 24:00:00.
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} ([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]")


def _phone(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a String with a phone number, not {_type(value)}"
    if _PHONE.fullmatch(value) and sum(map(str.isdigit, value)) in _PHONE_DIGITS:
        return None
    return f"{value!r} is not a phone number"


def _phones(value: object) -> str | None:
    if not isinstance(value, list):
        return f"must be an Array of phone numbers, not {_type(value)}"
    if not value:
        return "must not be empty"
    for place, item in enumerate(value):
        # The page's type says Integer, its examples are strings: both are right.
        wrong = _phone(str(item)) if type(item) is int else _phone(item)
        if wrong is not None:
            return f"item {place} {wrong}"
    return None


def _email(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a String with an email address, not {_type(value)}"
    return None if _EMAIL.fullmatch(value) else f"{value!r} is not an email address"


def _schedule_date(value: object) -> str | None:
    if not isinstance(value, str):
        return f"must be a String, not {_type(value)}"
    if not _DATE.fullmatch(value):
        return f"{value!r} is not in the format yyyy-MM-dd HH:mm:ss"
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return f"{value!r} is not a date of the calendar"
    return None


_SHAPES: Mapping[Endpoint, tuple[str, tuple[str, ...]]] = {
    Endpoint.FRESH_LEADS: ("leads", ("leads",)),
    Endpoint.LISTS: ("list", ("filename", "list")),
}
"""Endpoint to the name of the contacts' array and all properties of the body ("Request Body"), every one required."""

_GENERAL: Mapping[str, Check] = {"timezone": _timezone, "data": _object, "priority": _integer, "contactId": _string}
_TEXT: Mapping[str, Check] = {"content": _string, "template": _string}
_KINDS: Mapping[HubKind, tuple[str, Mapping[str, Check]]] = {
    **dict.fromkeys((HubKind.TELEPHONY, HubKind.PREDICTIVE, HubKind.BROADCAST), ("clientIds", {"clientIds": _phones})),
    HubKind.PREVIEW: ("clientIds", {"clientIds": _phones, "agent": _string}),
    HubKind.SMS: ("clientId", {"clientId": _phone, **_TEXT}),
    HubKind.WHATSAPP: ("clientId", {"clientId": _phone, **_TEXT}),
    HubKind.EMAIL: ("clientId", {"clientId": _email, "subject": _string, "attachments": _strings, **_TEXT}),
}
_ONLY: Mapping[Endpoint, Mapping[str, Check]] = {
    Endpoint.FRESH_LEADS: {"scheduleDate": _schedule_date},
    Endpoint.LISTS: {},
}
_RULES: Mapping[tuple[HubKind, Endpoint], tuple[Mapping[str, Check], str]] = {
    (kind, endpoint): ({**_GENERAL, **own, **_ONLY[endpoint]}, required)
    for kind, (required, own) in _KINDS.items()
    for endpoint in Endpoint
}
"""Kind and endpoint to the check of each property that the page lists, and the one property that is required."""
