"""Money and dates for people: what they give and what they refuse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from connector.leads import languages
from connector.leads.format_filters import date_text, money
from tests.unit.leads.samples import contact_of, lead, route, set_aside

LOCAL = datetime(2026, 3, 9, 9, 30)
INSTANT = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
ZONE = "America/Montevideo"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1200, "1.200,00 €"),
        (-5, "-5,00 €"),
        (0.1, "0,10 €"),
        (1.005, "1,01 €"),
        (Decimal("2.345"), "2,35 €"),
        (Decimal("-2.345"), "-2,35 €"),
        (Decimal("-0.001"), "0,00 €"),
        (Decimal("1E+3"), "1.000,00 €"),
        (Decimal("1E-1000000000"), "0,00 €"),
        (" +1200.5 ", "1.200,50 €"),
        ("1.2E3", "1.200,00 €"),
        (".5", "0,50 €"),
        ("5.", "5,00 €"),
        (10**18 - 1, "999.999.999.999.999.999,00 €"),
    ],
)
def test_an_amount_is_rounded_half_up_to_the_cents(value: object, expected: str) -> None:
    """Of every kind of number, and of the text of one."""
    assert money(value, "EUR", "de") == expected


@pytest.mark.parametrize(
    "value",
    [
        "", " ", "abc", "1,200.50", "1.200,50", "1_000", "٣", "0x10", "NaN", "Infinity", "1e9999", "--1", "1 2", "€ 5",
        "9" * 10**6, float("nan"), float("inf"), 1e300, Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity"), 10**18,
        10**10**6, Decimal("1E+1000000000"), Decimal(10**18), True, [5], {"a": 1},
        b"5", INSTANT,
    ],
    ids=lambda value: repr(value)[:20] if not isinstance(value, int) else f"{value.bit_length()} bits",
)  # fmt: skip
def test_what_is_no_amount_is_refused(value: object) -> None:
    """At once, however large it would be."""
    with pytest.raises((TypeError, ValueError)):
        money(value, "EUR", "de")


@pytest.mark.parametrize(
    ("currency", "language"),
    [("EURO", "de"), ("", "de"), (None, "de"), (5, "de"), ("XXQ", "de"), ("EUR", "xx"), ("EUR", "../de"), ("EUR", None),
     ("EUR", ""), ("EUR", "a" * 10**6), ("EUR", "es-XX"), ("EUR", "root")],
)  # fmt: skip
def test_a_currency_and_a_language_that_are_none(currency: object, language: object) -> None:
    """From the event, for which the check at the start cannot speak."""
    with pytest.raises((TypeError, ValueError)):
        money(5, currency, language)


def test_the_currency_decides_the_decimals() -> None:
    """None, two or three."""
    assert [money(1.5, code, "en") for code in ("JPY", "usd", "KWD")] == ["¥2", "$1.50", "KWD1.500"]


def test_languages_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Events cannot fill the memory with them; those that do not exist cost none."""
    monkeypatch.setattr(languages, "_known", {})
    monkeypatch.setattr(languages, "MAX_LANGUAGES", 2)
    for _ in range(9):
        with pytest.raises(ValueError, match="no such"):
            money(5, "EUR", "xx")
    assert [money(5, "EUR", name) for name in ("de", "en", "de")] == ["5,00 €", "€5.00", "5,00 €"]
    with pytest.raises(ValueError, match="more than 2 languages"):
        money(5, "EUR", "fr")


def test_a_language_is_not_spoilt_by_those_before() -> None:
    """Babel resolves what a language lacks in data that others share."""
    names = {name: languages.names_of.__wrapped__(name) for name in ("agq", "ann", "ar", "ja", "es")}
    assert names["ja"].short_months[0] == "1月" and names["ar"].short_days[0] == "الاثنين"


