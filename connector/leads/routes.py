"""One route: which leads it takes, and the request each becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeGuard

from connector.leads.conditions import compile_condition
from connector.leads.contact import Contact, fail
from connector.leads.expressions import Compiled, Compiler, Path, is_function, is_template
from connector.leads.list_names import compile_list
from connector.leads.mapped import Destination, MappedLead
from connector.leads.names import hub_problem, list_problem
from connector.leads.outcome import Reason, Stage
from connector.leads.refusal import RefusalError
from connector.leads.scope import TOPIC, Evaluate, Scope, always
from connector.leads.spec import Endpoint, RouteSpec, YamlValue
from connector.leads.split import Split, weights_of
from connector.leads.topic_patterns import PatternError, check_pattern, matches
from connector.leads.window import window_problem

_MILLISECOND = timedelta(milliseconds=1)
_FIRST_STEP = re.compile(r"([A-Za-z_]\w*)(?=[.\[]|\s*\||$)")


class Route:
    """A compiled route. Its problems go to the compiler, each with its place under ``path``."""

    def __init__(self, spec: RouteSpec, compiler: Compiler, path: Path) -> None:
        self.name = spec.name
        self.goes_on = spec.goes_on
        self._endpoint = spec.endpoint
        self.takes_topic = _topics(spec.topics, compiler, (*path, "topics"))
        self._when = always(True) if spec.when is None else compile_condition(spec.when, compiler, (*path, "when"))
        self._split = _split(spec, compiler, (*path, "hub"))
        with compiler.where(spec.when):
            self._hub, self._fixed = _hub(spec, compiler, (*path, "hub"))
            self._list_name, self._collect = compile_list(spec.list, compiler, (*path, "list"))
            self._contact = Contact(spec, compiler, path)
        if spec.endpoint is Endpoint.LISTS and spec.list is None:
            compiler.problem((*path, "endpoint"), "lists needs a name for them", "write list: {name: …} in this route")
        if spec.endpoint is not Endpoint.LISTS and spec.list is not None:
            compiler.problem((*path, "list"), f"{spec.endpoint} has no lists", "write endpoint: lists, or remove this")
        self._max_age_ms = None if spec.max_age is None else spec.max_age // _MILLISECOND
        if self._max_age_ms is not None and self._max_age_ms <= 0:
            compiler.problem((*path, "max_age"), "an age of nothing would expire every lead")
        window = spec.schedule.window
        if spec.endpoint is Endpoint.LISTS and window is not None:
            hint = "the hub's own hours decide when its lists are called"
            compiler.problem((*path, "contact_window"), "the contacts of lists have no scheduleDate", hint)
        if window is not None and (message := window_problem(window)):
            compiler.problem((*path, "schedule", "window"), message)
        if spec.schedule.grace < timedelta(0):
            compiler.problem((*path, "schedule", "grace"), "a grace cannot be negative")

    def matches(self, scope: Scope) -> bool:
        """True when ``when`` holds. Raises RefusalError when it fails."""
        try:
            return bool(self._when(scope))
        except Exception as error:  # noqa: BLE001 - an expression may raise anything
            fail(f"when of route {self.name}", error, Stage.ROUTE)

    def map(self, scope: Scope, lead_id: str, event_time_ms: int | None, now_ms: int) -> MappedLead:
        """The request of one lead. Raises RefusalError."""
        max_age = self._max_age_ms
        if max_age is not None and event_time_ms is not None and now_ms - event_time_ms > max_age:
            raise RefusalError(Reason.TOO_OLD, f"older than the max_age of route {self.name}")
        destination, split = self._fixed, self._split
        if destination is None:
            destination = split.pick(lead_id) if split is not None else self._named(scope)
        if self._collect is not None:
            filename = _name_of("list.name", self._list_name, list_problem, scope)
            destination = Destination(destination.hub, self._endpoint, filename)
        body = self._contact.body(scope, now_ms)
        expires_at_ms = None if max_age is None or event_time_ms is None else event_time_ms + max_age
        return MappedLead(
            lead_id,
            event_time_ms,
            self.name,
            destination,
            body,
            self._fixed is None and split is None,
            expires_at_ms,
            None,
            self._collect,
            scope.dropped,
        )

    def _named(self, scope: Scope) -> Destination:
        """The hub whose name is computed from the event."""
        return Destination(_name_of("hub", self._hub, hub_problem, scope), self._endpoint)

    @property
    def weights(self) -> Mapping[Destination, int]:
        """Where its leads go, each with its weight; empty where the event decides."""
        if self._split is not None:
            return self._split.weights
        return {} if self._fixed is None else {self._fixed: 1}


def _name_of(what: str, evaluate: Evaluate, problem: Callable[[str], str], scope: Scope) -> str:
    """A name that is computed from the event, without a ``problem``. Raises RefusalError."""
    try:
        name = evaluate(scope)
    except Exception as error:  # noqa: BLE001 - an expression may raise anything
        fail(what, error, Stage.ROUTE)
    if name is not None and not isinstance(name, str):
        raise RefusalError(Reason.INVALID_FIELD, f"{what}: a name is expected", stage=Stage.ROUTE)
    if name is None or not name.strip():
        raise RefusalError(Reason.MISSING_FIELD, f"{what}: the lead gives no name", stage=Stage.ROUTE)
    name = name.strip()
    if message := problem(name):
        raise RefusalError(Reason.INVALID_FIELD, f"{what}: {message}", stage=Stage.ROUTE)
    return name


def _topics(topics: tuple[str, ...], compiler: Compiler, path: Path) -> Callable[[str], bool]:
    """Whether a topic is the route's: any when none is named, else by name or by a ^pattern as librdkafka matches."""
    names = frozenset(topic for topic in topics if not topic.startswith("^"))
    patterns: list[str] = []
    for index, topic in enumerate(topics):
        if topic.startswith("^"):
            try:
                check_pattern(topic)
            except PatternError as error:
                compiler.problem((*path, index), str(error))
            else:
                patterns.append(topic)
    if not topics:
        return lambda _topic: True
    return lambda topic: topic in names or any(matches(pattern, topic) for pattern in patterns)


