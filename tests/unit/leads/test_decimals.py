"""Counting with decimals: exactly, also beside a number with a point."""

from __future__ import annotations

from decimal import Decimal

import pytest

from connector.leads.expressions import Compiler
from connector.leads.scope import Scope
from connector.leads.shapes import record_shape

AMOUNT = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}
RECORD = record_shape({"type": "record", "name": "Lead", "fields": [{"name": "sum", "type": AMOUNT}]})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("sum * 2", "21.00"),
        ("2 * sum", "21.00"),
        ("sum * 1.21", "12.7050"),
        ("sum + 0.1", "10.60"),
        ("0.1 - sum", "-10.40"),
        ("sum / 0.5", "21"),
        ("sum // 0.4", "26"),
        ("sum % 0.4", "0.10"),
        ("sum * sum", "110.2500"),
        ("-sum", "-10.50"),
    ],
)
def test_a_decimal_is_counted_with_exactly(value: str, expected: str) -> None:
    """A number with a point is what was written, not the binary fraction beside it."""
    compiler = Compiler(RECORD)
    compiled = compiler.value(value, ("value",))
    assert not compiler.problems
    assert compiled.evaluate(Scope({"sum": Decimal("10.50")}, "leads")) == Decimal(expected)


@pytest.mark.parametrize("value", ["sum ** 2", "2 ** sum", "sum ** sum"])
def test_a_power_of_a_decimal_is_refused(value: str) -> None:
    """It would have any number of digits."""
    compiler = Compiler(RECORD)
    compiler.value(value, ("value",))
    [problem] = compiler.problems
    assert "** takes two numbers, not" in problem.message and problem.hint == "write x * x"