@pytest.mark.parametrize(
    ("value", "arguments", "expected"),
    [
        (INSTANT, ("%F %R",), "2026-03-09 12:30"),
        (INSTANT, ("%F %R", ZONE), "2026-03-09 09:30"),
        (INSTANT.astimezone(timezone(timedelta(hours=9))), ("%F %R %z",), "2026-03-09 12:30 +0000"),
        (INSTANT, ("%R %z", "america/montevideo"), "09:30 -0300"),
        (INSTANT, ("%R", "Montevideo Standard Time"), "09:30"),
        (INSTANT.replace(microsecond=123456), ("%f", ZONE), "123000"),
        (1773059400000, ("%F %R", ZONE), "2026-03-09 09:30"),
        ("2026-03-09T12:30:00Z", ("%F %R", ZONE), "2026-03-09 09:30"),
        ("2026-03-09 12:30:00+00", ("%F %R",), "2026-03-09 12:30"),
        (" 2026-03-09T09:30 ", ("%F %R %z", ZONE), "2026-03-09 09:30 -0300"),
        (LOCAL, ("%F %R %z", ZONE), "2026-03-09 09:30 -0300"),
        ({"local": "2026-03-09T09:30:00", "timezone": ZONE}, ("%R %z",), "09:30 -0300"),
        ({"local": "2026-03-09T09:30:00", "timezone": ZONE}, ("%R %z", "Europe/Madrid"), "13:30 +0100"),
        ({"local": "2026-03-09T09:30:00", "timezone": None}, ("%R %z", ZONE), "09:30 -0300"),
        ({"local": "2026-03-29T02:30:00"}, ("%R %z", "Europe/Madrid"), "03:30 +0200"),
        (date(1955, 5, 1), ("%d.%m.%Y",), "01.05.1955"),
        ("1955-05-01", ("%d.%m.%Y", ZONE), "01.05.1955"),
        (date(2026, 3, 9), ("%A %-d de %B", ZONE, "es-UY"), "lunes 9 de marzo"),
        (INSTANT, ("%a %b %p", "UTC", "es"), "lun mar p. m."),
        (INSTANT, ("%A", "UTC", None), "Monday"),
    ],
)
def test_a_time_is_written_on_the_clock_that_is_asked_for(
    value: object, arguments: tuple[object, ...], expected: str
) -> None:
    """Whatever form it has."""
    assert date_text(value, *arguments) == expected


@pytest.mark.parametrize(
    ("value", "arguments"),
    [
        (LOCAL, ("%R",)),
        ("2026-03-09T09:30", ("%R",)),
        ({"local": "2026-03-09T09:30:00"}, ("%R",)),
        ({"local": "2026-03-09T09:30:00", "timezone": "Mars"}, ("%R", ZONE)),
        ({"local": "2026-03-09"}, ("%R", ZONE)),
        (INSTANT, ("%R", None)),
        (INSTANT, ("%R", "")),
        (INSTANT, ("%R", "+03:00")),
        (INSTANT, ("%R", ZONE, "xx")),
        (INSTANT, (None,)),
        (date(2026, 3, 9), ("%R",)),
        ("2026-02-30", ("%F",)),
        ("tomorrow", ("%F",)),
        ("", ("%F",)),
        ("2" * 10**6, ("%F",)),
        (-1, ("%F",)),
        (10**10**6, ("%F",)),
        (datetime(1969, 12, 31, tzinfo=UTC), ("%F",)),
        (1.5, ("%F",)),
        (True, ("%F",)),
        ([INSTANT], ("%F",)),
        (timedelta(1), ("%F",)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_time_is_refused(value: object, arguments: tuple[object, ...]) -> None:
    """A wall time without a zone, an unknown zone, what is out of range."""
    with pytest.raises((TypeError, ValueError)):
        date_text(value, *arguments)


def test_a_lead_with_such_a_value_is_set_aside() -> None:
    """As for all filters; the message quotes nothing of it."""
    for value in ("person.email | money('EUR')", "person.email | date('%F')"):
        aside = set_aside(lead(), route({"clientIds": "person.phones", "contactId": value}))
        assert (aside.reason, aside.stage) == ("expression_failed", "map")
        assert "ana@" not in aside.message
    one = route({"clientIds": "person.phones", "contactId": "source.accountId | money('EUR')"})
    assert "contactId" not in contact_of(lead(), one)
