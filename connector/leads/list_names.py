"""The name of a lead's list, and when a list is sent."""

from __future__ import annotations

from datetime import timedelta

from connector.leads.expressions import Compiler, Path
from connector.leads.mapped import Collect
from connector.leads.names import list_problem
from connector.leads.scope import Evaluate, Scope, always
from connector.leads.spec import ListSpec


def compile_list(spec: ListSpec | None, compiler: Compiler, path: Path) -> tuple[Evaluate, Collect | None]:
    """How the name of a lead's list is found, and when a list is sent."""
    if spec is None:
        return always(None), None
    if spec.max_leads < 1:
        compiler.problem((*path, "max_leads"), "a list has at least one lead")
    if spec.max_wait < timedelta(0):
        compiler.problem((*path, "max_wait"), "a time cannot be negative")
    before = len(compiler.problems)
    compiled = compiler.value(spec.name, (*path, "name"))
    if len(compiler.problems) > before:
        pass
    elif compiled.constant:
        name = compiled.evaluate(Scope({}, ""))
        if not isinstance(name, str) or not name.strip():
            compiler.problem((*path, "name"), "a list's name is a text", 'for example "{{ source.campaignId }}"')
        elif message := list_problem(name.strip()):
            compiler.problem((*path, "name"), message)
    elif compiled.shapes and not any(shape.kind in {"string", "enum", "uuid"} for shape in compiled.shapes):
        found = " or ".join(sorted({shape.kind for shape in compiled.shapes}))
        compiler.problem((*path, "name"), f"a list's name cannot be made from {found}", "a template gives text: {{ }}")
    return compiled.evaluate, Collect(spec.max_leads, spec.max_wait.total_seconds())
