"""Personal data, masked: the shape of a text stays, what it says does not. Pure.

Nobody can tell from a schema which of its fields are personal. So every text is masked that is no symbol of an enum,
and every number of five digits and more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

MOST_DIGITS = 4
"""Numbers with so many digits are shown: priorities, counts, years."""
_MANY_DIGITS = re.compile(r"\d(?:[ ().-]?\d){4,}")
_ADDRESS = re.compile(r"[^\s@<>\"']+@[^\s@<>\"']+")
_SHORTEST_QUOTED = 3


def masked_text(text: str) -> str:
    """Letters become x, digits 0; what stands between them stays: ``+59899 Ana`` is ``+00000 xxx``."""
    return "".join("0" if c.isdecimal() else "x" if c.isalnum() else c for c in text)


def masked(value: object, known: Iterable[str] = ()) -> object:
    """A lead or contact with its texts masked, save those that are ``known`` not to be personal. Keys stay."""
    kept = frozenset(known)
    return _masked(value, kept)


def _masked(value: object, kept: frozenset[str]) -> object:
    match value:
        case None | bool() | datetime() | time():
            return value
        case date():
            return masked_text(value.isoformat())  # somebody's birthday
        case str():
            return value if value in kept else masked_text(value)
        case int() | float():
            return value if len(re.sub(r"\D", "", str(value))) <= MOST_DIGITS else masked_text(str(value))
        case Mapping():
            return {str(name): _masked(each, kept) for name, each in value.items()}
        case list() | tuple():
            return [_masked(each, kept) for each in value]
        case bytes():
            return f"{len(value)} bytes"
    return masked_text(str(value))


def masked_answer(answer: str, lead: object) -> str:
    """An answer of the API, which may quote the lead: numbers, addresses and the lead's own texts are masked in it."""
    for text in sorted({each for each in _texts(lead) if len(each) >= _SHORTEST_QUOTED}, key=len, reverse=True):
        answer = answer.replace(text, masked_text(text))
    answer = _ADDRESS.sub(lambda found: masked_text(found[0]), answer)
    return _MANY_DIGITS.sub(lambda found: masked_text(found[0]), answer)


def symbols(schema: object) -> Iterator[str]:
    """Every symbol of every enum in an Avro schema: words of the schema's author, and of no person."""
    if isinstance(schema, Mapping):
        if schema.get("type") == "enum" and isinstance(schema.get("symbols"), list):
            yield from (each for each in schema["symbols"] if isinstance(each, str))
        for each in schema.values():
            yield from symbols(each)
    elif isinstance(schema, list):
        for each in schema:
            yield from symbols(each)


def printable(text: str) -> str:
    """In one line of a terminal: what would move the cursor, or hide what stands there, is replaced."""
    return "".join(
        c if unicodedata.category(c)[0] not in "CZ" or c == " " else "\N{REPLACEMENT CHARACTER}" for c in text
    )


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for each in value.values():
                yield from _texts(each)
        case list() | tuple():
            for each in value:
                yield from _texts(each)