def _is_split(value: YamlValue) -> TypeGuard[dict[str, YamlValue]]:
    return isinstance(value, dict) and not is_function(value)


def _split(spec: RouteSpec, compiler: Compiler, path: Path) -> Split | None:
    """The split, where the hub is one that is right."""
    if not _is_split(spec.hub):
        return None
    weights = weights_of(spec.hub, compiler, path)
    for name in weights:
        if message := hub_problem(name):
            compiler.problem((*path, name), message)
    return Split(spec.name, weights, spec.endpoint) if weights else None


def _names_a_field(name: str, compiler: Compiler) -> bool:
    """Whether a hub's name begins as a path, or a path through filters, does."""
    begin = _FIRST_STEP.match(name)
    return begin is not None and begin[1] in {*compiler.record.fields, TOPIC}


def _hub(spec: RouteSpec, compiler: Compiler, path: Path) -> tuple[Evaluate, Destination | None]:
    """How the hub's name is found, or the destination where it is a literal. Neither for a split."""
    value = spec.hub
    if _is_split(value):
        return always(None), None
    if is_function(value) or (isinstance(value, str) and is_template(value)):
        compiled: Compiled = compiler.value(value, path)
        return compiled.evaluate, None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip():
        compiler.problem(path, "a hub's name is expected", "the name as in uContact, or text with {{ }}")
    name = value.strip() if isinstance(value, str) else ""
    if message := hub_problem(name):
        compiler.problem(path, message)
    if _names_a_field(name, compiler):
        message = f"{name!r} is the hub's name as it stands, but looks like a field of the event"
        compiler.warn(path, message, f'for the field\'s value, write "{{{{ {name} }}}}"')
    return always(name), Destination(name, spec.endpoint)
