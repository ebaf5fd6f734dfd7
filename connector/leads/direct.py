"""Expressions without Jinja2: the common ones as direct calls, 50 times faster.

Covers constants, paths, our filters, lists, ``~``, comparisons, ``and``/``or``/``not``, ``a if b else c`` and templates
made of these. The same functions as in the Jinja2 environment do the work, so both give the same result; a property
test compares them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from jinja2 import nodes

from connector.leads.filters import OWN_FILTERS
from connector.leads.paths import Step, compile_path, item
from connector.leads.scope import TOPIC, Evaluate, Scope, always
from connector.leads.values import text

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


def compile_direct(node: nodes.Expr, fields: Iterable[str]) -> Evaluate | None:
    """Direct calls for an expression, or None when it needs Jinja2. ``fields`` are the lead's top-level fields."""
    try:
        return _expression(node, frozenset(fields))
    except NotDirectError:
        return None


def compile_direct_template(node: nodes.Template, fields: Iterable[str]) -> Evaluate | None:
    """Direct calls for a template that is only text and ``{{ }}``, or None when it needs Jinja2."""
    names = frozenset(fields)
    try:
        parts = [_part(child, names) for output in node.body for child in _children(output)]
    except NotDirectError:
        return None
    return lambda scope: "".join([part if isinstance(part, str) else text(part(scope)) for part in parts])


def _children(node: nodes.Node) -> list[nodes.Expr]:
    if not isinstance(node, nodes.Output):
        raise NotDirectError
    return node.nodes


def _part(node: nodes.Expr, names: frozenset[str]) -> str | Evaluate:
    return node.data if isinstance(node, nodes.TemplateData) else _expression(node, names)


def _expression(node: nodes.Expr, names: frozenset[str]) -> Evaluate:
    """The compiler proper: one small function a kind of node. Raises NotDirectError."""
    if isinstance(node, nodes.Const):
        return always(node.value)
    compiler = _COMPILERS.get(type(node))
    if compiler is None:
        raise NotDirectError
    return compiler(node, names)


def _path(node: nodes.Expr, names: frozenset[str]) -> Evaluate:
    steps: list[Step] = []
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        steps.append(_step(node))
        node = node.node
    steps.reverse()
    if not isinstance(node, nodes.Name):
        return _steps_from(_expression(node, names), tuple(steps))
    if node.name in names:
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


def _filter(node: nodes.Filter, names: frozenset[str]) -> Evaluate:
    function = OWN_FILTERS.get(node.name)
    if function is None or node.node is None or node.dyn_args is not None or node.dyn_kwargs is not None:
        raise NotDirectError
    source = _expression(node.node, names)
    args = tuple(_expression(arg, names) for arg in node.args)
    keywords = {str(pair.key): _expression(pair.value, names) for pair in node.kwargs}
    if not args and not keywords:
        return lambda scope: function(source(scope))
    return lambda scope: function(
        source(scope), *[arg(scope) for arg in args], **{key: value(scope) for key, value in keywords.items()}
    )


def _list(node: nodes.List, names: frozenset[str]) -> Evaluate:
    items = [_expression(each, names) for each in node.items]
    return lambda scope: [each(scope) for each in items]


def _concat(node: nodes.Concat, names: frozenset[str]) -> Evaluate:
    parts = [_expression(each, names) for each in node.nodes]
    return lambda scope: "".join([text(part(scope)) for part in parts])


def _compare(node: nodes.Compare, names: frozenset[str]) -> Evaluate:
    if len(node.ops) != 1:
        raise NotDirectError
    compare = _COMPARE[node.ops[0].op]
    left, right = _expression(node.expr, names), _expression(node.ops[0].expr, names)
    return lambda scope: compare(left(scope), right(scope))


def _and(node: nodes.And, names: frozenset[str]) -> Evaluate:
    left, right = _expression(node.left, names), _expression(node.right, names)
    return lambda scope: left(scope) and right(scope)


def _or(node: nodes.Or, names: frozenset[str]) -> Evaluate:
    left, right = _expression(node.left, names), _expression(node.right, names)
    return lambda scope: left(scope) or right(scope)


def _not(node: nodes.Not, names: frozenset[str]) -> Evaluate:
    operand = _expression(node.node, names)
    return lambda scope: not operand(scope)


def _condition(node: nodes.CondExpr, names: frozenset[str]) -> Evaluate:
    test, chosen = _expression(node.test, names), _expression(node.expr1, names)
    other = _expression(node.expr2 or nodes.Const(None), names)
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
