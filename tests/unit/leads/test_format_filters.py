"""Money and dates for people: what they take, what they refuse, and that nothing of the machine shows."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from connector.leads import languages
from connector.leads.expressions import Compiler
from connector.leads.filters import OWN_FILTERS
from connector.leads.format_filters import date_text, money
from connector.leads.shapes import nullable, record_shape
from tests.unit.leads.samples import ROOT, contact_of, evaluate, findings, lead, problems_of, route, set_aside

LOCAL = datetime(2026, 3, 9, 9, 30)
INSTANT = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
ZONE = "America/Montevideo"
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Lead",
    "fields": [
        {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}},
        {"name": "price", "type": "double"},
        {"name": "currency", "type": ["null", "string"]},
        {"name": "zone", "type": ["null", "string"]},
        {"name": "born", "type": {"type": "int", "logicalType": "date"}},
        {"name": "wall", "type": {"type": "long", "logicalType": "local-timestamp-millis"}},
        {"name": "micros", "type": {"type": "long", "logicalType": "timestamp-micros"}},
        {"name": "either", "type": ["null", "string", {"type": "array", "items": "string"}]},
        {"name": "token", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A"]}},
        {"name": "times", "type": {"type": "array", "items": "long"}},
        {"name": "flag", "type": "boolean"},
    ],
}


def checked(value: str) -> Compiler:
    """One value, compiled over the schema of this file."""
    compiler = Compiler(record_shape(SCHEMA))
    compiler.value(value, ("value",))
    return compiler


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


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("token | money('EUR')", "money takes a number or its text, not uuid"),
        ("flag | money('EUR')", "money takes a number or its text, not boolean"),
        ("kind | money('EUR')", "money takes a number or its text, not enum"),
        ("times | money('EUR')", "money takes a number or its text, not array"),
        ("times | map('money', 'EURO') | list", "'EURO' is no currency of ISO 4217"),
        ("times | map('date', '%x') | list", "%x is not available in a pattern"),
        ("born | money('EUR')", "money takes a number or its text, not date"),
        ("amount | money(5)", "the currency must be text"),
        ("amount | money('EUR', language='klingon')", "'klingon' is no language"),
        ("price | date('%F')", "date takes a time or a date, not double"),
        ("flag | date('%F')", "date takes a time or a date, not boolean"),
        ("born | date('%R')", "a date has no time of day"),
        ("wall | date('%R')", "a local timestamp needs a zone"),
        ("micros | date('%F', 'Europe/Madird')", "'Europe/Madird' is no IANA time zone"),
        ("micros | date(5)", "the pattern must be text"),
        ("born | epoch_ms", "epoch_ms takes an instant, not date"),
        ("currency | epoch_s", "epoch_s takes an instant, not string"),
        ("currency | iso", "iso takes a time or a date, not string"),
        ("currency | join", "join takes a list, not string"),
        ("currency | first", "first takes a list, not string"),
        ("times | upper", "upper takes text, not array"),
        ("micros | int", "int takes a number or its text, not timestamp"),
        ("currency | e164('Uruguay')", "'Uruguay' is no region with phone numbers"),
    ],
)
def test_what_fails_for_every_lead_is_found_at_the_start(value: str, message: str) -> None:
    """By types, and by arguments that are the same for every lead."""
    assert [problem.message for problem in checked(value).problems] == [message]


@pytest.mark.parametrize(
    "value",
    ["amount | money('EUR')", "price | money(currency or 'EUR', 'es')", "either | money('eur', 'pt_BR')",
     "times | map('money', 'EUR') | list", "micros | date('%R')", "wall | date('%R', 'Europe/Madrid')",
     "born | date('%F')", "either | date('%F')", "wall | date('%R', zone or 'UTC')", "either | first",
     "either | upper"],
)  # fmt: skip
def test_what_may_work_is_accepted(value: str) -> None:
    """Without a word."""
    compiler = checked(value)
    assert not compiler.problems and not compiler.warnings


@pytest.mark.parametrize(
    ("value", "what"),
    [("price | money(currency)", "currency may be absent, and money then fails"),
     ("micros | date('%R', zone)", "zone may be absent, and date then fails"),
     ("micros | date('%R', zone=zone)", "zone may be absent, and date then fails")],
)  # fmt: skip
def test_an_argument_that_may_be_absent_is_remarked(value: str, what: str) -> None:
    """Which would set every such lead aside."""
    compiler = checked(value)
    assert not compiler.problems and [each.message for each in compiler.warnings] == [what]


def test_the_check_knows_that_they_give_text() -> None:
    """Which is absent where the value is."""
    (problem,) = problems_of(route({"clientIds": "person.phones", "priority": "priority | money('EUR')"}))
    assert problem.message == "priority cannot be made from string"
    compiler = Compiler(record_shape(SCHEMA))
    for value, expected in (
        ("price | money('EUR')", False),
        ("either | money('EUR')", True),
        ("born | date('%F')", False),
    ):
        shapes = compiler.value(value, ()).shapes
        assert shapes is not None and nullable(shapes) is expected and shapes[0].kind == "string"


SCRIPT = """
import time
from datetime import UTC, datetime
from tests.unit.leads.samples import evaluate
print(evaluate("occurredAt.strftime('%F %T %A %B %p')"), evaluate("occurredAt | date('%F %T %A %b', 'Europe/Madrid')"),
      evaluate("occurredAt | iso"), evaluate("occurredAt | epoch_ms"), evaluate("{{ occurredAt }}"),
      evaluate("'2026-03-09T09:30' | date('%T %z', 'America/Montevideo')"), evaluate("occurredAt.date().isoformat()"),
      evaluate("1234.5 | money('EUR', 'es')"), sep="|")
