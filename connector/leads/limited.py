"""Jinja2's own loops, numbers and texts, in sizes that a lead can have. What is larger raises LimitError."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from decimal import Decimal
from itertools import islice
from typing import cast

from jinja2 import Environment, pass_environment
from jinja2.filters import do_round, sync_do_sum

from connector.leads.values import MAX_TEXT, absent
from connector.leads.work import LimitError

MAX_RANGE = 1000
"""Items a range() may have, and a loop go over: nested loops stay short."""
MAX_PRECISION = 100
"""Digits that round() may be asked for."""
MAX_BITS = 1024
"""Size of an integer that ``*`` or ``**`` may give."""


def limited_range(*args: int) -> range:
    """``range()``, of so many items."""
    numbers = range(*args)
    if len(numbers) > MAX_RANGE:
        raise LimitError(f"a range of more than {MAX_RANGE} items")
    return numbers


def limited_items(value: object) -> object:
    """What a loop goes over: at most MAX_RANGE items, or two loops over an event's own lists would take for ever.

    Nothing, where it is absent."""
    if absent(value):
        return ()
    if isinstance(value, Iterable) and not isinstance(value, Sized):
        value = list(islice(value, MAX_RANGE + 1))
    if isinstance(value, Sized) and len(value) > MAX_RANGE:
        raise LimitError(f"a loop over more than {MAX_RANGE} items")
    return value


def rounded(value: float, precision: int = 0, method: str = "common") -> float:
    """Jinja2's, for numbers, with a precision that they can have: it computes 10 to the power of that, and would take a
    text as often."""
    if not isinstance(value, int | float | Decimal):
        raise LimitError("round takes a number")
    if not -MAX_PRECISION <= precision <= MAX_PRECISION:
        raise LimitError(f"a precision of more than {MAX_PRECISION} digits")
    return do_round(value, precision, method)  # type: ignore[arg-type]  # which method there is, it says itself


@pass_environment
def summed(
    environment: Environment, values: Iterable[object], attribute: str | int | None = None, start: object = 0
) -> object:
    """Jinja2's, for numbers: lists would be copied over and over."""
    if not isinstance(start, int | float | Decimal):
        raise LimitError("sum adds numbers")
    return sync_do_sum(environment, values, attribute, start)


def check_numbers(operator: str, left: object, right: object) -> None:
    """``*``, ``**`` and ``%`` are for numbers, and give some of a sane size; ``**`` not for exact ones."""
    takes = int | float if operator == "**" else int | float | Decimal
    if not (isinstance(left, takes) and isinstance(right, takes)):
        raise LimitError(f"{operator} takes two numbers")
    if isinstance(left, int) and isinstance(right, int):
        bits = {"*": left.bit_length() + right.bit_length(), "**": left.bit_length() * abs(right)}
        if bits.get(operator, 0) > MAX_BITS:
            raise LimitError(f"the result of {operator} is too large")


def alike(left: object, right: object) -> tuple[object, object]:
    """A decimal and a number with a point as two decimals: Python has no arithmetic between them. ``1.21`` is then
    what was written, and not the binary fraction beside it."""
    if isinstance(left, Decimal) and isinstance(right, float):
        return left, Decimal(repr(right))
    if isinstance(right, Decimal) and isinstance(left, float):
        return Decimal(repr(left)), right
    return left, right


def is_even(value: object) -> bool:
    """The test ``even``."""
    return is_divisible_by(value, 2)


def is_odd(value: object) -> bool:
    """The test ``odd``."""
    return not is_even(value)


def is_divisible_by(value: object, number: object) -> bool:
    """The test ``divisibleby``. Jinja2's have Python's ``%``, which for text is formatting, of any width."""
    check_numbers("%", value, number)
    return bool(cast("float", value) % cast("float", number) == 0)


def joined(parts: Iterable[str]) -> str:
    """What a template gives, of a sane size. Raises LimitError."""
    size, kept = 0, []
    for part in parts:
        size += len(part)
        if size > MAX_TEXT:
            raise LimitError(f"a text of more than {MAX_TEXT:,} characters")
        kept.append(part)
    return "".join(kept)
