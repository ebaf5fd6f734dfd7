"""One route's contact: compiled and checked at start, made as JSON for each lead."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, NoReturn

import orjson

from connector.leads.candidates import compile_candidates, zone_finder
from connector.leads.coerce import COERCE
from connector.leads.expressions import Compiler, ItemError, Path
from connector.leads.filters import AbsentError
from connector.leads.findings import nearest
from connector.leads.numbers import Make, ParsedNumbers, many_as_given, one_as_given
from connector.leads.outcome import Reason, Stage
from connector.leads.properties import Kind, Property, elsewhere, properties_of
from connector.leads.property_checks import check_constants, check_kind, check_required
from connector.leads.refusal import RefusalError
from connector.leads.regions import FindRegion, compile_regions
from connector.leads.schedule import plan
from connector.leads.scope import Evaluate, Scope, always
from connector.leads.spec import PhoneFormat, PhoneSpec, RouteSpec, YamlValue
from connector.leads.values import UnsendableError
from connector.leads.work import LimitError

_TIMEZONE, _SCHEDULE_DATE = "timezone", "scheduleDate"
_PHONE_KINDS = frozenset({Kind.PHONE, Kind.PHONES})


class _Field(NamedTuple):
    """One property of the route, and how its value is found. ``coerce`` is None for phone numbers."""

    name: str
    required: bool
    evaluate: Evaluate
    coerce: Callable[[str, object], object] | None


_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (TypeError, "a value is of a type that it does not take, or absent"),
    (ZeroDivisionError, "it divides by zero"),
    (ArithmeticError, "a number that cannot be computed with"),
    (ValueError, "a value that it cannot use"),
    (LookupError, "a key or an index that is not there"),
)


def fail(name: str, error: Exception, stage: Stage = Stage.MAP) -> NoReturn:
    """An expression raised. Its message may quote the lead, so only what we wrote ourselves is told. Raises
    RefusalError."""
    if isinstance(error, ItemError):
        name, error = name + error.place, error.cause
    if isinstance(error, AbsentError):
        raise RefusalError(Reason.MISSING_FIELD, f"{name}: {error}", stage=stage) from error
    why = str(error) if isinstance(error, LimitError | UnsendableError) else _in_words(error)
    message = f"{name}: the expression failed with {type(error).__name__}: {why}"
    raise RefusalError(Reason.EXPRESSION_FAILED, message, stage=stage) from error


def _in_words(error: Exception) -> str:
    return next((words for kind, words in _WORDS if isinstance(error, kind)), "see the type of the error")


class Contact:
    """Makes the contacts of one route. Problems of the route's contact go to the compiler."""

    def __init__(self, route: RouteSpec, compiler: Compiler, route_path: Path) -> None:
        path = (*route_path, "contact")
        self._rules = route.schedule
        table = properties_of(route.channel, route.endpoint)
        for name in route.contact:
            if name not in table:
                where = f"the contact of {route.channel} ({route.endpoint})"
                hints = [each for each in (elsewhere(name, route.channel), nearest(name, table)) if each]
                hint = "; ".join(hints) or f"known: {', '.join(table)}"
                compiler.problem((*path, name), f"{where} has no property {name!r}", hint)
        for row in table.values():
            if row.required and route.contact.get(row.name) is None:
                compiler.problem((*path, row.name), f"the contact of {route.channel} needs {row.name}")
        used = [row for row in table.values() if route.contact.get(row.name) is not None]
        has_phone = any(row.kind in _PHONE_KINDS for row in table.values())
        many = any(row.kind is Kind.PHONES for row in table.values())
        find, settled = _region(route.phones, compiler, (*route_path, "phones"), has_phone=has_phone)
        self._numbers = _numbers(route.phones.format, find, many=many)
        self._fields: list[_Field] = []
        self._schedule = always(None)
        for row in used:
            if row.kind is Kind.ZONE:
                continue
            evaluate = self._property(compiler, row, route.contact[row.name], (*path, row.name), settled)
            if row.kind is Kind.SCHEDULE:
                self._schedule = evaluate
            else:
                self._fields.append(_Field(row.name, row.required, evaluate, COERCE.get(row.kind)))
        zones = route.contact.get(_TIMEZONE)
        candidates = (
            [] if zones is None else compile_candidates(compiler, zones, (*path, _TIMEZONE), has_phone=has_phone)
        )
        for at, candidate in enumerate(candidates):
            if candidate is not None:
                place = (*path, _TIMEZONE, at) if isinstance(zones, list) else (*path, _TIMEZONE)
                check_kind(compiler, Kind.ZONE, candidate, place, _TIMEZONE)
        self._find_zone = zone_finder(candidates)
        scheduled = any(row.kind is Kind.SCHEDULE for row in used)
        self._timed = bool(candidates or scheduled or route.schedule.window)

    def body(self, scope: Scope, now_ms: int) -> bytes:
        """The contact as UTF-8 JSON; ``scope.dropped`` tells which numbers it lacks. Raises RefusalError."""
        contact: dict[str, object] = {}
        for name, required, evaluate, coerce in self._fields:
            try:
                value = evaluate(scope)
            except Exception as error:  # noqa: BLE001 - an expression may raise anything
                fail(name, error)
            kept = self._numbers(name, value, scope) if coerce is None else coerce(name, value)
            if kept is not None:
                contact[name] = kept
            elif required:
                raise RefusalError(Reason.MISSING_FIELD, f"{name}: the lead has none that can be used")
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
                return self._find_zone(scope, scope.phone or _first_phone(contact))
            except Exception as error:  # noqa: BLE001 - an expression may raise anything
                fail(_TIMEZONE, error)

        zone, date = plan(asked, find_zone, self._rules, now_ms)
        if zone is not None:
            contact[_TIMEZONE] = zone
        if date is not None:
            contact[_SCHEDULE_DATE] = date

    def _property(
        self, compiler: Compiler, row: Property, value: YamlValue, path: Path, region_settled: bool
    ) -> Evaluate:
        """Compiles a property; a type that cannot fit, and a constant that does not, is a problem."""
        before = len(compiler.problems)
        compiled = compiler.value(value, path)
        if len(compiler.problems) > before or not check_kind(compiler, row.kind, compiled, path):
            return compiled.evaluate
        if row.kind not in _PHONE_KINDS or region_settled:
            check_constants(compiler, row, compiled, path, self._numbers)
        if row.required and not compiled.constant:
            check_required(compiler, compiled, path)
        return compiled.evaluate


