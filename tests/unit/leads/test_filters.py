"""Filters of the expression language."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from connector.leads import filters
from connector.leads.filters import JINJA_FILTERS, OWN_FILTERS
from tests.unit.leads.samples import evaluate


@pytest.mark.parametrize("name", sorted(set(OWN_FILTERS) - {"default", "required", "string"}))
def test_null_stays_null(name: str) -> None:
    """A filter given null gives null, never the word None."""
    arguments = {
        "date": ("%F",), "lookup": ("t",), "money": ("EUR",), "pick": ("a", "b"), "replace": ("a",),
    }.get(name, ())  # fmt: skip
    assert OWN_FILTERS[name](None, *arguments) is None


@pytest.mark.parametrize("name", sorted(JINJA_FILTERS))
@pytest.mark.parametrize("absent", ["source.accountId", "attributes.nothing", "person.phones[9]"])
def test_absent_stays_absent_through_jinjas_own_filters(name: str, absent: str) -> None:
    """As through ours, with arguments or without; the length of nothing is 0."""
    arguments = {"map": "('upper')", "selectattr": "('a')", "rejectattr": "('a')", "truncate": "(3)"}.get(name, "")
    expected = 0 if name in {"count", "length"} else None
    assert evaluate(f"{absent} | {name}{arguments}") == expected
    assert evaluate(f"({absent} | {name}{arguments}) is none") is (expected is None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("person.phones | map('e164') | list", ["+59899123456", "+59829012345"]),
        ("[source.accountId, 'b'] | map('upper') | list", [None, "B"]),
        ("[[1], none, [1, 2]] | map('length') | list", [1, 0, 2]),
        ("{% for each in source.accountId %}x{% else %}none{% endfor %}", "none"),
        ("person.phones | length > 1 and source.accountId | length < 1", True),
    ],
)
def test_jinjas_own_filters_work_as_before(value: str, expected: object) -> None:
    """Those that are passed a context get it; a loop over what is absent goes over nothing."""
    assert evaluate(value) == expected


def test_an_instant_becomes_epoch_milliseconds_rounded_down() -> None:
    """Before 1970 too, and whatever the offset."""
    assert filters.epoch_ms(datetime(2026, 1, 15, 15, tzinfo=UTC)) == 1768489200000
    assert filters.epoch_ms(datetime(2026, 1, 15, 12, 0, 0, 999, tzinfo=timezone(timedelta(hours=-3)))) == 1768489200000
    assert filters.epoch_ms(datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)) == -1
    assert filters.epoch_s(1768489200999) == 1768489200


@pytest.mark.parametrize("value", ["2026-01-15", True, datetime(2026, 1, 1), 1.5])
def test_what_is_no_instant_is_refused(value: object) -> None:
    """Text, booleans, floats and local timestamps have no place on the time line."""
    with pytest.raises(TypeError):
        filters.epoch_ms(value)


def test_iso() -> None:
    """Instants in UTC with milliseconds, dates as dates, whole numbers as milliseconds."""
    assert filters.iso(datetime(2026, 1, 15, 12, tzinfo=timezone(timedelta(hours=-3)))) == "2026-01-15T15:00:00.000Z"
    assert filters.iso(date(2026, 1, 15)) == "2026-01-15"
    assert filters.iso(1768489200000) == "2026-01-15T15:00:00.000Z"


@pytest.mark.parametrize(
    ("value", "region", "expected"),
    [
        ("+598 99 123 456", None, "+59899123456"),
        ("099 123 456", "UY", "+59899123456"),
        ("099 123 456", "uy", "+59899123456"),
        ("099 123 456", None, None),
        ("+598 1", None, None),
        ("call me", "UY", None),
        ("099 123 456", "Uruguay", None),
    ],
)
def test_e164(value: str, region: str | None, expected: str | None) -> None:
    """Valid numbers in E.164, None for all else."""
    assert filters.e164(value, region) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("ANA MARÍA DE LA CRUZ", "Ana María de la Cruz"),
        ("de la cruz", "De la Cruz"),
        ("o'brien", "O'Brien"),
        ("jean-luc", "Jean-Luc"),
        ("Ronald McDonald", "Ronald McDonald"),
        ("  ana   pérez ", "Ana Pérez"),
        ("ñandú", "Ñandú"),
    ],
)
def test_title_knows_names(value: str, expected: str) -> None:
    """Particles stay small, parts of a word are capitalised, mixed case is kept."""
    assert filters.title(value) == expected


def test_join_first_last() -> None:
    """Empty items leave no separator behind; an empty list has no first item; text is no list."""
    assert filters.join(["Ana", None, "", "Pérez"], " ") == "Ana Pérez"
    assert filters.first([]) is None
    assert filters.first(["a", "b"]) == "a"
    assert filters.last(["a", "b"]) == "b"
    for function in (filters.join, filters.first, filters.last):
        with pytest.raises(TypeError):
            function("text")


def test_pick() -> None:
    """The first with that value, whatever else is in the list; none for an absent value; text is no list."""
    columns = [{"id": None, "text": "x"}, "odd", {"id": "PHONE", "text": "1"}, {"id": "PHONE", "text": "2"}]
    assert filters.pick(columns, "id", "PHONE") == {"id": "PHONE", "text": "1"}
    assert filters.pick(columns, "id", "EMAIL") is None
    assert filters.pick(columns, "id", None) is None
    assert filters.pick(None, "id", "PHONE") is None
    for value in ("text", {"id": "PHONE"}):
        with pytest.raises(TypeError):
            filters.pick(value, "id", "PHONE")


def test_default() -> None:
    """Only null is replaced, unless the second argument asks for empty too."""
    assert filters.default(None, "x") == "x"
    assert filters.default("", "x") == ""
    assert filters.default("", "x", True) == "x"


def test_text_filters() -> None:
    """Digits, case, trimming, replacing, whole numbers and text of numbers."""
    assert filters.digits("+1 (425) 671-5523") == "14256715523"
    assert filters.digits("٣") == ""
    assert filters.trim(" a ") == "a"
    assert filters.replace("a-b-c", "-", "") == "abc"
    assert filters.whole("12") == 12
    assert filters.upper(Decimal("1.50")) == "1.50"
    with pytest.raises(ValueError, match="look for"):
        filters.replace("a", "", "b")
