"""Several record types on a topic, each mapped by the routes that take it.

A mapper is made for each type, so that every expression is checked against the schema of every lead that it can meet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from connector.leads.expressions import Path
from connector.leads.findings import nearest_or_all
from connector.leads.mapped import Destination, MappedLead, Parts
from connector.leads.mapper import Mapper, MappingError, names_given_twice
from connector.leads.outcome import SetAside
from connector.leads.spec import MappingSpec, SpecProblem
from connector.leads.writers import RecordLead

MakeMapper: TypeAlias = Callable[[MappingSpec, Mapping[str, object]], Mapper]


class MapperByRecord:
    """Maps the leads of several reader schemas, given as (full name, parsed JSON), the main one first.

    Raises MappingError with the problems of all types at once; one that not all types have names its type.
    """

    def __init__(
        self, spec: MappingSpec, readers: Sequence[tuple[str, dict[str, Any]]], make: MakeMapper = Mapper
    ) -> None:
        names = [name for name, _ in readers]
        # A mapper sees the routes of one type only.
        problems = [*_unknown_records(spec, names), *names_given_twice("route", [each.name for each in spec.routes])]
        found: dict[tuple[Path, str], tuple[SpecProblem, list[str]]] = {}  # hints differ, they name fields
        self._mappers: dict[str, Mapper] = {}
        self.warnings: list[SpecProblem] = []
        """As ``Mapper.warnings``, over all types; each once."""
        for name, schema in readers:
            places = [place for place, route in enumerate(spec.routes) if not route.records or name in route.records]
            if not places:
                problems.append(SpecProblem(("routes",), f"no route takes leads of {name}", "write one"))
                continue
            try:
                mapper = make(replace(spec, routes=tuple(spec.routes[each] for each in places)), schema)
            except MappingError as error:
                for problem in error.problems:
                    placed = _in_place(problem, places)
                    found.setdefault((placed.path, placed.message), (placed, []))[1].append(name)
            else:
                self._mappers[name] = mapper
                placed_warnings = (_in_place(each, places) for each in mapper.warnings)
                self.warnings += [each for each in placed_warnings if each not in self.warnings]
        for problem, types in found.values():
            if problem not in problems:
                problems.append(problem if len(types) == len(names) else _of(problem, types))
        if problems:
            raise MappingError(problems)
        self._main = self._mappers[names[0]]
        self._order = [route.name for route in spec.routes]

    def map(
        self, lead: Mapping[str, object], topic: str, now_ms: int, only: str | None = None
    ) -> MappedLead | SetAside | Parts:
        """As ``Mapper.map``, by the routes of the lead's type."""
        mapper = self._mappers[lead.record] if isinstance(lead, RecordLead) else self._main
        return mapper.map(lead, topic, now_ms, only)

    def lead_id(self, lead: Mapping[str, object], topic: str) -> str | None:
        """As ``Mapper.lead_id``."""
        mapper = self._mappers[lead.record] if isinstance(lead, RecordLead) else self._main
        return mapper.lead_id(lead, topic)

    @property
    def destinations(self) -> list[tuple[str, Mapping[Destination, int]]]:
        """As ``Mapper.destinations``."""
        found = dict(each for mapper in self._mappers.values() for each in mapper.destinations)
        return [(name, found[name]) for name in self._order]


def _in_place(problem: SpecProblem, places: list[int]) -> SpecProblem:
    """The problem with the route's place among all routes."""
    match problem.path:
        case ("routes", int(index), *rest):
            return replace(problem, path=("routes", places[index], *rest))
        case _:
            return problem


def _of(problem: SpecProblem, types: list[str]) -> SpecProblem:
    return replace(problem, message=f"with leads of {', '.join(types)}: {problem.message}")


def _unknown_records(spec: MappingSpec, names: list[str]) -> list[SpecProblem]:
    return [
        SpecProblem(("routes", index, "record"), f"no reader schema is called {name!r}", nearest_or_all(name, names))
        for index, route in enumerate(spec.routes)
        for name in route.records
        if name not in names
    ]
