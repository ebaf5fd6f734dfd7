"""Topic patterns: which topics a pattern takes, in time that any pattern keeps to.

librdkafka matches them with the system's POSIX expressions. Python's ``re`` goes back and tries again, which for
``^(a+)+$`` and a name of 40 letters takes days. Here all the places up to which a pattern can have read are followed at
once (Thompson, 1968): there are at most as many as the name has characters, and none is looked at in two ways.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from re import _constants, _parser  # type: ignore[attr-defined] # Python's own reader of its syntax; not in typeshed
from typing import Any, TypeAlias

DEEPEST = 20
"""Brackets and repetitions in one another."""

_Items: TypeAlias = "Sequence[tuple[Any, Any]]"
"""A pattern as Python reads it: (operation, argument), one after another."""

_CLASSES: dict[Any, Callable[[str], bool]] = {
    _constants.CATEGORY_DIGIT: str.isdigit,
    _constants.CATEGORY_NOT_DIGIT: lambda char: not char.isdigit(),
    _constants.CATEGORY_SPACE: str.isspace,
    _constants.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
    _constants.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
    _constants.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
}
_CHARACTERS = frozenset({_constants.LITERAL, _constants.NOT_LITERAL, _constants.ANY, _constants.IN})
_REPEATS = frozenset({_constants.MAX_REPEAT, _constants.MIN_REPEAT})
_LOOKS = frozenset({_constants.ASSERT, _constants.ASSERT_NOT})
_BEGIN = frozenset({_constants.AT_BEGINNING, _constants.AT_BEGINNING_STRING})
_END = frozenset({_constants.AT_END, _constants.AT_END_STRING})


class PatternError(ValueError):
    """The text is no pattern that topics can be matched with; the message says why."""


def matches(pattern: str, topic: str) -> bool:
    """Whether a pattern (``^leads-.*``) takes a topic: whether the name begins with something that fits it.

    Raises PatternError.
    """
    return bool(_ends(_read(pattern), topic, frozenset({0})))


def check_pattern(pattern: str) -> None:
    """Raises PatternError for what cannot be matched."""
    _verify(_read(pattern))


@lru_cache(maxsize=256)
def _read(pattern: str) -> _Items:
    try:
        read = _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise PatternError(f"not a regular expression: {error}") from None
    if read.state.flags & ~re.UNICODE:
        raise PatternError("not a pattern for topics: it has flags such as (?i)")
    return tuple(read)


def _verify(items: _Items, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise PatternError(f"not a pattern for topics: it is nested more than {DEEPEST} deep")
    for operation, argument in items:
        if operation in _REPEATS:
            _verify(argument[2], depth + 1)
        elif operation is _constants.SUBPATTERN:
            if argument[1] or argument[2]:
                raise PatternError("not a pattern for topics: it has flags such as (?i:…)")
            _verify(argument[3], depth + 1)
        elif operation is _constants.BRANCH:
            for branch in argument[1]:
                _verify(branch, depth + 1)
        elif operation in _LOOKS and argument[0] == 1:
            _verify(argument[1], depth + 1)
        elif operation is _constants.AT and argument not in _BEGIN | _END:
            raise PatternError("not a pattern for topics: it has \\b or \\B")
        elif operation not in _CHARACTERS and operation is not _constants.AT:
            name = str(operation).lower().replace("_", " ")
            raise PatternError(f"not a pattern for topics: it has what Python calls {name}")


def _ends(items: _Items, topic: str, starts: frozenset[int]) -> frozenset[int]:
    """The places that ``items`` can have read up to, from any of the places in ``starts``."""
    for item in items:
        if not starts:
            break
        starts = _step(item, topic, starts)
    return starts


def _step(item: tuple[Any, Any], topic: str, starts: frozenset[int]) -> frozenset[int]:
    operation, argument = item
    if operation in _CHARACTERS:
        return frozenset(at + 1 for at in starts if at < len(topic) and _fits(operation, argument, topic[at]))
    if operation in _REPEATS:
        return _repeated(argument[0], argument[1], argument[2], topic, starts)
    if operation is _constants.SUBPATTERN:
        return _ends(argument[3], topic, starts)
    if operation is _constants.BRANCH:
        return frozenset().union(*(_ends(branch, topic, starts) for branch in argument[1]))
    if operation in _LOOKS:
        wanted = operation is _constants.ASSERT
        return frozenset(at for at in starts if bool(_ends(argument[1], topic, frozenset({at}))) is wanted)
    return starts & {0 if argument in _BEGIN else len(topic)}


def _repeated(least: int, most: Any, items: _Items, topic: str, starts: frozenset[int]) -> frozenset[int]:
    for _ in range(least):
        after = _ends(items, topic, starts)
        if after == starts:
            break  # nothing was read, and nothing will be
        starts = after
    found = newest = starts
    for _ in range(min(int(most), len(topic) + least + 1) - least):
        newest = _ends(items, topic, newest) - found
        if not newest:
            break
        found |= newest
    return found


def _fits(operation: Any, argument: Any, char: str) -> bool:
    if operation is _constants.LITERAL:
        return bool(ord(char) == argument)
    if operation is _constants.NOT_LITERAL:
        return bool(ord(char) != argument)
    if operation is _constants.ANY:
        return char != "\n"
    negated, *rest = argument if argument[0][0] is _constants.NEGATE else (None, *argument)
    return any(_in_class(what, value, char) for what, value in rest) is (negated is None)


def _in_class(operation: Any, argument: Any, char: str) -> bool:
    if operation is _constants.RANGE:
        return bool(argument[0] <= ord(char) <= argument[1])
    if operation is _constants.CATEGORY:
        return _CLASSES[argument](char)
    return bool(ord(char) == argument)
