"""A condition over the event: the ``when`` of routes and of filters."""

from __future__ import annotations

from connector.leads.expressions import Compiler, Path, is_function, is_template
from connector.leads.scope import Evaluate, always
from connector.leads.spec import YamlValue


def compile_condition(value: YamlValue, compiler: Compiler, path: Path) -> Evaluate:
    """An expression, whose value counts as true or false as in Python. Problems go to the compiler."""
    if isinstance(value, str) and is_template(value):
        compiler.problem(path, "a condition is an expression, and text is always true", "write it without {{ }}")
        return always(False)
    if isinstance(value, str | bool) or is_function(value):
        return compiler.value(value, path).evaluate
    compiler.problem(path, "a condition is an expression", "for example source.platform == 'google'")
    return always(False)
