"""One route: which leads it takes, and the request each becomes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

from connector.leads.contact import Contact, fail
from connector.leads.expressions import Compiled, Compiler, Path, is_function, is_template
from connector.leads.mapped import Collect, Destination, MappedLead
from connector.leads.outcome import Reason, Stage
from connector.leads.refusal import RefusalError
from connector.leads.scope import Evaluate, Scope, always
from connector.leads.spec import Endpoint, ListSpec, RouteSpec, YamlValue
from connector.leads.window import window_problem

_MILLISECOND = timedelta(milliseconds=1)
LONGEST_HUB = 255
"""Characters of a hub's name: all its bytes percent-encoded stay far below what a URL may have."""
LONGEST_LIST_NAME = 255
"""Characters. The page names no limit; people read these names."""


def hub_problem(name: str) -> str:
    """What keeps a hub's name from being part of a URL, or empty."""
    if len(name) > LONGEST_HUB:
        return f"a hub's name has at most {LONGEST_HUB} characters"
    if name in {".", ".."}:
        return "a hub's name cannot be . or .., which in a URL name another place"
    if any("\ud800" <= character <= "\udfff" for character in name):
        return "a hub's name has half of a surrogate pair"
    return ""


def list_problem(name: str) -> str:
    """What keeps a list from having this name, or empty."""
    if len(name) > LONGEST_LIST_NAME:
        return f"a list's name has at most {LONGEST_LIST_NAME} characters"
    if any("\ud800" <= character <= "\udfff" for character in name):
        return "a list's name has half of a surrogate pair"
    return ""


class Route:
    """A compiled route. Its problems go to the compiler, each with its place under ``path``."""

    def __init__(self, spec: RouteSpec, compiler: Compiler, path: Path) -> None:
        self.name = spec.name
        self._endpoint = spec.endpoint
        self.takes_topic = _topics(spec.topics, compiler, (*path, "topics"))
        self._when = _when(spec.when, compiler, (*path, "when"))
        self._hub, self._fixed = _hub(spec, compiler, (*path, "hub"))
        self._list_name, self._collect = _list(spec.list, compiler, (*path, "list"))
        if spec.endpoint is Endpoint.LISTS and spec.list is None:
            compiler.problem((*path, "endpoint"), "lists needs a name for them", "write list: {name: …} in this route")
        if spec.endpoint is not Endpoint.LISTS and spec.list is not None:
            compiler.problem((*path, "list"), f"{spec.endpoint} has no lists", "write endpoint: lists, or remove this")
        self._contact = Contact(spec, compiler, (*path, "contact"))
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

    @property
    def destination(self) -> Destination | None:
        """Where its leads go; None where the event decides."""
        return None if self._collect is not None else self._fixed

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
        destination = self._fixed or Destination(self._hub_of(scope), self._endpoint)
        if self._collect is not None:
            destination = Destination(destination.hub, self._endpoint, self._filename_of(scope))
        body = self._contact.body(scope, now_ms)
        expires_at_ms = None if max_age is None or event_time_ms is None else event_time_ms + max_age
        return MappedLead(
            lead_id,
            event_time_ms,
            self.name,
            destination,
            body,
            self._fixed is None,
            expires_at_ms,
            collect=self._collect,
        )

    def _hub_of(self, scope: Scope) -> str:
        """The hub's name, computed from the event."""
        name = _name_of("hub", self._hub, scope)
        if message := hub_problem(name):
            raise RefusalError(Reason.INVALID_FIELD, f"hub: {message}", stage=Stage.ROUTE)
        return name

    def _filename_of(self, scope: Scope) -> str:
        """The name of the lead's list."""
        name = _name_of("list.name", self._list_name, scope)
        if message := list_problem(name):
            raise RefusalError(Reason.INVALID_FIELD, f"list.name: {message}", stage=Stage.ROUTE)
        return name


def _name_of(what: str, evaluate: Evaluate, scope: Scope) -> str:
    """A name that is computed from the event. Raises RefusalError."""
    try:
        name = evaluate(scope)
    except Exception as error:  # noqa: BLE001 - an expression may raise anything
        fail(what, error, Stage.ROUTE)
    if name is not None and not isinstance(name, str):
        raise RefusalError(Reason.INVALID_FIELD, f"{what}: a name is expected", stage=Stage.ROUTE)
    if name is None or not name.strip():
        raise RefusalError(Reason.MISSING_FIELD, f"{what}: the lead gives no name", stage=Stage.ROUTE)
    return name.strip()


def _topics(topics: tuple[str, ...], compiler: Compiler, path: Path) -> Callable[[str], bool]:
    """Whether a topic is the route's: any when none is named, else by name or by a ^pattern as librdkafka matches."""
    names = frozenset(topic for topic in topics if not topic.startswith("^"))
    patterns: list[re.Pattern[str]] = []
    for index, topic in enumerate(topics):
        if topic.startswith("^"):
            try:
                patterns.append(re.compile(topic))
            except re.error as error:
                compiler.problem((*path, index), f"not a regular expression: {error}")
    if not topics:
        return lambda _topic: True
    return lambda topic: topic in names or any(pattern.match(topic) for pattern in patterns)


def _when(value: YamlValue, compiler: Compiler, path: Path) -> Evaluate:
    if value is None:
        return always(True)
    if isinstance(value, str) and is_template(value):
        compiler.problem(path, "a condition is an expression, and text is always true", "write it without {{ }}")
        return always(False)
    if isinstance(value, str | bool) or is_function(value):
        return compiler.value(value, path).evaluate
    compiler.problem(path, "a condition is an expression", "for example source.platform == 'google'")
    return always(False)


def _list(spec: ListSpec | None, compiler: Compiler, path: Path) -> tuple[Evaluate, Collect | None]:
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


def _hub(spec: RouteSpec, compiler: Compiler, path: Path) -> tuple[Evaluate, Destination | None]:
    """How the hub's name is found, or the destination where it is a literal."""
    value = spec.hub
    if is_function(value) or (isinstance(value, str) and is_template(value)):
        compiled: Compiled = compiler.value(value, path)
        return compiled.evaluate, None
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, dict):
        compiler.problem(path, "a split over hubs is not available yet", "name one hub")
    elif not isinstance(value, str) or not value.strip():
        compiler.problem(path, "a hub's name is expected", "the name as in uContact, or text with {{ }}")
    name = value.strip() if isinstance(value, str) else ""
    if message := hub_problem(name):
        compiler.problem(path, message)
    return always(name), Destination(name, spec.endpoint)
