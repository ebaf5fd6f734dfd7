"""Reading a field of a lead: one rule, used by compiled paths and by Jinja2 alike.

The rule: what is not there is None. A field of null, a key a map does not have, an index past the end, a field of the
other branch of a union: all None (absent). Names are fields, never methods of the dict; misspelt names are found at
start against the reader schema (``checks``), so nothing is lost by this tolerance.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time
from functools import partial
from typing import TypeAlias

from connector.leads.clock_text import strftime
from connector.leads.scope import Evaluate, Scope
from connector.leads.values import replaced

Step: TypeAlias = str | int

TEXT_METHODS = frozenset({
    "count", "endswith", "find", "isalnum", "isalpha", "isdigit", "islower", "isspace", "isupper", "lower", "lstrip",
    "partition", "removeprefix", "removesuffix", "replace", "rfind", "rpartition", "rsplit", "rstrip", "split",
    "splitlines", "startswith", "strip", "title", "upper",
})  # fmt: skip
"""Methods of text that expressions may call. Missing on purpose: those that build a text of any size (ljust, zfill,
center, format, join ...)."""
DATE_ATTRIBUTES = frozenset({"year", "month", "day"})
DATE_METHODS = frozenset({"date", "isoformat", "isoweekday", "strftime", "weekday"})
TIME_ATTRIBUTES = frozenset({"hour", "minute", "second"})

ATTRIBUTES: dict[type, frozenset[str]] = {
    str: TEXT_METHODS,
    datetime: DATE_ATTRIBUTES | TIME_ATTRIBUTES | DATE_METHODS,
    date: DATE_ATTRIBUTES | (DATE_METHODS - {"date"}),
    time: TIME_ATTRIBUTES | {"isoformat", "strftime"},
}
"""What may be read from a value that is not a record: a closed list, so no attribute leads out of the sandbox."""
_OUR_METHODS: dict[object, Callable[..., object]] = {"replace": replaced, "strftime": strftime}
"""In place of Python's own: the machine's zone and language must not show, and no text grows without measure."""


def item(value: object, key: object) -> object:
    """One step: a record's field, a map's key, an array's index, an attribute of text or of a date; else None."""
    if isinstance(value, dict):
        return value.get(key)
    if isinstance(key, int):
        if isinstance(value, list | tuple | str) and -len(value) <= key < len(value):
            return value[key]
        return None
    allowed = ATTRIBUTES.get(type(value))
    if allowed is not None and key in allowed:
        ours = _OUR_METHODS.get(key)
        return getattr(value, str(key)) if ours is None else partial(ours, value)
    return None


def compile_path(steps: tuple[Step, ...]) -> Evaluate:
    """A direct reader of ``steps`` (at least one, the first a field of the lead): about 0.1 microseconds a call."""
    name = str(steps[0])
    if len(steps) == 1:
        return lambda scope: scope.lead.get(name)
    if len(steps) == 2:
        return _two_steps(name, steps[1])
    return _many_steps(name, steps[1:])


def _two_steps(name: str, second: Step) -> Evaluate:
    def read(scope: Scope) -> object:
        value = scope.lead.get(name)
        if type(value) is dict:
            try:
                return value[second]
            except KeyError:
                return None
        return item(value, second)

    return read


def _many_steps(name: str, rest: tuple[Step, ...]) -> Evaluate:
    def read(scope: Scope) -> object:
        value = scope.lead.get(name)
        for key in rest:
            value = value.get(key) if type(value) is dict else item(value, key)
        return value

    return read
