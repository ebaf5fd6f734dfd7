"""What may be read from a value, or called on it, by its Avro type (``paths.ATTRIBUTES`` has it by Python type)."""

from __future__ import annotations

from datetime import date, datetime, time

from connector.leads.paths import ATTRIBUTES, DATE_METHODS, TEXT_METHODS
from connector.leads.shapes import Shape

METHODS = TEXT_METHODS | DATE_METHODS
GIVE_TEXT = frozenset({
    "isoformat", "lower", "lstrip", "removeprefix", "removesuffix", "replace", "rstrip", "strftime", "strip", "title",
    "upper",
})  # fmt: skip
"""The methods whose result is text; what the others give is not looked at."""
_PYTHON_TYPES: dict[str, type] = {
    "string": str,
    "enum": str,
    "timestamp": datetime,
    "local timestamp": datetime,
    "date": date,
    "time": time,
}


def has_method(shape: Shape, name: str) -> bool:
    """Whether the method can be called."""
    return name in METHODS and name in _attributes(shape)


def has_attribute(shape: Shape, name: str) -> bool:
    """Whether there is such a number: a year, an hour."""
    return name not in METHODS and name in _attributes(shape)


def _attributes(shape: Shape) -> frozenset[str]:
    python = _PYTHON_TYPES.get(shape.kind)
    return frozenset() if python is None else ATTRIBUTES[python]
