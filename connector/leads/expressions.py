"""Compiles the values of a mapping (DESIGN.md, "Mapping side"): checked against the schema, ready to be called.

- a string is an expression; with ``{{ }}`` or ``{% %}`` it is a template that gives text;
- numbers, booleans and null are themselves, lists and objects are compiled item by item;
- an object of the one key ``python`` is a function: ``{python: "module:function"}``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import MappingProxyType

from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.parser import Parser

from connector.leads import direct, functions, jinja
from connector.leads.checks import Checker
from connector.leads.filters import OWN_FILTERS
from connector.leads.narrowing import Ways, there
from connector.leads.scope import Evaluate, Scope, always
from connector.leads.shapes import Shape, Shapes, array_of
from connector.leads.spec import SpecProblem, YamlValue
from connector.leads.tables import Table, lookup_in

Path = tuple[str | int, ...]
PYTHON = "python"
_WITHOUT_HOPE = (SecurityError, ArithmeticError, TypeError, AssertionError, ValueError)
"""What fails without a lead fails for each. (A key of a map may be there in another lead's.)"""
_FOREIGN = [
    (theirs, ours, re.compile(pattern))
    for theirs, ours, pattern in (
        ("=", "==", r"(?<![=!<>])=(?!=)"), ("&&", "and", "&&"), ("||", "or", r"\|\|"), ("!", "not", "!(?!=)"),
        ("===", "==", "==="), ("!==", "!=", "!=="), ("<>", "!=", "<>"),
    )
]  # fmt: skip
"""Operators of other languages, and ours."""
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
MAX_SOURCE = 64 * 1024
"""Characters of an expression or template. Jinja2's lexer takes 300 MB for a number of a million digits."""
MAX_REASON = 200
"""Characters of what Python says of a failure."""
_TOO_MUCH = (RecursionError, SyntaxError, ValueError, OverflowError, MemoryError)
"""What Jinja2, Python's compiler and our own walks raise for an expression that is too deep, too long, or has a number
with too many digits. (Jinja2's TemplateSyntaxError is none of these.)"""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A value ready to be computed for each lead.

    ``shapes`` is what it can be as far as the schema tells (None: not known); ``constant`` says that it does not
    depend on the lead; ``items`` are the parts of a list or object that is written down, by index or key.
    """

    evaluate: Evaluate
    shapes: Shapes | None = None
    constant: bool = False
    items: Mapping[str | int, Compiled] = field(default_factory=dict)


def constant(value: object) -> Compiled:
    """A value that is itself."""
    return Compiled(always(value), constant=True)


def is_template(source: str) -> bool:
    """True for text with ``{{ }}``, ``{% %}`` or ``{# #}``."""
    return any(mark in source for mark in ("{{", "{%", "{#"))


def is_function(value: YamlValue) -> bool:
    """True for ``{python: …}``."""
    return isinstance(value, dict) and value.keys() == {PYTHON}


def _spelling(source: str) -> str:
    """The hint for what is no expression: operators as other languages write them, or text without its quotes."""
    bare = _QUOTED.sub("", source)
    found = [f"{ours} for {theirs}" for theirs, ours, pattern in _FOREIGN if pattern.search(bare)]
    return f"write {', '.join(found)}" if found else "for text, quote it twice: \"'text'\""


def _bounded(source: str) -> str:
    if len(source) > MAX_SOURCE:
        raise ValueError("too long")
    return source


def _looks_up(node: nodes.Node) -> bool:
    """Whether it has what a table in a file gives, which may change."""
    filters = [each for each in (node, *node.find_all(nodes.Filter)) if isinstance(each, nodes.Filter)]
    return any(each.name == "lookup" for each in filters)


class ItemError(Exception):
    """An item of a list or object failed by ``cause``; ``place`` is its way there, such as ``.name`` or ``[1]``."""

    def __init__(self, place: str, cause: Exception) -> None:
        super().__init__(place)
        self.place = place
        self.cause = cause


def _failed(place: str, error: Exception) -> ItemError:
    return ItemError(place + error.place, error.cause) if isinstance(error, ItemError) else ItemError(place, error)


class Compiler:
    """Compiles against one reader schema. What is wrong goes to ``problems``; a broken value compiles to null.

    ``warnings`` has what works, but not for every lead or hardly as meant.
    """

    def __init__(self, record: Shape, tables: Mapping[str, Table] = MappingProxyType({})) -> None:
        """``tables`` are those of the filter ``lookup``, by name."""
        self.record = record
        self._tables = frozenset(tables)
        self._names = direct.Known(frozenset(record.fields), {**OWN_FILTERS, "lookup": lookup_in(tables)})
        self._environment = jinja.LeadEnvironment(tables) if tables else jinja.ENVIRONMENT
        self.problems: list[SpecProblem] = []
        self.warnings: list[SpecProblem] = []
        self._known: Ways = frozenset()

    def problem(self, path: Path, message: str, hint: str = "") -> Compiled:
        """Notes a problem; gives a value to go on with, so that all problems are found at once."""
        self.problems.append(SpecProblem(path, message, hint))
        return constant(None)

    def warn(self, path: Path, message: str, hint: str = "") -> None:
        """Notes a remark."""
        self.warnings.append(SpecProblem(path, message, hint))

    @contextmanager
    def where(self, condition: YamlValue) -> Iterator[None]:
        """Inside, what the condition says about null is known: it is compiled for leads that fulfil it."""
        if isinstance(condition, str):
            # One that cannot be read is a problem of its own.
            with suppress(TemplateSyntaxError, *_TOO_MUCH):
                self._known = there(self._parsed(condition), holds=True)
        yield
        self._known = frozenset()

    def value(self, value: YamlValue, path: Path) -> Compiled:
        """Any YAML value; ``path`` is its place in the configuration."""
        if isinstance(value, str):
            return self.template(value, path) if is_template(value) else self.expression(value, path)
        if value is None or isinstance(value, bool | int | float):
            return constant(value)
        if isinstance(value, list):
            return self._list(value, path)
        return self.function(value[PYTHON], path) if is_function(value) else self._object(value, path)

    def expression(self, source: str, path: Path) -> Compiled:
        """A Jinja2 expression, by direct calls where possible."""
        try:
            return self._expression(source, path)
        except _TOO_MUCH:
            return self._too_much("expression", path)

    @staticmethod
    def _parsed(source: str) -> nodes.Expr:
        """The syntax tree. Raises TemplateSyntaxError, and ValueError for what is too long."""
        parser = Parser(jinja.ENVIRONMENT, _bounded(source), state="variable")
        node = parser.parse_expression()
        if not parser.stream.eos:
            raise TemplateSyntaxError("unexpected text after the expression", 1)
        return node

    def _expression(self, source: str, path: Path) -> Compiled:
        try:
            node = self._parsed(source)
        except TemplateSyntaxError as error:
            return self.problem(path, f"not an expression: {error.message}", _spelling(source))
        shapes, sound = self._check(node, path)
        if not sound:
            return constant(None)
        evaluate = direct.compile_direct(node, self._names) or jinja.compile_expression(node, self._environment)
        return self._tried(node, Compiled(evaluate, shapes, isinstance(node, nodes.Const)), path)

    def template(self, source: str, path: Path) -> Compiled:
        """A template that gives text."""
        try:
            return self._template(source, path)
        except _TOO_MUCH:
            return self._too_much("template", path)

    def _too_much(self, what: str, path: Path) -> Compiled:
        message = f"the {what} is too long, or nested too deeply, or has too large a number"
        return self.problem(path, message, "shorten it, or use a Python function")

    def _template(self, source: str, path: Path) -> Compiled:
        try:
            node = jinja.ENVIRONMENT.parse(_bounded(source))
        except TemplateSyntaxError as error:
            hint = "{{ expression }} gives a value; every {{ and {% is closed by }} and %}"
            return self.problem(path, f"not a template: {error.message}", hint)
        shapes, sound = self._check(node, path)
        if not sound:
            return constant(None)
        evaluate = direct.compile_direct_template(node, self._names) or jinja.compile_template(node, self._environment)
        return self._tried(node, Compiled(evaluate, shapes), path)

    def _tried(self, node: nodes.Node, compiled: Compiled, path: Path) -> Compiled:
        """What names nothing of the lead is the same for all, so what fails in it fails now."""
        names = [each for each in (node, *node.find_all(nodes.Name)) if isinstance(each, nodes.Name)]
        own = {"loop", "range", *(each.name for each in names if each.ctx != "load")} - self.record.fields.keys()
        if all(each.name in own for each in names):
            try:
                compiled.evaluate(Scope({}, ""))
            except Exception as error:  # noqa: BLE001 - an expression may raise anything
                if isinstance(error, _WITHOUT_HOPE) and not _looks_up(node):
                    reason = str(error)[:MAX_REASON] or type(error).__name__
                    return self.problem(path, f"this fails for every lead: {reason}", "correct or remove it")
        return compiled

    def function(self, name: YamlValue, path: Path) -> Compiled:
        """A Python function ``module:function``, imported now."""
        try:
            function = functions.resolve(str(name))
        except functions.FunctionError as error:
            return self.problem((*path, PYTHON), str(error), error.hint)
        return Compiled(lambda scope: function(scope.lead))

    def _check(self, node: nodes.Node, path: Path) -> tuple[Shapes | None, bool]:
        checker = Checker(self.record, self._known, self._tables)
        shapes = checker.check(node)
        self.problems.extend(SpecProblem(path, message, hint) for message, hint in checker.findings)
        self.warnings.extend(SpecProblem(path, message, hint) for message, hint in checker.remarks)
        return shapes, not checker.findings

    def _list(self, values: list[YamlValue], path: Path) -> Compiled:
        items = [self.value(each, (*path, index)) for index, each in enumerate(values)]
        calls = [each.evaluate for each in items]

        def evaluate(scope: Scope) -> object:
            made: list[object] = []
            for call in calls:
                try:
                    made.append(call(scope))
                except Exception as error:
                    raise _failed(f"[{len(made)}]", error) from error
            return made

        shapes = (array_of([each.shapes for each in items]),)
        return Compiled(evaluate, shapes, all(each.constant for each in items), dict(enumerate(items)))

    def _object(self, values: dict[str, YamlValue], path: Path) -> Compiled:
        items: dict[str | int, Compiled] = {
            str(key): self.value(each, (*path, str(key))) for key, each in values.items()
        }
        calls = [(key, each.evaluate) for key, each in items.items()]

        def evaluate(scope: Scope) -> object:
            made: dict[object, object] = {}
            for key, call in calls:
                try:
                    value = call(scope)
                except Exception as error:
                    raise _failed(f".{key}", error) from error
                if value is not None:
                    made[key] = value
            return made

        return Compiled(evaluate, (Shape("map"),), all(each.constant for each in items.values()), items)
