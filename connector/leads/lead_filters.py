"""Which leads are not to be called: the configuration's filters, tried before the routes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from uuid import UUID

from connector.leads.conditions import compile_condition
from connector.leads.contact import fail
from connector.leads.expressions import Compiler, Path
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.leads.refusal import RefusalError
from connector.leads.scope import Evaluate, Scope, always
from connector.leads.spec import FilterSpec, ListedSpec
from connector.leads.suppression import Listed

_FITTING = frozenset({"string", "enum", "uuid", "int", "long", "array"})
"""The Avro types in which there may be something to look up."""


class LeadFilter:
    """A compiled filter. Its problems go to the compiler, each with its place under ``path``.

    ``lists`` has the suppression list of each file that filters name; it is asked for each lead and may change.
    """

    def __init__(self, spec: FilterSpec, compiler: Compiler, path: Path, lists: Mapping[str, Listed]) -> None:
        self.name = spec.name
        listed = spec.listed
        if spec.when is None and listed is None:
            compiler.problem(path, "a filter needs when or listed", "for example when: source.isTest")
        if spec.when is not None and listed is not None:
            compiler.problem((*path, "when"), "a filter has one of when and listed", "make two filters of it")
        if listed is None:
            self._what, reason, message = "when", Reason.EXCLUDED, "its condition holds"
            self._takes = (
                always(False) if spec.when is None else compile_condition(spec.when, compiler, (*path, "when"))
            )
        else:
            self._what, reason, message = "value", Reason.SUPPRESSED, "the lead is on its suppression list"
            self._takes = self._look_up(listed, compiler, (*path, "listed", "value"), lists[listed.file])
        self.why = SetAside(Outcome.FILTERED, Stage.FILTER, reason, f"filter {spec.name}: {message}", filter=spec.name)

    def takes(self, scope: Scope) -> bool:
        """True for a lead that is not to be called. Raises RefusalError when that cannot be said."""
        try:
            return bool(self._takes(scope))
        except RefusalError:
            raise
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            fail(f"{self._what} of filter {self.name}", error, Stage.FILTER)

    def _look_up(self, spec: ListedSpec, compiler: Compiler, path: Path, entries: Listed) -> Evaluate:
        before = len(compiler.problems)
        compiled = compiler.value(spec.value, path)
        if len(compiler.problems) == before:
            shapes = compiled.shapes
            if compiled.constant:
                compiler.problem(path, "this is the same for every lead", "for example person.phones")
            elif shapes and not any(shape.kind in _FITTING for shape in shapes):
                found = " or ".join(sorted({shape.kind for shape in shapes}))
                compiler.problem(path, f"{found} cannot be looked up in a list", "give text, or a list of texts")
        evaluate = compiled.evaluate
        return lambda scope: any(text in entries for text in self._texts(evaluate(scope)))

    def _texts(self, value: object) -> Iterator[str]:
        """What is to be looked up; absent values and empty text are not."""
        if isinstance(value, list | tuple):
            for each in value:
                yield from self._texts(each)
        elif isinstance(value, str):
            if value.strip():
                yield value
        elif isinstance(value, UUID) or (isinstance(value, int) and not isinstance(value, bool)):
            yield str(value)
        elif value is not None:
            message = f"value of filter {self.name}: text, or a list of texts, is expected"
            raise RefusalError(Reason.INVALID_FIELD, message, stage=Stage.FILTER)
