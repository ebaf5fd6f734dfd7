"""What filters take: types and constant arguments, found at the start."""

from __future__ import annotations

from typing import Any

import pytest

from connector.leads.expressions import Compiler
from connector.leads.shapes import nullable, record_shape
from tests.unit.leads.samples import problems_of, route

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
