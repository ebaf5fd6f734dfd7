"""One route's phone numbers: as the lead has them, in E.164, or as they are dialled within the country.

In order and without repeats, which would ring twice. What cannot be sent is left out and counted on the scope; the
lead is set aside only when nothing is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import phonenumbers

from connector.leads.dropped import Dropped, Unusable
from connector.leads.outcome import Reason
from connector.leads.refusal import RefusalError
from connector.leads.regions import FindRegion
from connector.leads.scope import Scope
from connector.leads.spec import PhoneFormat

# One pass over the text: two runs around a digit would take its square, hours for a lead of a megabyte.
_PHONE = re.compile(r"(?=[^0-9]*[0-9])[0-9+(). \-]+")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_PLUS = ("+", "\uff0b")


class Number(NamedTuple):
    """A number as it is sent; ``key`` is the same for two spellings of one phone (E.164, else the digits)."""

    sent: str
    key: str


class Numbers:
    """Makes the phone numbers of one route.

    ``find_region`` may raise what an expression can. With ``as_given`` and no region nothing is parsed: one pattern a
    number; parsing takes about 20 microseconds.
    """

    def __init__(self, form: PhoneFormat, find_region: FindRegion | None) -> None:
        self._form = form
        self._find_region = find_region
        self._plain = form is PhoneFormat.AS_GIVEN and find_region is None

    def many(self, name: str, value: object, scope: Scope) -> list[str] | None:
        """The numbers in a list of whatever the expressions gave. Raises RefusalError when there is none to use."""
        region = self._region(scope)
        found: dict[str, str] = {}
        dropped: list[Unusable] = []
        for each in flat(value):
            number = self._number(each, region)
            if isinstance(number, Number):
                found.setdefault(number.key, number.sent)
            elif number is not None:
                dropped.append(number)
        if dropped:
            scope.dropped = tuple(Dropped(name, why, dropped.count(why)) for why in Unusable if why in dropped)
            if not found:
                why = ", ".join(f"{each.why.text} ({each.numbers})" for each in scope.dropped)
                raise RefusalError(Reason.INVALID_FIELD, f"{name}: none of its numbers can be used: {why}")
        if not found:
            return None
        if not self._plain:
            scope.phone = next(iter(found))
        return list(found.values())

    def one(self, name: str, value: object, scope: Scope) -> str | None:
        """One number. Raises RefusalError for what is none."""
        number = None if value is None else self._number(value, self._region(scope))
        if number is None:
            return None
        if not isinstance(number, Number):
            raise RefusalError(Reason.INVALID_FIELD, f"{name}: {number.text}")
        if not self._plain:
            scope.phone = number.key
        return number.sent

    def _region(self, scope: Scope) -> str | None:
        return None if self._find_region is None else self._find_region(scope)

    def _number(self, value: object, region: str | None) -> Number | Unusable | None:
        """A number, why it is none, or None for no text at all."""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str):
            return Unusable.NOT_A_NUMBER
        text = value.strip()
        if not text:
            return None
        if self._form is PhoneFormat.AS_GIVEN:
            return _given(text, region, plain=self._plain)
        return _written(text, region, self._form)


def _given(text: str, region: str | None, *, plain: bool) -> Number | Unusable:
    if not _PHONE.fullmatch(text):
        return Unusable.NOT_A_NUMBER
    digits = _NOT_DIGITS.sub("", text)
    parsed = None if plain else _parsed(text, region)
    return Number(text, _e164(parsed) if isinstance(parsed, phonenumbers.PhoneNumber) else digits)


def _written(text: str, region: str | None, form: PhoneFormat) -> Number | Unusable:
    parsed = _parsed(text, region)
    if isinstance(parsed, Unusable):
        return parsed
    if not phonenumbers.is_valid_number(parsed):
        return Unusable.NOT_VALID
    e164 = _e164(parsed)
    if form is PhoneFormat.E164 or region is None:
        return Number(e164, e164)
    if parsed.country_code != phonenumbers.country_code_for_region(region):
        return Number(e164, e164)  # a number of another country has no national form here
    parsed.extension = None
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return Number(_NOT_DIGITS.sub("", national), e164)


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber | Unusable:
    try:
        return phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == phonenumbers.NumberParseException.NOT_A_NUMBER:
            return Unusable.NOT_A_NUMBER
        if region is None and not text.startswith(_PLUS):
            return Unusable.NO_COUNTRY
        return Unusable.NOT_VALID


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def flat(value: object) -> Iterator[object]:
    """What stands in lists in lists, without the nulls."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from flat(each)
    elif value is not None:
        yield value
