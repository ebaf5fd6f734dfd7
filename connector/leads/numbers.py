"""One route's phone numbers: as the lead has them, in E.164, or as they are dialled within the country.

In order and without repeats, which would ring twice. What cannot be sent is left out and counted on the scope; the
lead is set aside only when nothing is left.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeAlias

import phonenumbers

from connector.leads.dropped import Dropped, Unusable
from connector.leads.outcome import Reason
from connector.leads.refusal import RefusalError
from connector.leads.regions import FindRegion
from connector.leads.scope import Scope
from connector.leads.spec import PhoneFormat

# A plus before the first digit, if anywhere. Possessive: one pass over the text, where its square would take hours for
# a lead of a megabyte.
_PHONE = re.compile(r"[( ]*+\+?[0-9(). \-]*+")
_NOT_DIGITS = re.compile(r"[^0-9]+")
_PLUS = ("+", "\uff0b")
# re itself remembers 512 patterns, too few for the numbers of a hundred regions in turn: for compiling them anew each
# lead paid up to 400 microseconds. All of them take about 1 MiB. It is one switch for the process.
phonenumbers.enable_pattern_cache()


Make: TypeAlias = "Callable[[str, object, Scope], list[str] | str | None]"
"""From a property's name and what its expression gave to what is sent; None is absent. Raises RefusalError."""


class Number(NamedTuple):
    """A number as it is sent; ``key`` is the same for two spellings of one phone (E.164, else the digits)."""

    sent: str
    key: str
    parsed: phonenumbers.PhoneNumber | None = None
    """Of a valid number."""


def many_as_given(name: str, value: object, scope: Scope) -> list[str] | None:
    """The numbers in a list of whatever the expressions gave. Two are the same by their digits; none is parsed."""
    found: dict[str, str] = {}
    unusable = 0
    for each in flat(value):
        number = _text(each)
        if number == "":
            continue
        if number is None or not (digits := _digits(number)):
            unusable += 1
        else:
            found.setdefault(digits, number)
    if unusable:
        _leave_out(name, [Unusable.NOT_A_NUMBER] * unusable, bool(found), scope)
    return list(found.values()) or None


def one_as_given(name: str, value: object, _scope: Scope) -> str | None:
    """One number, as it is."""
    number = "" if value is None else _text(value)
    if number is None or (number and not _digits(number)):
        raise RefusalError(Reason.INVALID_FIELD, f"{name}: {Unusable.NOT_A_NUMBER.text}")
    return number or None


class ParsedNumbers:
    """Makes phone numbers of which the country and validity are looked at, for 15 to 35 microseconds each.

    ``find_region`` may raise what an expression can.
    """

    def __init__(self, form: PhoneFormat, find_region: FindRegion | None) -> None:
        self._form = form
        self._find_region = find_region

    def many(self, name: str, value: object, scope: Scope) -> list[str] | None:
        """As ``many_as_given``; two are the same by their E.164."""
        region = self._region(scope)
        found: dict[str, Number] = {}
        unusable: list[Unusable] = []
        for each in flat(value):
            number = self._number(each, region)
            if isinstance(number, Number):
                found.setdefault(number.key, number)
            elif number is not None:
                unusable.append(number)
        if unusable:
            _leave_out(name, unusable, bool(found), scope)
        if not found:
            return None
        first = next(iter(found.values()))
        scope.phone = first.parsed or first.key
        return [number.sent for number in found.values()]

    def one(self, name: str, value: object, scope: Scope) -> str | None:
        """One number. Raises RefusalError for what is none."""
        number = None if value is None else self._number(value, self._region(scope))
        if number is None:
            return None
        if not isinstance(number, Number):
            raise RefusalError(Reason.INVALID_FIELD, f"{name}: {number.text}")
        scope.phone = number.parsed or number.key
        return number.sent

    def _region(self, scope: Scope) -> str | None:
        return None if self._find_region is None else self._find_region(scope)

    def _number(self, value: object, region: str | None) -> Number | Unusable | None:
        """A number, why it is none, or None for no text at all."""
        text = _text(value)
        if text is None:
            return Unusable.NOT_A_NUMBER
        if not text:
            return None
        if self._form is PhoneFormat.AS_GIVEN:
            return _given(text, region)
        return _written(text, region, self._form)


def _text(value: object) -> str | None:
    """The text of a number, without blanks around it; None for what has none."""
    if type(value) is str:
        return value.strip()
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else None


def _digits(text: str) -> str:
    """The digits of what looks like a phone number; empty for what does not. How many there must be is for the API to
    say: its page does not."""
    digits = text[1:] if text[:1] == "+" else text
    if digits.isdigit() and digits.isascii():
        return digits  # what nearly every number is
    return _NOT_DIGITS.sub("", text) if _PHONE.fullmatch(text) else ""


def _leave_out(name: str, unusable: list[Unusable], some_left: bool, scope: Scope) -> None:
    """Counts what is left out. Raises RefusalError when nothing is left."""
    dropped = tuple(Dropped(name, why, unusable.count(why)) for why in Unusable if why in unusable)
    if not some_left:
        why = ", ".join(f"{each.why.text} ({each.numbers})" for each in dropped)
        raise RefusalError(Reason.INVALID_FIELD, f"{name}: none of its numbers can be used: {why}")
    scope.dropped = dropped


def _given(text: str, region: str | None) -> Number | Unusable:
    if not (digits := _digits(text)):
        return Unusable.NOT_A_NUMBER
    parsed = _parsed(text, region)
    return Number(text, _e164(parsed) if isinstance(parsed, phonenumbers.PhoneNumber) else digits)


def _written(text: str, region: str | None, form: PhoneFormat) -> Number | Unusable:
    parsed = _parsed(text, region)
    if isinstance(parsed, Unusable):
        return parsed
    if not phonenumbers.is_valid_number(parsed):
        return Unusable.NOT_VALID
    e164 = _e164(parsed)
    if form is PhoneFormat.E164 or region is None:
        return Number(e164, e164, parsed)
    if parsed.country_code != phonenumbers.country_code_for_region(region):
        return Number(e164, e164, parsed)  # a number of another country has no national form here
    parsed.extension = None
    national = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.NATIONAL)
    return Number(_NOT_DIGITS.sub("", national), e164, parsed)


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


def flat(value: object) -> Iterable[object]:
    """What stands in lists in lists, without the nulls."""
    if type(value) is list:
        for each in value:
            if type(each) is not str:
                break
        else:
            return value
    return _flat(value)


def _flat(value: object) -> Iterator[object]:
    if isinstance(value, list | tuple):
        for each in value:
            yield from _flat(each)
    elif value is not None:
        yield value
