"""What a check at start reports about an expression."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import TypeAlias

Finding: TypeAlias = tuple[str, str]
"""A message and a hint (may be empty)."""


def nearest(name: str, known: Iterable[str]) -> str:
    """``did you mean …?`` with the closest of ``known``, or empty."""
    by_fold = {each.casefold(): each for each in known}
    found = get_close_matches(name.casefold(), by_fold, n=1)
    return f"did you mean {by_fold[found[0]]}?" if found else ""


def nearest_or_all(name: str, known: Iterable[str]) -> str:
    """The closest of ``known``, or all of them."""
    names = sorted(known)
    return nearest(name, names) or f"known: {', '.join(names)}"
