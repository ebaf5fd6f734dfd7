"""The check of one filter in an expression: its name, its arguments, the fields and filters that it names as text."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from jinja2 import nodes

from connector.leads.comparisons import TEST_OPERATORS, compare_findings
from connector.leads.filter_arguments import NEEDED, argument_findings, type_finding
from connector.leads.filters import JINJA_FILTERS, OWN_FILTERS, RESULT_KINDS
from connector.leads.findings import Finding, nearest_or_all
from connector.leads.jinja import ENVIRONMENT
from connector.leads.shapes import NULL, Shape, Shapes, elements_of, nullable, solid

FieldOf: TypeAlias = Callable[["Shapes | None", str], "Shapes | None"]
"""Checks that a field exists and gives what it can be; None is not known."""

_KNOWN = frozenset(OWN_FILTERS) | JINJA_FILTERS
_SAME_ITEMS = frozenset({"list", "reject", "rejectattr", "select", "selectattr", "sort", "unique"})
"""Filters that give some or all of a list's items."""
_ONE_ITEM = frozenset({"first", "last", "pick"})
"""Filters that give one of a list's items."""
_BY_ATTRIBUTE = frozenset({"pick", "rejectattr", "selectattr"})
_COUNTS = frozenset({"count", "length"})
_BY_TEST = frozenset({"reject", "rejectattr", "select", "selectattr"})


@dataclass(frozen=True, slots=True)
class Around:
    """What the check of a filter needs from that of the expression. ``remark`` is told of an argument that may be
    absent, and of what then fails; ``tables`` are the names of those that there are."""

    field: FieldOf
    findings: list[Finding]
    remark: Callable[[str, nodes.Expr, Shapes | None], None]
    tables: frozenset[str]


def check_filter(
    node: nodes.Filter, source: Shapes | None, arguments: list[Shapes | None], around: Around
) -> Shapes | None:
    """What the filter gives, as far as it is known.

    ``source`` is what it is applied to, ``arguments`` what its arguments can be, those with a name after the others.
    """
    name, findings = node.name, around.findings
    if name not in _KNOWN:
        findings.append((f"unknown filter {name!r}", nearest_or_all(name, _KNOWN)))
        return None
    if name in OWN_FILTERS and node.dyn_args is None and node.dyn_kwargs is None:
        _check_own(node, source, arguments, around)
    attribute = _attribute(node)
    chosen = _elements(source)
    for part in attribute.split(".") if attribute else ():
        chosen = None if part.isdigit() else around.field(chosen, part)
    _check_named(node, source, arguments, around)
    if name in _BY_TEST:
        _check_compared(node, chosen, arguments, findings)
    if name == "map" and attribute:
        return _or_null((Shape("array", element=chosen or ()),), source)
    return _result(node, source, arguments)


def _result(node: nodes.Filter, source: Shapes | None, arguments: list[Shapes | None]) -> Shapes | None:
    """What a filter gives that gives the same kind for all, or what it was given, or a part of it."""
    name = node.name
    if name == "lookup":
        return (Shape("string"), NULL)
    if name in RESULT_KINDS:
        made = (Shape(RESULT_KINDS[name]),)
        return made if name == "string" else _or_null(made, source)
    if name in _ONE_ITEM:
        elements = _elements(source)
        return None if elements is None else _or_null(elements, source)
    if name in _COUNTS:
        return (Shape("int"),)
    if name in _SAME_ITEMS or source is None:
        return source
    if name == "required":
        return solid(source)
    if name == "default":
        fallback = arguments[0] if arguments else (Shape("string"),)
        return None if fallback is None else (*solid(source), *fallback)
    return None


def _or_null(made: Shapes, source: Shapes | None) -> Shapes:
    """Absent where what the filter is applied to is absent."""
    return (*made, NULL) if nullable(source) and not nullable(made) else made


def _check_own(node: nodes.Filter, source: Shapes | None, arguments: list[Shapes | None], around: Around) -> None:
    """One of ours: what it is applied to, and its arguments."""
    name, signature = node.name, inspect.signature(OWN_FILTERS[node.name])
    try:
        bound = signature.bind(None, *node.args, **{str(pair.key): pair.value for pair in node.kwargs}).arguments
    except TypeError as error:
        taken = ", ".join(list(signature.parameters)[1:]) or "none"
        around.findings.append((f"wrong arguments for the filter {name!r}: {error}", f"it takes: {taken}"))
        return
    del bound[next(iter(signature.parameters))]
    around.findings.extend(type_finding(name, source) + argument_findings(name, bound, source, around.tables))
    shapes = {id(each): shape for each, shape in zip(_given(node), arguments, strict=True)}
    for parameter in bound.keys() & NEEDED.get(name, frozenset()):
        around.remark(name, bound[parameter], shapes[id(bound[parameter])])


def _given(node: nodes.Filter) -> list[nodes.Expr]:
    return [*node.args, *(pair.value for pair in node.kwargs)]


def _check_named(node: nodes.Filter, source: Shapes | None, arguments: list[Shapes | None], around: Around) -> None:
    """The filter that ``map`` applies, the test that ``select`` and its kin apply."""
    findings = around.findings
    if node.name == "map" and (inner := _text_at(node, 0)):
        applied = nodes.Filter(None, inner, node.args[1:], node.kwargs, node.dyn_args, node.dyn_kwargs)
        check_filter(applied, _elements(source), arguments[1:], around)
    if node.name in _BY_TEST:
        test = _text_at(node, 1 if node.name in _BY_ATTRIBUTE else 0)
        if test and test not in ENVIRONMENT.tests:
            findings.append((f"unknown test {test!r}", nearest_or_all(test, ENVIRONMENT.tests)))


def _check_compared(
    node: nodes.Filter, chosen: Shapes | None, arguments: list[Shapes | None], findings: list[Finding]
) -> None:
    """The value with which ``select`` and its kin compare."""
    at = 2 if node.name in _BY_ATTRIBUTE else 1
    operator = TEST_OPERATORS.get(_text_at(node, at - 1))
    if operator is not None and at < len(node.args):
        findings.extend(compare_findings(operator, (node, chosen), (node.args[at], arguments[at])))


def _attribute(node: nodes.Filter) -> str:
    """The path that the filter reads of each item, or empty."""
    if node.name in _BY_ATTRIBUTE:
        return _text_at(node, 0)
    given = [pair.value for pair in node.kwargs if pair.key == "attribute" and node.name in JINJA_FILTERS]
    return given[0].value if given and isinstance(given[0], nodes.Const) and isinstance(given[0].value, str) else ""


def _text_at(node: nodes.Filter, index: int) -> str:
    argument = node.args[index] if index < len(node.args) else None
    return argument.value if isinstance(argument, nodes.Const) and isinstance(argument.value, str) else ""


def _elements(source: Shapes | None) -> Shapes | None:
    """What the items of a list can be."""
    return elements_of(source) or None if source else None
