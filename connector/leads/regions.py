"""The region of a phone number without a country code: candidates, tried in order.

Each is a code of ISO 3166-1 alpha-2 as it stands (``UY``), or an expression (``person.country``). A candidate that
gives no region that ``phonenumbers`` knows is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeAlias

import phonenumbers

from connector.leads.expressions import Compiled, Compiler, Path, constant, is_function
from connector.leads.findings import nearest
from connector.leads.scope import Scope
from connector.leads.shapes import solid
from connector.leads.spec import YamlValue

FindRegion: TypeAlias = Callable[[Scope], "str | None"]
"""The region of a lead, in capitals, or None. May raise what an expression can."""

REGIONS: frozenset[str] = frozenset(phonenumbers.SUPPORTED_REGIONS)
_TEXT_KINDS = frozenset({"string", "enum"})
_WORD = re.compile(r"[A-Za-z]+")
_HINT = "a code of ISO 3166-1 such as UY, or an expression such as person.country"
_OFTEN_MEANT = {"UK": "GB", "EN": "GB", "EL": "GR", "USA": "US"}


def compile_regions(compiler: Compiler, value: YamlValue, path: Path) -> tuple[FindRegion | None, bool]:
    """How the region is found (None: there is none), and whether it is the same for every lead."""
    if value is None:
        return None, True
    if not isinstance(value, list):
        candidates = [_candidate(compiler, value, path)]
    else:
        if not value:
            compiler.problem(path, "no candidate for the region", "leave it out, or name one")
        candidates = [_candidate(compiler, each, (*path, index)) for index, each in enumerate(value)]
    calls = [each.evaluate for each in candidates]

    def find(scope: Scope) -> str | None:
        for call in calls:
            found = call(scope)
            if isinstance(found, str) and (region := found.strip().upper()) in REGIONS:
                return region
        return None

    return find, all(each.constant for each in candidates)


def _candidate(compiler: Compiler, value: YamlValue, path: Path) -> Compiled:
    if is_function(value):
        return compiler.value(value, path)
    if not isinstance(value, str):
        return compiler.problem(path, "not a region", _HINT)
    if value in REGIONS and value not in compiler.record.fields:
        return constant(value)
    if _WORD.fullmatch(value) and value not in compiler.record.fields:
        return _unknown(compiler, value, path)
    before = len(compiler.problems)
    compiled = compiler.value(value, path)
    if len(compiler.problems) > before:
        return compiled
    if compiled.constant:
        name = compiled.evaluate(Scope({}, ""))
        return compiled if name in REGIONS else _unknown(compiler, str(name), path)
    shapes = solid(compiled.shapes or ())
    if shapes and not any(shape.kind in _TEXT_KINDS for shape in shapes):
        found = " or ".join(sorted({shape.kind for shape in shapes}))
        return compiler.problem(path, f"a region cannot be made from {found}", _HINT)
    return compiled


def _unknown(compiler: Compiler, name: str, path: Path) -> Compiled:
    meant = _OFTEN_MEANT.get(name.upper(), name.upper())
    hint = f"write {meant}" if meant in REGIONS else nearest(name, compiler.record.fields) or _HINT
    return compiler.problem(path, f"{name!r} is no region with phone numbers", hint)
