"""Money and dates for people lose nothing but what they round, and filters refuse no type that works."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.leads.filter_arguments import type_finding
from connector.leads.filters import OWN_FILTERS
from connector.leads.format_filters import date_text, money
from connector.leads.shapes import Shape
from connector.leads.zones import ZONE_NAMES

CENTS = {"JPY": 0, "EUR": 2, "UYU": 2, "KWD": 3}
"""Decimals of currencies (ISO 4217)."""
POINTS = {"en": ".", "es": ",", "es-UY": ",", "de": ",", "fr": ",", "pt-BR": ",", "de-CH": ".", "hi": ".", "ja": "."}
"""What stands before the decimals in a language (CLDR)."""
WITHIN = st.datetimes(datetime(1970, 1, 1), datetime(2100, 12, 31), timezones=st.just(UTC))


@given(
    st.decimals(-(10**15), 10**15, places=5) | st.integers(-(10**17), 10**17).map(Decimal),
    st.sampled_from(sorted(CENTS)),
    st.sampled_from(sorted(POINTS)),
)
def test_an_amount_can_be_read_back(amount: Decimal, currency: str, language: str) -> None:
    """Its digits and its sign, rounded half up to the currency's decimals; and text of a number is that number."""
    written = money(amount, currency, language)
    assert written is not None and written == money(f"{amount:f}", currency, language)
    whole, _, decimals = written.rpartition(POINTS[language]) if CENTS[currency] else (written, "", "")
    read = Decimal("".join(re.findall(r"[0-9]", whole + decimals))).scaleb(-CENTS[currency])
    expected = amount.quantize(Decimal(1).scaleb(-CENTS[currency]), ROUND_HALF_UP)
    assert read == abs(expected)
    assert ("-" in written) == (expected < 0)
    assert not re.search(r"[^\S ]", written)


@given(st.one_of(st.floats(), st.integers(), st.decimals(), st.text(max_size=30)))
def test_any_number_or_text_is_an_amount_or_refused(value: object) -> None:
    """With nothing else raised, and never long."""
    with suppress(ValueError):
        assert len(money(value, "EUR", "es") or "") < 50


@settings(max_examples=400)
@given(WITHIN, st.sampled_from(sorted(ZONE_NAMES)))
def test_a_time_can_be_read_back_from_any_clock(moment: datetime, zone: str) -> None:
    """With its offset it is the same instant, in every form in which the event may have it."""
    moment -= timedelta(microseconds=moment.microsecond % 1000)
    pattern = "%FT%T.%f%z"
    written = date_text(moment, pattern, zone)
    offset = timedelta(minutes=1)  # before offsets had whole minutes, some had seconds
    assert written is not None and abs(datetime.strptime(written, "%Y-%m-%dT%H:%M:%S.%f%z") - moment) < offset
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    for same in (milliseconds, moment.isoformat(timespec="milliseconds")):
        assert date_text(same, pattern, zone) == written


@given(st.dates())
def test_a_date_stays_that_date(value: date) -> None:
    """Whatever the zone, and as text too."""
    for zone in ("Pacific/Apia", "America/Montevideo"):
        assert date_text(value, "%Y-%m-%d", zone) == value.isoformat() == date_text(value.isoformat(), "%F", zone)


numbers = st.integers(-(2**31), 2**31 - 1) | st.integers(-5, 5)
texts = st.text(max_size=12) | st.sampled_from(["5", "2026-01-01", "2026-01-01T10:00:00Z", "1.5", "+59899123456"])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "boolean": st.booleans(),
    "int": numbers,
    "long": numbers,
    "float": st.floats(),
    "double": st.floats(),
    "decimal": st.decimals(),
    "string": texts,
    "enum": st.sampled_from(["A", "GOOGLE", "Ana"]),
    "uuid": st.uuids() | st.just(UUID(int=12)),
    "bytes": st.binary(max_size=5),
    "fixed": st.binary(max_size=5),
    "timestamp": WITHIN,
    "local timestamp": WITHIN.map(lambda moment: moment.replace(tzinfo=None)),
    "date": st.dates(),
    "time": st.times() | st.just(time(9)),
    "record": st.just({}) | st.dictionaries(texts, texts, max_size=2),
    "map": st.dictionaries(texts, texts | numbers, max_size=2),
}
ARGUMENTS: dict[str, tuple[object, ...]] = {
    "date": ("%F", "UTC"), "lookup": ("table",), "money": ("EUR",), "pick": ("a", "b"), "replace": ("a", "b"),
}  # fmt: skip


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_a_type_that_a_filter_refuses_would_fail_for_every_value(kind: str, data: st.DataObject) -> None:
    """Else the check would refuse what works."""
    value = data.draw(VALUES[kind])
    for name, function in OWN_FILTERS.items():
        if type_finding(name, (Shape(kind),)):
            with pytest.raises((TypeError, ValueError, ArithmeticError)):
                function(value, *ARGUMENTS.get(name, ()))
