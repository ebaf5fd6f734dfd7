"""No value holds a filter up or fills the memory, and nothing of the machine shows."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from connector.leads.filters import OWN_FILTERS
from tests.unit.leads.samples import ROOT, evaluate, findings, lead

LOCAL = datetime(2026, 3, 9, 9, 30)
INSTANT = datetime(2026, 3, 9, 12, 30, tzinfo=UTC)
ZONE = "America/Montevideo"


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
