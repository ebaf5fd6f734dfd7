"""From what an expression gave to the value of a property; None means absent and is left out.

Each raises RefusalError with the property's name and never the value. Types: uContact Automation API, "Contactos".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from connector.leads.outcome import Reason
from connector.leads.properties import Kind
from connector.leads.refusal import RefusalError
from connector.leads.values import UnsendableError, plain

# One pass over the text: two runs around a digit would take its square, hours for a lead of a megabyte.
_PHONE = re.compile(r"(?=[^0-9]*[0-9])[0-9+(). \-]+")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_INT32 = 1 << 31


def text_value(name: str, value: object) -> str | None:
    """Text; a whole number becomes its digits; empty is absent."""
    kept = json_value(name, value)
    if kept is None or kept == "":
        return None
    if isinstance(kept, str):
        return kept
    if isinstance(kept, int) and not isinstance(kept, bool):
        return str(kept)
    raise _invalid(name, "text is expected")


def integer(name: str, value: object) -> int | None:
    """A 32-bit integer; text and booleans are refused."""
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise _invalid(name, "a whole number is expected (| int makes one of text)")
    if not -_INT32 <= value < _INT32:
        raise _invalid(name, "beyond 32 bits")
    return value


def json_object(name: str, value: object) -> dict[str, object] | None:
    """A JSON object without its nulls; empty is absent."""
    kept = json_value(name, value)
    if kept is None:
        return None
    if not isinstance(kept, dict):
        raise _invalid(name, "an object is expected")
    return kept or None


def json_value(name: str, value: object) -> object:
    """Any JSON value."""
    try:
        return plain(value)
    except UnsendableError as error:
        raise _invalid(name, f"JSON cannot carry it: {error}") from error


def phones(name: str, value: object) -> list[str] | None:
    """Phone numbers from a list of whatever the expressions gave; what is no phone number is dropped.

    Repeats are dropped by their digits (``+1 425…`` and ``+1425…`` are one phone, which would ring twice).
    """
    found: dict[str, str] = {}
    for each in _flat(value):
        number = _number(each)
        if number is not None:
            found.setdefault(_NOT_DIGITS.sub("", number), number)
    return list(found.values()) or None


def phone(name: str, value: object) -> str | None:
    """One phone number; what is none is refused."""
    if value is None or value == "":
        return None
    number = _number(value)
    if number is None:
        raise _invalid(name, "not a phone number")
    return number


def email(name: str, value: object) -> str | None:
    """One email address, in the form ``someone@somewhere``."""
    kept = text_value(name, value)
    if kept is None or not (address := kept.strip()):
        return None
    if not _EMAIL.fullmatch(address):
        raise _invalid(name, "not an email address")
    return address


def texts(name: str, value: object) -> list[str] | None:
    """A list of text, from a list or one value; absent items are dropped, an empty list is absent."""
    return [kept for each in _flat(value) if (kept := text_value(name, each)) is not None] or None


def _number(value: object) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    number = value.strip()
    return number if _PHONE.fullmatch(number) else None


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _flat(each)
    elif value is not None:
        yield value


def _invalid(name: str, why: str) -> RefusalError:
    return RefusalError(Reason.INVALID_FIELD, f"{name}: {why}")


COERCE: dict[Kind, Callable[[str, object], object]] = {
    Kind.TEXT: text_value,
    Kind.IDENTIFIER: text_value,
    Kind.INTEGER: integer,
    Kind.OBJECT: json_object,
    Kind.PHONE: phone,
    Kind.PHONES: phones,
    Kind.EMAIL: email,
    Kind.TEXTS: texts,
}
"""Zone and schedule depend on each other and on the clock: see ``contact`` and ``schedule``."""
