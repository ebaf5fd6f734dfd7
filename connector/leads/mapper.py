"""From a decoded lead to the request it becomes: the door of the mapping half of this room.

Everything is compiled and checked against the reader schema when the mapper is built; mapping a lead does no I/O and
reads no clock. Built once, used from one thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from connector.leads.cloud_event import ATTRIBUTES
from connector.leads.contact import fail
from connector.leads.expressions import Compiler, Path
from connector.leads.lead_filters import LeadFilter
from connector.leads.mapped import Destination, MappedLead, Part, Parts
from connector.leads.moments import read_moment
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.leads.properties import Kind
from connector.leads.property_checks import check_key, check_kind
from connector.leads.refusal import RefusalError
from connector.leads.routes import Route
from connector.leads.scope import CLOUD_EVENT, Evaluate, Scope
from connector.leads.shapes import Shape, ShapeError, nullable, record_shape
from connector.leads.spec import MappingSpec, SpecProblem, YamlValue
from connector.leads.suppression import Listed
from connector.leads.tables import Table
from connector.leads.values import instant_ms
from connector.leads.zones import load_zones

_NO_LISTS: Mapping[str, Listed] = MappingProxyType({})
_NO_TABLES: Mapping[str, Table] = MappingProxyType({})
ENVELOPE = (Shape("record", {name: (Shape("string"),) for name in ATTRIBUTES}),)
"""What ``ce`` is: the attributes of a CloudEvent."""


class MappingError(Exception):
    """The mapping does not fit the schema or the API; ``problems`` has all that is wrong, each with its place."""

    def __init__(self, problems: list[SpecProblem]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, each.path))}: {each.message}" for each in problems))
        self.problems = problems


class Mapper:
    """Maps the leads of one reader schema.

    ``reader`` is the parsed JSON of the Avro reader schema; ``lists`` has the suppression list of each file that the
    filters name, ``tables`` each table by its name. Raises MappingError with all problems at once. Imports the
    functions that the mapping names, and reads the time zone database into memory.
    """

    def __init__(
        self,
        spec: MappingSpec,
        reader: Mapping[str, object],
        lists: Mapping[str, Listed] = _NO_LISTS,
        tables: Mapping[str, Table] = _NO_TABLES,
    ) -> None:
        try:
            record = record_shape(reader)
        except ShapeError as error:
            raise MappingError([SpecProblem(("reader",), str(error))]) from error
        record.fields.setdefault(CLOUD_EVENT, ENVELOPE)
        compiler = Compiler(record, tables)
        self._lead_id = _identity(compiler, spec.lead_id, ("lead_id",), required=True)
        event_time = compiler.value(spec.event_time, ("event_time",))
        check_kind(compiler, Kind.SCHEDULE, event_time, ("event_time",))
        self._event_time = event_time.evaluate
        key = spec.duplicate_key
        self._duplicate_key = None if key is None else _identity(compiler, key, ("duplicate_key",))
        self._filters = [
            LeadFilter(each, compiler, ("filters", index), lists) for index, each in enumerate(spec.filters)
        ]
        self._filter_unmatched = spec.filter_unmatched
        self._routes = [Route(route, compiler, ("routes", index)) for index, route in enumerate(spec.routes)]
        _check_names(spec, compiler)
        if compiler.problems:
            raise MappingError(compiler.problems)
        self.warnings = compiler.warnings
        """What works, but not for every lead or hardly as meant."""
        self._by_topic: dict[str, list[Route]] = {}
        self._fans_out = any(route.goes_on for route in spec.routes)
        load_zones()

    def map(
        self, lead: Mapping[str, object], topic: str, now_ms: int, only: str | None = None
    ) -> MappedLead | SetAside | Parts:
        """The request of one lead, or why there is none; its parts where more than one route has a say.

        ``lead`` as fastavro decodes it; ``topic`` chooses among routes; ``now_ms`` is milliseconds since the epoch;
        ``only`` names the one route to be asked, for a part that comes back. Does not raise for any lead, save for a
        defect of ours.
        """
        scope = Scope(lead, topic)
        try:
            for each in self._filters:
                if each.takes(scope):
                    return replace(each.why, lead_id=self._id_if_any(scope))
            lead_id = self._id_of(scope)
            event_time_ms = self._time_of(scope)
            if self._fans_out or only is not None:
                return self._fan_out(scope, lead_id, event_time_ms, now_ms, only)
            for route in self._routes_of(topic):
                if route.matches(scope):
                    mapped = route.map(scope, lead_id, event_time_ms, now_ms)
                    key = self._duplicate_key
                    return mapped if key is None else mapped._replace(duplicate_key=_key_of(key, scope))
        except RefusalError as refusal:
            return refusal.set_aside
        return self._no_route(lead_id)

    def _fan_out(
        self, scope: Scope, lead_id: str, event_time_ms: int | None, now_ms: int, only: str | None
    ) -> MappedLead | SetAside | Parts:
        """As ``map``, where routes go on. What fails in one does not stop the others."""
        parts: list[Part] = []
        for route in self._routes_of(scope.topic):
            if only is not None and route.name != only:
                continue
            result: MappedLead | SetAside
            scope.forget_contact()
            try:
                if not route.matches(scope):
                    continue
                result = route.map(scope, lead_id, event_time_ms, now_ms)
                if self._duplicate_key is not None and (key := _key_of(self._duplicate_key, scope)) is not None:
                    # Of the routes that take a lead only the last does not go on. So the parts have keys of their own,
                    # and those that do not go on have one window, as they have without the others.
                    result = result._replace(duplicate_key=f"{key}\0{route.name}" if route.goes_on else key)
            except RefusalError as refusal:
                result = refusal.set_aside
            parts.append(Part(route.name, result))
            if not route.goes_on:
                break
        if len(parts) > 1:
            return Parts(tuple(parts))
        if parts:
            return parts[0].result
        return self._no_route(lead_id, only)

    def _no_route(self, lead_id: str, only: str | None = None) -> SetAside:
        message = "no route takes this lead" if only is None else f"no route {only} takes this part of it now"
        if self._filter_unmatched:
            return SetAside(Outcome.FILTERED, Stage.ROUTE, Reason.NO_ROUTE, message, lead_id=lead_id)
        return SetAside(Outcome.DEAD_LETTER, Stage.ROUTE, Reason.NO_ROUTE, message)

    @property
    def destinations(self) -> list[tuple[str, Mapping[Destination, int]]]:
        """Each route's name and where its leads go by what weight, in order; empty where the event decides."""
        return [(route.name, route.weights) for route in self._routes]

    def lead_id(self, lead: Mapping[str, object], topic: str) -> str | None:
        """The id of a lead, whatever becomes of it; None where it has none. Never raises for any lead."""
        return self._id_if_any(Scope(lead, topic))

    def _routes_of(self, topic: str) -> list[Route]:
        """The routes of a topic, in order; remembered, for topics are few."""
        found = self._by_topic.get(topic)
        if found is None:
            found = self._by_topic[topic] = [route for route in self._routes if route.takes_topic(topic)]
        return found

    def _id_if_any(self, scope: Scope) -> str | None:
        """The id of a lead that may have none."""
        try:
            return self._id_of(scope)
        except RefusalError:
            return None

    def _id_of(self, scope: Scope) -> str:
        try:
            value = self._lead_id(scope)
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            fail("lead_id", error)
        if type(value) is str and value and not value.isspace():
            return value  # what nearly every id is
        if isinstance(value, UUID) or (isinstance(value, int) and not isinstance(value, bool)):
            value = str(value)
        if value is None or _blank(value):
            raise RefusalError(Reason.MISSING_FIELD, "lead_id: the lead has none")
        if not isinstance(value, str):
            raise RefusalError(Reason.INVALID_FIELD, "lead_id: text is expected")
        return value

    def _time_of(self, scope: Scope) -> int | None:
        """Milliseconds since the epoch: of an instant, a number of milliseconds, or ISO text (UTC if not told)."""
        try:
            value = self._event_time(scope)
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            fail("event_time", error)
        if value is None:
            return None
        if isinstance(value, datetime) and value.tzinfo is not None:
            return instant_ms(value)
        try:
            return read_moment(value, "UTC").timestamp(unit="millisecond")
        except RefusalError as error:
            raise RefusalError(Reason.INVALID_FIELD, "event_time: not a time") from error


