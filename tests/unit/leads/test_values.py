"""From Avro values to JSON."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from uuid import UUID

import pytest

from connector.leads.values import UnsendableError, plain, text


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 1, 15, 15, tzinfo=UTC), "2026-01-15T15:00:00.000Z"),
        (datetime(2026, 1, 15, 15, 0, 0, 123999, tzinfo=UTC), "2026-01-15T15:00:00.123Z"),
        (datetime(2026, 1, 15, 15), "2026-01-15T15:00:00.000"),
        (date(2026, 1, 15), "2026-01-15"),
        (time(9, 30), "09:30:00"),
        (Decimal("12345678901234567890.10"), "12345678901234567890.10"),
        (Decimal("1E+3"), "1000"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({"a": None, "b": [1, None, {"c": None}]}, {"b": [1, {}]}),
        (True, True),
        (1.5, 1.5),
    ],
)
def test_avro_values_become_json(value: object, expected: object) -> None:
    """Each Avro type has one documented JSON form; nulls are dropped."""
    assert plain(value) == expected


@pytest.mark.parametrize("value", [b"x", [b"x"], float("nan"), float("inf"), 1 << 64, {1: 2}, "".upper, {1, 2}])
def test_what_json_cannot_carry_is_refused(value: object) -> None:
    """Bytes, non-finite numbers, huge integers, odd keys and objects are refused, not sent as something else."""
    with pytest.raises(UnsendableError):
        plain(value)


def test_endless_nesting_is_refused() -> None:
    """A structure nested without end is refused instead of exhausting the stack."""
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(UnsendableError):
        plain(endless)


def test_a_list_has_no_text() -> None:
    """A list in a template is refused: Python's own form of it is nobody's wish."""
    with pytest.raises(UnsendableError):
        text(["a"])