print(time.tzname[0])
"""


def test_the_machines_zone_and_language_change_nothing() -> None:
    """The same text on three machines, which are not alike."""
    said = []
    for zone, language in (("America/New_York", "C"), ("Asia/Kathmandu", "de_DE.UTF-8"), ("UTC", "es_ES.UTF-8")):
        environment = {**os.environ, "TZ": zone, "LC_ALL": language, "LANG": language, "PYTHONIOENCODING": "utf-8"}
        command = [sys.executable, "-c", SCRIPT]
        run = subprocess.run(
            command, env=environment, cwd=ROOT, check=True, capture_output=True, text=True, encoding="utf-8"
        )
        said.append(run.stdout.splitlines())
    assert len({machine for _, machine in said}) == 3
    assert {text for text, _ in said} == {said[0][0]} and "2026-01-15 14:59:58 Thursday January PM" in said[0][0]


HUGE: list[object] = [
    "9" * 10**6, "a " * 500_000, "+" * 10**6, 10**10**6, -(10**10**6), 1e308, float("nan"), float("inf"),
    Decimal("1E+1000000000"), Decimal("1E-1000000000"), Decimal("NaN"), Decimal("9" * 10**5), ["a"] * 10**5,
    [["a" * 10**6] * 2] * 2, {"a" * 10**6: 1}, b"a" * 10**6, datetime.max, datetime.min, date.max, INSTANT,
]  # fmt: skip
ARGUMENTS: dict[str, list[tuple[object, ...]]] = {
    "date": [("%F",), ("%A" * 100, ZONE), ("%" * 10**6,)],
    "join": [("a" * 10**6,)],
    "lookup": [("table",)],
    "money": [("EUR",), ("E" * 10**6,)],
    "pick": [("a", "a" * 10**6)],
    "replace": [("a", "b" * 10**6), ("9", "")],
    "default": [(10**10**6, True)],
}


@pytest.mark.parametrize("name", sorted(OWN_FILTERS))
def test_no_value_holds_a_filter_up_or_fills_the_memory(name: str) -> None:
    """The result is no larger than what it was made of, or a megabyte; or it is refused."""
    for value in HUGE:
        for arguments in ARGUMENTS.get(name, [()]):
            try:
                result = OWN_FILTERS[name](value, *arguments)
            except (TypeError, ValueError, ArithmeticError):
                continue
            assert not isinstance(result, str) or len(result) <= 3 * 10**6


def test_text_does_not_grow_without_measure() -> None:
    """By the method either, which events may give both texts."""
    event = lead(person={"firstName": "a" * 10**5, "lastName": "b" * 10**5})
    for value in ("person.firstName.replace('a', person.lastName)", "person.firstName | replace('a', person.lastName)"):
        with pytest.raises(ValueError, match="characters"):
            evaluate(value, event)
    assert evaluate("person.firstName.replace('a', 'bc', 1)", event) == "bc" + "a" * (10**5 - 1)
    assert evaluate("person.firstName.replace('a', '')", event) == ""
    assert findings("person.firstName.replace('a', 'b')") == []


def test_babel_is_loaded_by_the_check_and_only_where_it_is_used() -> None:
    """No lead waits for it, and a mapping without money and languages does not pay for it."""
    script = """
import sys
from tests.unit.leads.samples import mapper, route
mapper(route({"clientIds": "person.phones", "contactId": "occurredAt | date('%A')"}))
print("babel" in sys.modules)
mapper(route({"clientIds": "person.phones", "contactId": "priority | money('EUR')"}))
from connector.leads import languages
print("babel.numbers" in sys.modules, *languages._known)
"""
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, capture_output=True, text=True)
    assert run.stdout.split() == ["False", "True", "en"]