def _identity(compiler: Compiler, value: YamlValue, path: Path, *, required: bool = False) -> Evaluate:
    """What tells one lead from another."""
    before = len(compiler.problems)
    compiled = compiler.value(value, path)
    if len(compiler.problems) == before:
        check_key(compiler, compiled, path)
        if required and nullable(compiled.shapes):
            message = "this may be null, and leads without an id are set aside"
            compiler.warn(path, message, "add | required to say that this is meant")
    return compiled.evaluate


def _blank(value: object) -> bool:
    """Text without a character: two leads with such an id have nothing in common."""
    return isinstance(value, str) and not value.strip()


def _key_of(key: Evaluate, scope: Scope) -> str | None:
    """What the duplicate window knows the lead by; None for a lead without a key, which is never a duplicate."""
    try:
        value = key(scope)
    except Exception as error:  # noqa: BLE001 - an expression may raise anything
        fail("duplicate_key", error)
    if value is None or _blank(value):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | UUID):
        raise RefusalError(Reason.INVALID_FIELD, "duplicate_key: a text or a whole number is expected")
    return str(value)


def _check_names(spec: MappingSpec, compiler: Compiler) -> None:
    """Routes and filters are told apart by name in metrics, receipts and summaries."""
    if not spec.routes:
        compiler.problem(("routes",), "there is no route: every lead would be set aside", "write one")
    compiler.problems += names_given_twice("route", [route.name for route in spec.routes])
    compiler.problems += names_given_twice("filter", [each.name for each in spec.filters])


def names_given_twice(what: str, names: list[str]) -> list[SpecProblem]:
    """A problem for each of these names, of routes or filters in their order, that stands there before."""
    return [
        SpecProblem((f"{what}s", index, "name"), f"another {what} is called {name!r}", "rename one")
        for index, name in enumerate(names)
        if name in names[:index]
    ]
