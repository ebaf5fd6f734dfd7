"""The candidates for a contact's time zone, tried in order (DESIGN.md, "Schedule").

The ``timezone`` property is one candidate or a list of them. Each is the word ``phone`` (the zone of the first phone
number, where it has exactly one), an IANA name as it is written (``America/Montevideo``, ``UTC``), or an expression. A
candidate that gives no valid zone for a lead is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

from phonenumbers import PhoneNumber

from connector.leads.expressions import Compiled, Compiler, Path, constant, is_function
from connector.leads.findings import nearest
from connector.leads.scope import Scope
from connector.leads.spec import YamlValue
from connector.leads.zones import ZONE_NAMES, phone_zone, resolve_zone

PHONE = "phone"
_ZONE_LIKE = re.compile(r"[A-Za-z_]+(/[A-Za-z0-9_+-]+)+")

FindZone: TypeAlias = Callable[[Scope, "str | PhoneNumber | None"], "str | None"]
"""From the lead and its first phone number (text, or parsed) to an IANA zone, or None. May raise what an expression
can."""


def compile_candidates(compiler: Compiler, value: YamlValue, path: Path, *, has_phone: bool) -> list[Compiled | None]:
    """The candidates in order; None stands for the phone's zone. Problems go to the compiler."""
    if not isinstance(value, list):
        return [_candidate(compiler, value, path, has_phone=has_phone)]
    if not value:
        compiler.problem(path, "no candidate for the time zone", "leave the property out, or name one")
    return [_candidate(compiler, each, (*path, index), has_phone=has_phone) for index, each in enumerate(value)]


def _candidate(compiler: Compiler, value: YamlValue, path: Path, *, has_phone: bool) -> Compiled | None:
    if value == PHONE:
        if not has_phone:
            compiler.problem(path, "an email contact has no phone to take a time zone from")
        return None
    if is_function(value):
        return compiler.value(value, path)
    if not isinstance(value, str):
        return compiler.problem(path, "not a candidate for the time zone", "phone, an IANA name, or an expression")
    if ("/" in value or value == "UTC") and value in ZONE_NAMES:
        return constant(value)
    if _ZONE_LIKE.fullmatch(value) and value.partition("/")[0] not in compiler.record.fields:
        hint = f"did you mean {zone}?" if (zone := resolve_zone(value)) else nearest(value, ZONE_NAMES)
        return compiler.problem(path, f"{value!r} is no IANA time zone", hint)
    before = len(compiler.problems)
    compiled = compiler.value(value, path)
    if len(compiler.problems) > before or not compiled.constant:
        return compiled
    name = compiled.evaluate(Scope({}, ""))
    if name not in ZONE_NAMES:
        hint = f"write {zone}" if isinstance(name, str) and (zone := resolve_zone(name)) else ""
        return compiler.problem(path, "not an IANA time zone", hint)
    return compiled


def zone_finder(candidates: list[Compiled | None]) -> FindZone:
    """The first candidate that gives a valid zone."""
    calls = [None if each is None else each.evaluate for each in candidates]

    def find(scope: Scope, phone: str | PhoneNumber | None) -> str | None:
        for call in calls:
            name = phone_zone(phone) if call is None and phone is not None else call(scope) if call else None
            if isinstance(name, str) and (zone := resolve_zone(name)) is not None:
                return zone
        return None

    return find
