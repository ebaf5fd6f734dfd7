"""Functions that mappings under test name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def platform_and_id(lead: Mapping[str, Any]) -> str:
    """Two fields in one text."""
    return f"{lead['source']['platform']}/{lead['eventId']}"


def country_of(lead: Mapping[str, Any]) -> str:
    """The person's country."""
    return str(lead["person"]["country"])


def chosen(lead: Mapping[str, Any]) -> object:
    """Whatever a test has put there."""
    return lead["chosen"]


async def later(lead: Mapping[str, Any]) -> str:
    """Cannot be used: it is async."""
    return str(lead)


def of_two(lead: Mapping[str, Any], other: str) -> str:
    """Cannot be used: it needs more than the lead."""
    return f"{lead}{other}"


def failing(lead: Mapping[str, Any]) -> str:
    """Raises with personal data in its message."""
    raise RuntimeError(f"cannot call {lead['person']['phones'][0]}")
