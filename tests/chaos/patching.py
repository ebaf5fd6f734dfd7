"""Replacing names of the connector in a process that a case runs. A name that is gone fails loudly."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class MissingTargetError(Exception):
    """The connector no longer has a name that is to be replaced: the instruments must follow it."""


def replace(owner: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put ``make(what is there)`` in the place of an attribute that a class or module itself defines or imports.

    Raises MissingTargetError when there is none.
    """
    try:
        original = vars(owner)[name]
    except KeyError:
        raise MissingTargetError(f"{owner.__name__} has no {name}: mend tests/chaos") from None
    setattr(owner, name, make(original))
