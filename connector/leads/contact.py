"""One route's contact: compiled and checked at start, made as JSON for each lead."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

import orjson

from connector.leads.candidates import compile_candidates, zone_finder
from connector.leads.coerce import COERCE
from connector.leads.expressions import Compiled, Compiler, Path
from connector.leads.findings import nearest
from connector.leads.outcome import Reason, Stage
from connector.leads.properties import FITTING, Kind, Property, properties_of
from connector.leads.refusal import RefusalError
from connector.leads.schedule import plan
from connector.leads.scope import Evaluate, Scope, always
from connector.leads.shapes import Shape
from connector.leads.spec import RouteSpec, YamlValue

_TIMEZONE, _SCHEDULE_DATE = "timezone", "scheduleDate"
_PHONE_KINDS = frozenset({Kind.PHONE, Kind.PHONES})


class _Field(NamedTuple):
    """One property of the route: its row of the API's table, and how its value is found."""

    row: Property
    evaluate: Evaluate


def fail(name: str, error: Exception, stage: Stage = Stage.MAP) -> NoReturn:
    """An expression raised. Its message may quote the lead, so only the error's type is told. Raises RefusalError."""
    message = f"{name}: the expression failed with {type(error).__name__}"
    raise RefusalError(Reason.EXPRESSION_FAILED, message, stage=stage) from error


class Contact:
    """Makes the contacts of one route. Problems of the route's contact go to the compiler."""

    def __init__(self, route: RouteSpec, compiler: Compiler, path: Path) -> None:
        self._rules = route.schedule
        table = properties_of(route.channel, route.endpoint)
        for name in route.contact:
            if name not in table:
                where = f"the contact of {route.channel} ({route.endpoint})"
                hint = nearest(name, table) or f"known: {', '.join(table)}"
                compiler.problem((*path, name), f"{where} has no property {name!r}", hint)
        for row in table.values():
            if row.required and route.contact.get(row.name) is None:
                compiler.problem((*path, row.name), f"the contact of {route.channel} needs {row.name}")
        used = [row for row in table.values() if route.contact.get(row.name) is not None]
        self._fields = [
            _Field(row, _property(compiler, row, route.contact[row.name], (*path, row.name)))
            for row in used
            if row.kind not in {Kind.ZONE, Kind.SCHEDULE}
        ]
        schedule = [row for row in used if row.kind is Kind.SCHEDULE]
        self._schedule = always(None)
        for row in schedule:
            self._schedule = _property(compiler, row, route.contact[row.name], (*path, row.name))
        has_phone = any(row.kind in _PHONE_KINDS for row in table.values())
        zones = route.contact.get(_TIMEZONE)
        candidates = (
            [] if zones is None else compile_candidates(compiler, zones, (*path, _TIMEZONE), has_phone=has_phone)
        )
        for candidate in candidates:
            if candidate is not None:
                _check_kind(compiler, Kind.ZONE, candidate, (*path, _TIMEZONE))
        self._find_zone = zone_finder(candidates)
        self._timed = bool(candidates or schedule or route.schedule.window)

    def body(self, scope: Scope, now_ms: int) -> bytes:
        """The contact as UTF-8 JSON. Raises RefusalError."""
        contact: dict[str, object] = {}
        for row, evaluate in self._fields:
            try:
                value = evaluate(scope)
            except Exception as error:  # noqa: BLE001 - an expression may raise anything
                fail(row.name, error)
            kept = COERCE[row.kind](row.name, value)
            if kept is not None:
                contact[row.name] = kept
            elif row.required:
                raise RefusalError(Reason.MISSING_FIELD, f"{row.name}: the lead has none that can be used")
        if self._timed:
            self._add_time(contact, scope, now_ms)
        try:
            return orjson.dumps(contact)
        except orjson.JSONEncodeError as error:
            # Text with half a surrogate pair: Avro cannot hold it, JSON can.
            raise RefusalError(Reason.INVALID_FIELD, "contact: a text is not valid Unicode") from error

    def _add_time(self, contact: dict[str, object], scope: Scope, now_ms: int) -> None:
        try:
            asked = self._schedule(scope)
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            fail(_SCHEDULE_DATE, error)

        def find_zone() -> str | None:
            try:
                return self._find_zone(scope, _first_phone(contact))
            except Exception as error:  # noqa: BLE001 - an expression may raise anything
                fail(_TIMEZONE, error)

        zone, date = plan(asked, find_zone, self._rules, now_ms)
        if zone is not None:
            contact[_TIMEZONE] = zone
        if date is not None:
            contact[_SCHEDULE_DATE] = date


def _first_phone(contact: dict[str, object]) -> str | None:
    numbers = contact.get("clientIds")
    first = numbers[0] if isinstance(numbers, list) else contact.get("clientId")
    return first if isinstance(first, str) else None


def _property(compiler: Compiler, row: Property, value: YamlValue, path: Path) -> Evaluate:
    """Compiles a property; a type that cannot fit, and a constant that does not, is a problem."""
    before = len(compiler.problems)
    compiled = compiler.value(value, path)
    if len(compiler.problems) > before:
        return compiled.evaluate
    if not _check_kind(compiler, row.kind, compiled, path):
        return compiled.evaluate
    if compiled.constant and row.kind in COERCE:
        try:
            if COERCE[row.kind](row.name, compiled.evaluate(Scope({}, ""))) is None and row.required:
                compiler.problem(path, "this never has a value")
        except RefusalError as error:
            compiler.problem(path, str(error))
    return compiled.evaluate


def _check_kind(compiler: Compiler, kind: Kind, compiled: Compiled, path: Path) -> bool:
    """True where the schema allows a type that can become the property; a problem otherwise."""
    shapes = compiled.shapes
    if not shapes or any(_fits(shape, kind) for shape in shapes):
        return True
    found = " or ".join(sorted({shape.kind for shape in shapes}))
    compiler.problem(path, f"{path[-1]} cannot be made from {found}", f"it takes {', '.join(sorted(FITTING[kind]))}")
    return False


def _fits(shape: Shape, kind: Kind) -> bool:
    is_wall_time = kind is not Kind.SCHEDULE or shape.kind != "record" or "local" in shape.fields
    return shape.kind in FITTING[kind] and is_wall_time
