"""From what an expression gave to the value of a property; None means absent and is left out.

Each raises RefusalError with the property's name and never the value. Types: uContact Automation API, "Contactos".
"""

from __future__ import annotations

from collections.abc import Callable

from connector.leads.email_address import address_problem
from connector.leads.numbers import flat
from connector.leads.outcome import Reason
from connector.leads.properties import Kind
from connector.leads.refusal import RefusalError
from connector.leads.values import UnsendableError, plain

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
    if type(value) is not int and (not isinstance(value, int) or isinstance(value, bool)):
        raise _invalid(name, "a whole number is expected (| int makes one of text)")
    if not -_INT32 <= value < _INT32:
        raise _invalid(name, "beyond 32 bits")
    return value


def json_object(name: str, value: object) -> dict[str, object] | None:
    """A JSON object without its nulls; empty is absent."""
    kept = json_value(name, value)
    if kept is None:
        return None
    if type(kept) is not dict:
        raise _invalid(name, "an object is expected")
    return kept or None


def json_value(name: str, value: object) -> object:
    """Any JSON value."""
    try:
        return plain(value)
    except UnsendableError as error:
        raise _invalid(name, f"JSON cannot carry it: {error}") from error


def email(name: str, value: object) -> str | None:
    """One email address (see ``email_address``), sent as written and without blanks around it."""
    kept = text_value(name, value)
    if kept is None or not (address := kept.strip()):
        return None
    if why := address_problem(address):
        raise _invalid(name, f"not an email address: {why}")
    return address


def texts(name: str, value: object) -> list[str] | None:
    """A list of text, from a list or one value; absent items are dropped, an empty list is absent."""
    return [kept for each in flat(value) if (kept := text_value(name, each)) is not None] or None


def _invalid(name: str, why: str) -> RefusalError:
    return RefusalError(Reason.INVALID_FIELD, f"{name}: {why}")


COERCE: dict[Kind, Callable[[str, object], object]] = {
    Kind.TEXT: text_value,
    Kind.IDENTIFIER: text_value,
    Kind.INTEGER: integer,
    Kind.OBJECT: json_object,
    Kind.EMAIL: email,
    Kind.TEXTS: texts,
}
"""Phone numbers depend on the route: see ``numbers``. Zone and schedule depend on each other and on the clock: see
``contact`` and ``schedule``."""
