"""Filters of the expression language (``occurredAt | epoch_ms``).

A filter given null or an absent value gives null, except ``default``, ``string`` and ``required``. A value of the wrong
type raises TypeError or ValueError: the lead is set aside as ``expression_failed``. Compiled paths and Jinja2 call
these same functions. An integer where an instant is expected is milliseconds since the epoch.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta

import phonenumbers

from connector.leads.format_filters import date_text, money
from connector.leads.paths import item
from connector.leads.tables import lookup_in
from connector.leads.values import MAX_TEXT, absent, instant_ms, iso_text, replaced, text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PARTICLES = frozenset({
    "da", "das", "de", "del", "den", "der", "di", "do", "dos", "du", "e", "el", "la", "las", "los", "van", "von", "y",
    "zu",
})  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
_NOT_DIGITS = re.compile(r"[^0-9]+")


def epoch_ms(value: object) -> int | None:
    """Milliseconds since the epoch of an instant, rounded down."""
    if absent(value):
        return None
    if isinstance(value, datetime):
        return instant_ms(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TypeError("epoch_ms takes an instant")


def epoch_s(value: object) -> int | None:
    """Whole seconds since the epoch of an instant, rounded down."""
    ms = epoch_ms(value)
    return None if ms is None else ms // 1000


def iso(value: object) -> str | None:
    """ISO 8601; instants in UTC with milliseconds."""
    if absent(value):
        return None
    if isinstance(value, date | time):
        return iso_text(value)
    ms = epoch_ms(value)
    return None if ms is None else iso_text(_EPOCH + timedelta(milliseconds=ms))


def e164(value: object, region: object = None) -> str | None:
    """A phone number as ``+59899123456``; None when it is not a valid number.

    ``region`` is an ISO 3166-1 alpha-2 code for numbers without a country code; without it those are not valid.
    """
    if absent(value):
        return None
    try:
        number = phonenumbers.parse(text(value), text(region).upper() or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def digits(value: object) -> str | None:
    """Only the digits 0 to 9."""
    return None if absent(value) else _NOT_DIGITS.sub("", text(value))


def default(value: object, fallback: object = "", boolean: object = False) -> object:
    """``fallback`` for null or absent; with a true second argument also for empty, zero and false."""
    if absent(value) or (boolean and not value):
        return fallback
    return value


class AbsentError(ValueError):
    """``required`` was given what is absent."""


def required(value: object) -> object:
    """The value itself; raises AbsentError for null or absent, which sets the lead aside as ``missing_field``."""
    if absent(value):
        raise AbsentError("a required value is absent")
    return value


def lower(value: object) -> str | None:
    """Lower case."""
    return None if absent(value) else text(value).lower()


def upper(value: object) -> str | None:
    """Upper case."""
    return None if absent(value) else text(value).upper()


def trim(value: object) -> str | None:
    """Without white space at both ends."""
    return None if absent(value) else text(value).strip()


def title(value: object) -> str | None:
    """A person's name in the usual case: ``ANA DE LA CRUZ`` gives ``Ana de la Cruz``, ``o'brien`` ``O'Brien``.

    A word of mixed case (``McDonald``) stays as the person wrote it.
    """
    if absent(value):
        return None
    return " ".join(_name_word(word, first=not index) for index, word in enumerate(text(value).split()))


def _name_word(word: str, *, first: bool) -> str:
    if not (word.islower() or word.isupper()):
        return word
    lowered = word.lower()
    if not first and lowered in _PARTICLES:
        return lowered
    return _WORD.sub(lambda part: part.group()[0].upper() + part.group()[1:], lowered)


def join(value: object, separator: object = "") -> str | None:
    """A list's items as one text; null and empty items are left out, so no separator stands alone."""
    if absent(value):
        return None
    if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
        raise TypeError("join takes a list")
    parts, between = [part for each in value if (part := text(each))], text(separator)
    if len(parts) * len(between) + sum(map(len, parts)) > MAX_TEXT:
        raise ValueError(f"a text of more than {MAX_TEXT:,} characters")
    return between.join(parts)


def first(value: object) -> object:
    """A list's first item; None when it is empty."""
    return next(iter(_items(value, "first")), None)


def last(value: object) -> object:
    """A list's last item; None when it is empty."""
    found = list(_items(value, "last"))
    return found[-1] if found else None


def pick(value: object, field: object, wanted: object) -> object:
    """A list's first record whose ``field`` is ``wanted``; None where there is none, or where ``wanted`` is absent."""
    items = _items(value, "pick")
    return None if absent(wanted) else next((each for each in items if item(each, field) == wanted), None)


def _items(value: object, name: str) -> Iterable[object]:
    if absent(value):
        return ()
    if isinstance(value, str | bytes | dict) or not isinstance(value, Iterable):
        raise TypeError(f"{name} takes a list")
    return value


def replace(value: object, old: object, new: object = "") -> str | None:
    """Every ``old`` replaced by ``new``."""
    if absent(value):
        return None
    if not (wanted := text(old)):
        raise ValueError("replace needs a text to look for")
    return replaced(text(value), wanted, text(new))


def whole(value: object) -> int | None:
    """A whole number from its text (``"5"``) or a number; ValueError for any other text."""
    if absent(value):
        return None
    if isinstance(value, str | float | int):
        return int(value)
    return int(text(value))


OWN_FILTERS: dict[str, Callable[..., object]] = {
    "date": date_text,
    "default": default,
    "digits": digits,
    "e164": e164,
    "epoch_ms": epoch_ms,
    "epoch_s": epoch_s,
    "first": first,
    "int": whole,
    "iso": iso,
    "join": join,
    "last": last,
    "lookup": lookup_in({}),
    "lower": lower,
    "money": money,
    "pick": pick,
    "replace": replace,
    "required": required,
    "string": text,
    "title": title,
    "trim": trim,
    "upper": upper,
}

RESULT_KINDS: dict[str, str] = {
    **dict.fromkeys(
        (
            "date",
            "digits",
            "e164",
            "iso",
            "join",
            "lookup",
            "lower",
            "money",
            "replace",
            "string",
            "title",
            "trim",
            "upper",
        ),
        "string",
    ),
    **dict.fromkeys(("epoch_ms", "epoch_s", "int"), "long"),
}
"""The Avro type of what a filter gives, where it is always the same: for the check at start."""

JINJA_FILTERS = frozenset({
    "abs", "count", "dictsort", "items", "length", "list", "map", "max", "min", "reject", "rejectattr", "round",
    "select", "selectattr", "sort", "sum", "truncate", "unique",
})  # fmt: skip
"""Jinja2's own that stay. The rest is refused: it makes HTML, depends on chance, grows text without bound, or turns
null into the word None."""
