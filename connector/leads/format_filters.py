"""The filters that write for people: an amount of money, a date or a time of day on somebody's clock.

As all filters: null or absent in, null out; anything else that does not fit raises TypeError or ValueError. Work and
memory are bounded whatever the value: no number is written out before its size is known.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal

from connector.leads.clock_text import ENGLISH, read_pattern
from connector.leads.languages import MAX_WHOLE_DIGITS, money_text, names_of
from connector.leads.moments import is_wall_time, own_zone, read_moment
from connector.leads.refusal import RefusalError
from connector.leads.values import absent
from connector.leads.zones import resolve_zone

DEFAULT_LANGUAGE = "en"
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_MAX_TEXT = 100
"""Characters of an amount that is text."""
_MAX_BITS = 64
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NOT_SAID = object()


def money(value: object, currency: object, language: object = DEFAULT_LANGUAGE) -> str | None:
    """``1200`` as ``$ 1.200,00`` with ``money('UYU', 'es-UY')``: rounded half up to the decimals of the currency.

    ``value`` is a number or the text of one (``1200.50``: digits and a point). ``currency`` is a code of ISO 4217,
    ``language`` a language tag as CLDR knows it.
    """
    if absent(value):
        return None
    return money_text(_amount(value), _text(currency, "a currency").upper(), _text(language, "a language"))


def _amount(value: object) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        raise TypeError("money takes a number, or the text of one")
    if isinstance(value, Decimal):
        return value
    if isinstance(value, int):
        if value.bit_length() > _MAX_BITS:
            raise ValueError(f"an amount of more than {MAX_WHOLE_DIGITS} digits")
        return Decimal(value)
    if isinstance(value, float):
        return Decimal(repr(value))  # the number as it is written, not the nearest binary fraction
    written = value.strip() if len(value) <= _MAX_TEXT else ""
    if not _NUMBER.fullmatch(written):
        raise ValueError("no number")
    return Decimal(written)


def date_text(value: object, pattern: object, zone: object = _NOT_SAID, language: object = None) -> str | None:
    """A time as ``pattern`` has it (see ``clock_text``), on the clock of ``zone``, with the names of ``language``.

    ``value`` is what ``scheduleDate`` takes (``moments``: an instant, whole milliseconds since 1970, ISO text, a wall
    time), an Avro date, or the text of a date. Without a zone instants are in UTC; a wall time needs one, its own or
    this one, and so does ISO text without an offset. A date has no zone.
    """
    if absent(value):
        return None
    moment = _moment(value, zone)
    names = ENGLISH if absent(language) else names_of(_text(language, "a language"))
    return read_pattern(_text(pattern, "a pattern")).write(moment, names)


def _moment(value: object, zone: object) -> date:
    """A date, or the time on the clock that was asked for, with its offset."""
    name = None if zone is _NOT_SAID else _zone(zone)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _ISO_DATE.fullmatch(value.strip()):
        return date.fromisoformat(value.strip())
    try:
        clock = own_zone(value) or name or (None if is_wall_time(value) else "UTC")
        if clock is None:
            raise ValueError("a wall time needs a zone")
        return read_moment(value, clock).to_tz(name or clock).to_fixed_offset().to_stdlib()
    except RefusalError as error:
        raise ValueError("no time, or none of the years 1970 to 2100") from error


def _zone(zone: object) -> str:
    name = resolve_zone(_text(zone, "a zone"))
    if name is None:
        raise ValueError("no IANA time zone")
    return name


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{what} is text")
    return value