def _first_phone(contact: dict[str, object]) -> str | None:
    numbers = contact.get("clientIds")
    first = numbers[0] if isinstance(numbers, list) else contact.get("clientId")
    return first if isinstance(first, str) else None


def _region(rules: PhoneSpec, compiler: Compiler, path: Path, *, has_phone: bool) -> tuple[FindRegion | None, bool]:
    """How the region of phone numbers is found, and whether it is the same for every lead."""
    if not has_phone and rules != PhoneSpec():
        compiler.problem(path, "an email contact has no phone numbers", "leave it out")
    if rules.format is PhoneFormat.NATIONAL and rules.region is None:
        compiler.problem((*path, "format"), "national needs a region", "add region: UY, or the path of a field")
    find, settled = compile_regions(compiler, rules.region, (*path, "region"))
    return None if find is None else _safely(find), settled


def _numbers(form: PhoneFormat, find: FindRegion | None, *, many: bool) -> Make:
    """How phone numbers are made."""
    if form is PhoneFormat.AS_GIVEN and find is None:
        return many_as_given if many else one_as_given
    numbers = ParsedNumbers(form, find)
    return numbers.many if many else numbers.one


def _safely(find: FindRegion) -> FindRegion:
    def find_region(scope: Scope) -> str | None:
        try:
            return find(scope)
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            fail("phones.region", error)

    return find_region
