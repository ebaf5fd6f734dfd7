"""The check of ``+``, ``-``, ``*`` and the like: types that never go together."""

from __future__ import annotations

from connector.leads.findings import Finding
from connector.leads.shapes import Shapes, solid

_NUMBER, _TEXT = "number", "text"
_GROUPS = {
    **dict.fromkeys(("boolean", "int", "long", "float", "double", "decimal"), _NUMBER),
    **dict.fromkeys(("string", "enum"), _TEXT),
    **dict.fromkeys(("bytes", "fixed"), "bytes"),
}
"""Kinds that go together; the others go with their own kind only."""
_MOMENTS = frozenset({"timestamp", "local timestamp", "date"})
_GO = {"+": frozenset({_NUMBER, _TEXT, "bytes", "array"}), "-": frozenset({_NUMBER, *_MOMENTS})}
_JUST_NUMBERS = frozenset({_NUMBER})
_EXACT = "decimal"
_TAKES = {"+": "two numbers, two texts or two lists", "-": "two numbers or two times"}


def arithmetic_findings(sign: str, operands: list[Shapes | None]) -> list[Finding]:
    """What is wrong with ``left sign right``, or ``sign value``, as far as that is certain."""
    known = [solid(shapes or ()) for shapes in operands]
    if not all(known):
        return []
    apart = {_EXACT: _EXACT} if sign == "**" else {}
    groups = [frozenset((_GROUPS | apart).get(shape.kind, shape.kind) for shape in shapes) for shapes in known]
    one = len(groups) == 1
    if frozenset.intersection(*groups) & (_JUST_NUMBERS if one else _GO.get(sign, _JUST_NUMBERS)):
        return []
    kinds = " and ".join(" or ".join(sorted({shape.kind for shape in shapes})) for shapes in known)
    takes = "a number" if one else _TAKES.get(sign, "two numbers")
    return [(f"{sign} takes {takes}, not {kinds}", _way_out(sign, frozenset[str]().union(*groups)))]


def _way_out(sign: str, groups: frozenset[str]) -> str:
    if groups & (_MOMENTS - {"date"}):
        return "| epoch_ms gives the milliseconds of an instant, | date(…) text of a time"
    if sign == "+" and not groups - {_TEXT, _NUMBER, "uuid", "date", "time"}:
        return "~ joins anything as text; | int makes a number of text"
    if _EXACT in groups:
        return "write x * x"
    return "| int makes a number of text" if _TEXT in groups else ""
