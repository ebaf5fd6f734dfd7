"""The targets. Each module has

- ``one(data)``: one input, which returns, or raises for a finding;
- ``seeds()``: inputs to begin from, made from real examples;
- ``WORDS`` (where it helps): pieces of text or bytes worth putting into an input;
- ``LONGEST``: bytes of the longest input that is tried;
- ``DECODES``: True where fastavro reads what it is given. fastavro is compiled, so nothing tells which of its ways an
  input took; half of the time it is therefore replaced by its own version in Python, and what that finds of interest is
  the compiled one's corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast


class Target(Protocol):
    """A module of this package."""

    __doc__: str | None
    one: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    WORDS: Sequence[bytes]
    LONGEST: int


NAMES: tuple[str, ...] = tuple(sorted(module.name for module in iter_modules(__path__)))


def target(name: str) -> Target:
    """A target by its name. Imports what it drives."""
    return cast("Target", import_module(f"{__name__}.{name}"))
