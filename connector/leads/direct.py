"""Expressions without Jinja2: the common ones as direct calls, 50 times faster.

Covers constants, paths, our filters, lists, ``~``, comparisons, ``and``/``or``/``not``, ``a if b else c`` and templates
made of these. The same functions as in the Jinja2 environment do the work, so both give the same result; a property
test compares them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from jinja2 import nodes

from connector.leads.filters import OWN_FILTERS
from connector.leads.limited import joined
from connector.leads.paths import Step, compile_path, item
from connector.leads.scope import TOPIC, Evaluate, Scope, always
from connector.leads.values import text

FEW = 16
_COMPARE: dict[str, Callable[[Any, Any], object]] = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "gteq": operator.ge,
    "lt": operator.lt,
    "lteq": operator.le,
    "in": lambda left, right: left in right,
    "notin": lambda left, right: left not in right,
}


class NotDirectError(Exception):
    """The expression needs Jinja2."""


class Known(NamedTuple):
    """What an expression can name."""

    fields: frozenset[str]
    filters: Mapping[str, Callable[..., object]] = OWN_FILTERS


def compile_direct(node: nodes.Expr, known: Known) -> Evaluate | None:
    """Direct calls for an expression, or None when it needs Jinja2."""
    try:
        return _expression(node, known)
    except NotDirectError:
        return None


def compile_direct_template(node: nodes.Template, known: Known) -> Evaluate | None:
    """Direct calls for a template that is only text and ``{{ }}``, or None when it needs Jinja2."""
    try:
        parts = [_part(child, known) for output in node.body for child in _children(output)]
    except NotDirectError:
        return None
    calls = [always(part) if isinstance(part, str) else part for part in parts]
    join = _join_of(len(calls))
    return lambda scope: join([made if type(made := call(scope)) is str else text(made) for call in calls])


def _children(node: nodes.Node) -> list[nodes.Expr]:
    if not isinstance(node, nodes.Output):
        raise NotDirectError
    return node.nodes


def _part(node: nodes.Expr, known: Known) -> str | Evaluate:
    return node.data if isinstance(node, nodes.TemplateData) else _expression(node, known)


def _expression(node: nodes.Expr, known: Known) -> Evaluate:
    """The compiler proper: one small function a kind of node. Raises NotDirectError."""
    if isinstance(node, nodes.Const):
        return always(node.value)
    compiler = _COMPILERS.get(type(node))
    if compiler is None:
        raise NotDirectError
    return compiler(node, known)


def _path(node: nodes.Expr, known: Known) -> Evaluate:
    steps: list[Step] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        steps.append(_step(node))
        node = node.node
    steps.reverse()
    if not isinstance(node, nodes.Name):
        return _steps_from(_expression(node, known), tuple(steps))
    if node.name in known.fields:
        return compile_path((node.name, *steps))
    if node.name == TOPIC:
        return _steps_from(lambda scope: scope.topic, tuple(steps))
    raise NotDirectError


def _step(node: nodes.Getattr | nodes.Getitem) -> Step:
    if isinstance(node, nodes.Getattr):
        return node.attr
    if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str | int):
        return node.arg.value
    if isinstance(node.arg, nodes.Neg) and isinstance(node.arg.node, nodes.Const) and type(node.arg.node.value) is int:
        return -node.arg.node.value
    raise NotDirectError


def _steps_from(start: Evaluate, steps: tuple[Step, ...]) -> Evaluate:
    def read(scope: Scope) -> object:
        value = start(scope)
        for key in steps:
            value = item(value, key)
        return value

    return read


def _filter(node: nodes.Filter, known: Known) -> Evaluate:
    function = known.filters.get(node.name)
    if function is None or node.node is None or node.dyn_args is not None or node.dyn_kwargs is not None:
        raise NotDirectError
    source = _expression(node.node, known)
    args = tuple(_expression(arg, known) for arg in node.args)
    keywords = {str(pair.key): _expression(pair.value, known) for pair in node.kwargs}
    if not args and not keywords:
        return lambda scope: function(source(scope))
    return lambda scope: function(
        source(scope), *[arg(scope) for arg in args], **{key: value(scope) for key, value in keywords.items()}
    )


def _list(node: nodes.List, known: Known) -> Evaluate:
    items = [_expression(each, known) for each in node.items]
    return lambda scope: [each(scope) for each in items]


def _concat(node: nodes.Concat, known: Known) -> Evaluate:
    parts = [_expression(each, known) for each in node.nodes]
    join = _join_of(len(parts))
    return lambda scope: join([text(part(scope)) for part in parts])


def _join_of(parts: int) -> Callable[[list[str]], str]:
    """How so many texts become one. Of a few it is not much larger than the event; of many that is looked at first."""
    return "".join if parts <= FEW else joined


def _compare(node: nodes.Compare, known: Known) -> Evaluate:
    if len(node.ops) != 1:
        raise NotDirectError
    compare = _COMPARE[node.ops[0].op]
    left, right = _expression(node.expr, known), _expression(node.ops[0].expr, known)
    return lambda scope: compare(left(scope), right(scope))


def _and(node: nodes.And, known: Known) -> Evaluate:
    left, right = _expression(node.left, known), _expression(node.right, known)
    return lambda scope: left(scope) and right(scope)


def _or(node: nodes.Or, known: Known) -> Evaluate:
    left, right = _expression(node.left, known), _expression(node.right, known)
    return lambda scope: left(scope) or right(scope)


def _not(node: nodes.Not, known: Known) -> Evaluate:
    operand = _expression(node.node, known)
    return lambda scope: not operand(scope)


def _condition(node: nodes.CondExpr, known: Known) -> Evaluate:
    test, chosen = _expression(node.test, known), _expression(node.expr1, known)
    other = _expression(node.expr2 or nodes.Const(None), known)
    return lambda scope: chosen(scope) if test(scope) else other(scope)


_Compile: TypeAlias = Callable[..., Evaluate]
_COMPILERS: Mapping[type[nodes.Node], _Compile] = {
    nodes.Name: _path,
    nodes.Getattr: _path,
    nodes.Getitem: _path,
    nodes.Filter: _filter,
    nodes.List: _list,
    nodes.Concat: _concat,
    nodes.Compare: _compare,
    nodes.And: _and,
    nodes.Or: _or,
    nodes.Not: _not,
    nodes.CondExpr: _condition,
}
