"""The Jinja2 side of the expression language: one sandboxed environment, one context a lead.

Reading follows ``paths.item``; the differences to plain Jinja2 are all here: what is absent is None, text made of null
is empty, a value keeps its type, and what could build something huge (``limited``) or take for ever (``work``) is
refused. The sandbox guards against accidents and mischief in a configuration; a determined author of expressions has
the ``python:`` way out anyway.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from functools import wraps
from types import GeneratorType, MappingProxyType
from typing import Any, cast

from jinja2 import StrictUndefined, Undefined, nodes, pass_context
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from connector.leads import filters
from connector.leads.comparisons import TEST_OPERATORS
from connector.leads.limited import (
    alike,
    check_numbers,
    is_divisible_by,
    is_even,
    is_odd,
    joined,
    limited_items,
    limited_range,
    rounded,
    summed,
)
from connector.leads.paths import item
from connector.leads.scope import TOPIC, Evaluate, Scope
from connector.leads.tables import Table, lookup_in
from connector.leads.values import absent, text
from connector.leads.work import DEAR, FILTER, THROUGH, Work

LOOP_ATTRIBUTES = frozenset({"index", "index0", "revindex", "revindex0", "first", "last", "length"})
_CHECKED = frozenset({"*", "**", "%"})
_RESULT = "_result"
_TEXT = "_text"
_SLICE = "_slice"
_ITEMS = "_items"
_GONE_THROUGH = "_gone_through"


def _length(value: Sized | None) -> int:
    """Of what is absent 0, so that it can be compared."""
    return 0 if absent(value) else len(cast("Sized", value))


def _absent_stays(function: Callable[..., object]) -> Callable[..., object]:
    """Jinja2's filter, which would fail on null, with our rule: absent in, absent out."""
    value_at = 1 if hasattr(function, "jinja_pass_arg") else 0

    @wraps(function)  # with Jinja2's mark for what it passes before the value
    def keep(*args: object, **keywords: object) -> object:
        return None if absent(args[value_at]) else function(*args, **keywords)

    return keep


def _slice(value: object, start: object, stop: object, step: object) -> object:
    """``value[start:stop:step]`` of text or a list; None of null."""
    if value is None:
        return None
    return value[slice(start, stop, step)]  # type: ignore[index]


class LeadContext(Context):
    """Names are the lead's fields; a field this lead does not have is None (unknown names are refused at start)."""

    def resolve_or_missing(self, key: str) -> object:
        """The value of a name, or None."""
        if key in self.vars:
            return self.vars[key]
        return self.parent.get(key)


