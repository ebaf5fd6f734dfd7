"""What our filters take: the types that they are applied to, and arguments that stand in the expression as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import phonenumbers
from jinja2 import nodes

from connector.leads.clock_text import PatternError, read_pattern
from connector.leads.findings import Finding, nearest
from connector.leads.format_filters import DEFAULT_LANGUAGE
from connector.leads.languages import currencies, language
from connector.leads.shapes import Shape, Shapes, solid
from connector.leads.zones import ZONE_NAMES, resolve_zone

Arguments: TypeAlias = "Mapping[str, nodes.Expr]"
"""A filter's arguments by the names of its parameters."""

_NUMBERS = frozenset({"int", "long", "float", "double", "decimal"})
_WITH_TEXT = _NUMBERS | {"boolean", "string", "enum", "uuid", "timestamp", "local timestamp", "date", "time"}
_WHOLE = frozenset({"int", "long"})
_TAKES: dict[str, tuple[str, frozenset[str]]] = {
    **dict.fromkeys(
        ("digits", "e164", "lookup", "lower", "replace", "string", "title", "trim", "upper"), ("text", _WITH_TEXT)
    ),
    **dict.fromkeys(("epoch_ms", "epoch_s"), ("an instant", _WHOLE | {"timestamp"})),
    **dict.fromkeys(("first", "join", "last", "pick"), ("a list", frozenset({"array"}))),
    "date": ("a time or a date", _WHOLE | {"timestamp", "local timestamp", "date", "string", "record"}),
    "int": ("a number or its text", _NUMBERS | {"boolean", "string"}),
    "iso": ("a time or a date", _WHOLE | {"timestamp", "local timestamp", "date", "time"}),
    "money": ("a number or its text", _NUMBERS | {"string"}),
}
NEEDED = {"date": frozenset({"pattern", "zone"}), "money": frozenset({"currency", "language"})}
"""Arguments without which a filter fails."""


def type_finding(name: str, source: Shapes | None) -> list[Finding]:
    """A finding where the filter fails for every lead that has a value."""
    known, takes = solid(source or ()), _TAKES.get(name)
    if takes is None or not known or any(_fits(name, shape, takes[1]) for shape in known):
        return []
    found = " or ".join(sorted({shape.kind for shape in known}))
    return [(f"{name} takes {takes[0]}, not {found}", f"it takes {', '.join(sorted(takes[1]))}")]


def _fits(name: str, shape: Shape, kinds: frozenset[str]) -> bool:
    return shape.kind in kinds and (name != "date" or shape.kind != "record" or "local" in shape.fields)


def argument_findings(name: str, arguments: Arguments, source: Shapes | None, tables: frozenset[str]) -> list[Finding]:
    """What is wrong with arguments that are the same for every lead. Loads the language that they name."""
    if name == "lookup":
        return _table_finding(arguments["table"], tables)
    found: list[Finding] = []
    for parameter, node in arguments.items():
        check = _CHECKS.get((name, parameter))
        if check is not None and isinstance(node, nodes.Const):
            found += check(node.value) if isinstance(node.value, str) else [(f"the {parameter} must be text", "")]
    if name == "money" and "language" not in arguments:
        language(DEFAULT_LANGUAGE)
    return found or (_date_findings(arguments, source) if name == "date" else [])


def _table_finding(node: nodes.Expr, tables: frozenset[str]) -> list[Finding]:
    if not isinstance(node, nodes.Const) or not isinstance(node.value, str):
        return [("the table of lookup is named here, not by the event", "for example lookup('campaigns')")]
    if node.value in tables:
        return []
    hint = nearest(node.value, tables) or f"declare it: tables: {{{node.value}: its-file.csv}}"
    return [(f"there is no table {node.value!r}", hint)]


def pattern_findings(pattern: str) -> list[Finding]:
    """What is wrong with the pattern of a date."""
    try:
        read_pattern(pattern)
    except PatternError as error:
        return [(str(error), error.hint)]
    return []


def _date_findings(arguments: Arguments, source: Shapes | None) -> list[Finding]:
    """What a pattern and a zone make of the types that a schema tells apart."""
    kinds, pattern = {shape.kind for shape in solid(source or ())}, arguments["pattern"]
    if kinds == {"local timestamp"} and "zone" not in arguments:
        return [("a local timestamp needs a zone", "for example date('%H:%M', 'America/Montevideo')")]
    if kinds == {"date"} and isinstance(pattern, nodes.Const) and read_pattern(str(pattern.value)).wants_time:
        return [("a date has no time of day", "leave it out of the pattern")]
    return []


def _zone_findings(name: str) -> list[Finding]:
    return [] if resolve_zone(name) else [(f"{name!r} is no IANA time zone", nearest(name, ZONE_NAMES))]


def _currency_findings(code: str) -> list[Finding]:
    known = currencies()
    return [] if code.upper() in known else [(f"{code!r} is no currency of ISO 4217", nearest(code, known))]


def _language_findings(name: str) -> list[Finding]:
    try:
        language(name)
    except ValueError:
        return [(f"{name!r} is no language", "a tag such as es, es-UY, en, de or pt-BR")]
    return []


def _region_findings(code: str) -> list[Finding]:
    if code.upper() in phonenumbers.SUPPORTED_REGIONS:
        return []
    return [(f"{code!r} is no region with phone numbers", "a code of ISO 3166-1 such as UY")]


_CHECKS: dict[tuple[str, str], Callable[[str], list[Finding]]] = {
    ("date", "pattern"): pattern_findings,
    ("date", "zone"): _zone_findings,
    ("date", "language"): _language_findings,
    ("e164", "region"): _region_findings,
    ("money", "currency"): _currency_findings,
    ("money", "language"): _language_findings,
}
