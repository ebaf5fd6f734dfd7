"""Phone numbers that were left out of a contact, and why."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class Unusable(StrEnum):
    """Why a phone number cannot be sent. Bounded, so it can be a metric label."""

    NOT_A_NUMBER = "not_a_number"
    """There is no phone number in it."""
    NO_COUNTRY = "no_country"
    """It has no country code, and there is no region to take it from."""
    NOT_VALID = "not_valid"
    """Its country has no such number."""

    @property
    def text(self) -> str:
        """For people."""
        return _TEXT[self]


_TEXT = {
    Unusable.NOT_A_NUMBER: "no phone number",
    Unusable.NO_COUNTRY: "without a country code, and no region is known",
    Unusable.NOT_VALID: "no valid number in its country",
}


class Dropped(NamedTuple):
    """How many numbers of a property were left out for one reason. Holds nothing of the person."""

    property: str
    why: Unusable
    numbers: int

    def __str__(self) -> str:
        return f"{self.property}: {self.numbers} left out: {self.why.text}"