class LeadEnvironment(ImmutableSandboxedEnvironment):
    """The environment in which all expressions are compiled and run."""

    intercepted_binops = frozenset({"+", "-", "*", "**", "/", "//", "%"})
    context_class = LeadContext

    def __init__(self, tables: Mapping[str, Table] = MappingProxyType({})) -> None:
        """``tables`` are those of the filter ``lookup``, by name."""
        super().__init__(undefined=StrictUndefined, finalize=text, autoescape=False)
        look_up = lookup_in(tables)

        @pass_context
        def lookup(_context: Context, value: object, table: object) -> str | None:
            """Passed the context, so that Jinja2 does not compute it once for all leads where the value is constant:
            the table may change."""
            return look_up(value, table)

        self.globals = {"range": limited_range}
        self.work = Work()
        theirs: dict[str, Callable[..., object]] = {**self.filters, "round": rounded, "sum": summed}
        kept = {name: _absent_stays(theirs[name]) for name in filters.JINJA_FILTERS}
        counts = {"count": _length, "length": _length}
        helpers: dict[str, Callable[..., object]] = {_TEXT: text, _SLICE: _slice}
        ours: dict[str, Callable[..., object]] = {**kept, **counts, **filters.OWN_FILTERS, "lookup": lookup, **helpers}
        self.filters = {
            name: self._counted(ours[name], DEAR.get(name, FILTER), through=name in THROUGH) for name in ours
        }
        self.filters |= {_ITEMS: self._items, _GONE_THROUGH: self._gone_through}
        numbers: dict[str, Callable[..., object]] = {"even": is_even, "odd": is_odd, "divisibleby": is_divisible_by}
        presence: dict[str, Callable[..., object]] = {"defined": lambda value: not absent(value), "undefined": absent}
        tests: dict[str, Any] = {**self.tests, **numbers, **presence}
        self.tests = {name: self._counted(tests[name], 1, through=name in TEST_OPERATORS) for name in tests}

    def _counted(self, function: Callable[..., object], steps: int, *, through: bool) -> Callable[..., object]:
        """A filter or test whose work is counted: its steps, and what it is given."""
        spend = self.work.spend_through if through else self.work.spend_on

        @wraps(function)
        def counted(*args: object, **keywords: object) -> object:
            spend(args, steps)
            if keywords:
                spend(keywords.values())
            return function(*args, **keywords)

        return counted

    def _gone_through(self, value: object) -> object:
        if isinstance(value, str | bytes | dict | list | tuple):
            self.work.spend_through((value,))
        return value

    def _items(self, value: object) -> object:
        items = limited_items(value)
        self.work.spend(len(cast("Sized", items)))
        return items

    def getattr(self, obj: object, attribute: str) -> object:
        """A field, never a method of a dict; see ``paths.item``."""
        if isinstance(obj, LoopContext):
            return getattr(obj, attribute) if attribute in LOOP_ATTRIBUTES else None
        return item(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        """The same as ``getattr``, and an index."""
        if isinstance(argument, tuple):
            self.work.spend_through(argument)  # a map looks it up by its hash, which goes through all of it
        return item(obj, argument)

    def call(__self, __context: Context, __obj: object, *args: object, **kwargs: object) -> object:
        """A method's result; None when what it would be called on is absent."""
        if __obj is None:
            return None
        __self.work.spend_on((getattr(__obj, "__self__", None), *args, *kwargs.values()), FILTER)
        return super().call(__context, __obj, *args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: object, right: object) -> object:
        """``+``, ``-``, ``/`` and ``//``; and ``*``, ``**`` and ``%`` of numbers of a sane size only. Raises
        LimitError otherwise."""
        if operator in _CHECKED:
            check_numbers(operator, left, right)
        elif operator == "+" and not (isinstance(left, int | float) and isinstance(right, int | float)):
            self.work.spend_on((left, right))
        return super().call_binop(context, operator, *alike(left, right))


ENVIRONMENT = LeadEnvironment()


class _Rewrite(NodeTransformer):
    """Gives Jinja2's own syntax our treatment of null, where the environment is not asked at run time."""

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        """``a ~ b``: each side becomes text as in a template."""
        self.generic_visit(node)
        node.nodes = [_call(each, _TEXT) for each in node.nodes]
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        """``a[1:2]``: slices bypass ``Environment.getitem``."""
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        parts = (node.arg.start, node.arg.stop, node.arg.step)
        return _call(node.node, _SLICE, *(part or nodes.Const(None) for part in parts))

    def visit_For(self, node: nodes.For) -> nodes.Node:
        """``{% for %}``: over so many items and no more."""
        self.generic_visit(node)
        node.iter = _call(cast("nodes.Expr", node.iter), _ITEMS)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        """``a == b``: to compare goes through both."""
        self.generic_visit(node)
        node.expr = _gone_through(node.expr)
        for operand in node.ops:
            operand.expr = _gone_through(operand.expr)
        return node

    def visit_Pair(self, node: nodes.Pair) -> nodes.Node:
        """``{a: b}``: so does to look a key up."""
        self.generic_visit(node)
        node.key = _gone_through(node.key)
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:
        """``a if b``: absent otherwise."""
        self.generic_visit(node)
        node.expr2 = node.expr2 or nodes.Const(None)
        return node


def _call(node: nodes.Expr, name: str, *args: nodes.Expr) -> nodes.Filter:
    return nodes.Filter(node, name, list(args), [], None, None, lineno=node.lineno)


def _gone_through(node: nodes.Expr) -> nodes.Expr:
    return node if isinstance(node, nodes.Const) else _call(node, _GONE_THROUGH)


def _context(scope: Scope, environment: LeadEnvironment) -> Context:
    """The lead's one context, made when first needed: one mapper's expressions have one environment."""
    if scope.context is None:
        parent = {**environment.globals, TOPIC: scope.topic, **scope.lead}
        scope.context = LeadContext(environment, parent, None, {})
    return scope.context


def compile_expression(node: nodes.Expr, environment: LeadEnvironment = ENVIRONMENT) -> Evaluate:
    """An expression that keeps its value's type. Raises TemplateSyntaxError; running it may raise anything."""
    assign = nodes.Assign(nodes.Name(_RESULT, "store"), _Rewrite().visit(node), lineno=1)
    template = nodes.Template([assign], lineno=1)
    template.set_environment(environment)
    run = environment.from_string(template).root_render_func

    def evaluate(scope: Scope) -> object:
        context = _context(scope, environment)
        environment.work.begin()
        for _ in run(context):
            pass
        value = context.vars.pop(_RESULT)
        if isinstance(value, Undefined):
            return None
        # A lazy sequence must do its work (and fail) here, inside the expression.
        return list(value) if isinstance(value, GeneratorType) else value

    return evaluate


def compile_template(node: nodes.Template, environment: LeadEnvironment = ENVIRONMENT) -> Evaluate:
    """A template that gives text. Raises TemplateSyntaxError; running it may raise anything."""
    run = environment.from_string(_Rewrite().visit(node)).root_render_func

    def evaluate(scope: Scope) -> str:
        context = _context(scope, environment)
        environment.work.begin()
        try:
            return joined(run(context))
        finally:
            # {% set %} leaves names in the context that the lead's other expressions share.
            context.vars.clear()

    return evaluate
