"""How much an expression may do for one lead.

Loops nest two deep over a thousand items, and what they do each time can go over all of the event: in a few words an
expression can ask for hours of work, or (``{% set a = a ~ a %}``, again and again) for all the memory there is. So work
is counted, not timed: the same lead has the same outcome on every machine. Only what Jinja2 runs is counted. Direct
calls (``direct``) have no loops and no names to set: they are done once for each word that is written.
"""

from __future__ import annotations

from collections.abc import Iterable

from jinja2.exceptions import SecurityError

MAX_WORK = 1_000_000
"""Steps, of up to a microsecond. An expression over a lead of a thousand phones takes some thousands."""
CHARACTERS = 16
"""Characters of a text that are gone through in a step."""
FILTER = 5
"""Steps for calling a filter or method, beside those for what it is given."""
DEAR = {"date": 60, "e164": 100, "lookup": 10, "money": 100, "title": 20}
"""The same for filters that cost more."""
THROUGH = frozenset({"dictsort", "max", "min", "pick", "sort", "unique"})
"""Filters that compare what they are given: not only a list's items, but what is in them."""


class LimitError(SecurityError):
    """An expression asks for more than a lead can need, or for what is not there for its values. The message is ours:
    nothing of the lead is in it."""


class Work:
    """Counts what is left. Belongs to one environment, and so to one thread."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_WORK

    def begin(self) -> None:
        """Another expression, or another lead."""
        self._left = MAX_WORK

    def spend(self, steps: int) -> None:
        """Count so many steps. Raises SecurityError when there were too many."""
        self._left -= steps
        if self._left < 0:
            raise LimitError("too much work for one lead")

    def spend_on(self, values: Iterable[object], steps: int = 0) -> None:
        """Count so many steps, and those of going over each of these values once. Raises SecurityError."""
        for value in values:
            if isinstance(value, str | bytes):
                steps += len(value) // CHARACTERS
            elif isinstance(value, dict | list | tuple):
                steps += len(value)
        self.spend(steps)

    def spend_through(self, values: Iterable[object], steps: int = 0) -> None:
        """As ``spend_on``, where all is gone through that is in a value, as often as it is in it: comparing a list that
        holds another twice, and that another twice …, takes twice as long with each.

        Raises LimitError before all is gone through where there is too much.
        """
        left = self._left - steps
        ahead: list[object] = list(values)
        while ahead and left >= 0:
            value = ahead.pop()
            left -= 1
            if isinstance(value, str | bytes):
                left -= len(value) // CHARACTERS
            elif isinstance(value, dict):
                left -= len(value)
                ahead += value.keys()
                ahead += value.values()
            elif isinstance(value, list | tuple):
                left -= len(value)
                if left >= 0:
                    ahead += value
        self._left = left
        self.spend(0)
