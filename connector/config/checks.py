"""What single values cannot say: the rules between them.

Each check is a function over the settings. While there are other problems the settings are partial: asking for a value
that is missing or wrong raises NotGiven, which skips that one check, so that all others still report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import TypeAlias

from connector.config.kafka import GroupProtocol
from connector.config.names import topic_matches
from connector.config.problems import Finding, quote
from connector.config.quantities import format_duration
from connector.config.routes import RouteSettings
from connector.config.section import NotGiven
from connector.config.settings import Settings
from connector.leads.decode import Format

Check: TypeAlias = Callable[[Settings], Iterator[Finding]]

DEFAULT_MAX_POLL_INTERVAL = timedelta(minutes=5)
"""librdkafka's max.poll.interval.ms."""


def problems(settings: Settings) -> Iterator[Finding]:
    """Yield what contradicts itself. ``settings`` may be partial."""
    for check in _CHECKS:
        try:
            yield from check(settings)
        except NotGiven:
            continue


def _one_api_address(s: Settings) -> Iterator[Finding]:
    if s.ucontact.domain is None and s.ucontact.base_url is None:
        hint = "Add domain (acme for https://acme.ucontactcloud.com) or base_url"
        yield Finding(("ucontact",), "the API's address is missing", hint, at_key=True)
    if s.ucontact.domain is not None and s.ucontact.base_url is not None:
        yield Finding(("ucontact", "base_url"), "domain is given too", "Keep one of domain and base_url", at_key=True)


def _connect_within_timeout(s: Settings) -> Iterator[Finding]:
    api = s.ucontact
    if api.connect_timeout > api.timeout:
        message = f"is longer than ucontact.timeout ({format_duration(api.timeout)})"
        yield Finding(("ucontact", "connect_timeout"), message, "Make it shorter, or timeout longer")


def _heartbeats_within_session(s: Settings) -> Iterator[Finding]:
    kafka = s.kafka
    if kafka.group_protocol is GroupProtocol.CLASSIC and kafka.heartbeat_interval * 3 > kafka.session_timeout:
        message = f"is more than a third of kafka.session_timeout ({format_duration(kafka.session_timeout)})"
        yield Finding(("kafka", "heartbeat_interval"), message, "Make it shorter, or session_timeout longer")


def _session_within_poll_interval(s: Settings) -> Iterator[Finding]:
    longest = _max_poll_interval(s)
    if s.kafka.session_timeout > longest:
        message = f"is longer than max.poll.interval.ms ({format_duration(longest)})"
        yield Finding(("kafka", "session_timeout"), message, "Make it shorter")


def _revoke_within_poll_interval(s: Settings) -> Iterator[Finding]:
    longest = _max_poll_interval(s)
    if s.delivery.revoke_timeout >= longest:
        message = f"must be shorter than max.poll.interval.ms ({format_duration(longest)})"
        yield Finding(("delivery", "revoke_timeout"), message, "10s is usual")


def _max_poll_interval(s: Settings) -> timedelta:
    text = s.kafka.properties.get("max.poll.interval.ms", "")
    if text.isascii() and text.isdigit() and len(text) < 12:
        return timedelta(milliseconds=int(text))
    return DEFAULT_MAX_POLL_INTERVAL


def _property_given_once(s: Settings) -> Iterator[Finding]:
    for name in s.kafka.property_files:
        if name in s.kafka.properties:
            hint = "Keep the one in property_files"
            yield Finding(("kafka", "property_files", name), "is in kafka.properties too", hint, at_key=True)


def _registry_login(s: Settings) -> Iterator[Finding]:
    registry = s.schemas.registry
    if registry is None:
        return
    if registry.username is not None and registry.password_file is None:
        yield Finding(("schemas", "registry", "username"), "has no password_file beside it", "Add password_file")
    if registry.username is None and registry.password_file is not None:
        yield Finding(("schemas", "registry", "password_file"), "has no username beside it", "Add username")


def _bare_has_writer(s: Settings) -> Iterator[Finding]:
    for path, format_ in _formats(s):
        if format_ is Format.BARE and s.schemas.writer is None:
            yield Finding(
                path, "bare records need their writer schema", "Add schemas.writer: the path of an .avsc file"
            )


def _confluent_has_registry(s: Settings) -> Iterator[Finding]:
    for path, format_ in _formats(s):
        if format_ is Format.CONFLUENT and s.schemas.registry is None:
            yield Finding(path, "confluent records need a registry", "Add schemas.registry: {url: http://…}")


def _formats(s: Settings) -> Iterator[tuple[tuple[str, ...], Format]]:
    yield ("schemas", "format"), s.schemas.format
    for topic, format_ in s.schemas.formats.items():
        yield ("schemas", "formats", topic), format_


def _formats_of_read_topics(s: Settings) -> Iterator[Finding]:
    for topic in s.schemas.formats:
        if not _is_read(s, topic):
            message = f"the topic {quote(topic)} is not read"
            yield Finding(("schemas", "formats", topic), message, "Add it to kafka.topics, or remove it", at_key=True)


def _buffer_holds_a_batch_of_leads(s: Settings) -> Iterator[Finding]:
    if s.delivery.buffer.max_leads < s.delivery.batch.max_leads:
        message = f"is smaller than delivery.batch.max_leads ({s.delivery.batch.max_leads})"
        yield Finding(("delivery", "buffer", "max_leads"), message, "Make the buffer larger, or the batch smaller")


def _buffer_holds_a_batch_of_bytes(s: Settings) -> Iterator[Finding]:
    if s.delivery.buffer.max_bytes < s.delivery.batch.max_bytes:
        message = f"is smaller than delivery.batch.max_bytes ({s.delivery.batch.max_bytes} bytes)"
        yield Finding(("delivery", "buffer", "max_bytes"), message, "Make the buffer larger, or the batch smaller")


def _buffer_holds_a_list(s: Settings) -> Iterator[Finding]:
    for index, route in enumerate(s.routes):
        try:
            lists, most = route.list, s.delivery.buffer.max_leads
            too_large = lists is not None and lists.max_leads > most // 2
        except NotGiven:
            continue
        if too_large:
            message = f"is more than half of delivery.buffer.max_leads ({most}), which bounds what can be collected"
            yield Finding(
                ("routes", index, "list", "max_leads"), message, "Make the lists smaller, or the buffer larger"
            )


def _retry_grows(s: Settings) -> Iterator[Finding]:
    retry = s.delivery.retry
    if retry.initial > retry.max:
        message = f"is longer than delivery.retry.max ({format_duration(retry.max)})"
        yield Finding(("delivery", "retry", "initial"), message, "Make it shorter, or max longer")


def _own_topics_not_read(s: Settings) -> Iterator[Finding]:
    for section, what in _OWN_TOPICS.items():
        topic = _own_topic(s, section)
        if topic is not None and _is_read(s, topic):
            message = f"{quote(topic)} is among kafka.topics: {what} would be read as leads"
            yield Finding((section, "topic"), message, "Use another topic, or a pattern that leaves it out")


def _own_topics_apart(s: Settings) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for section, what in _OWN_TOPICS.items():
        topic = _own_topic(s, section)
        if topic is not None and (other := seen.setdefault(topic, what)) != what:
            yield Finding((section, "topic"), f"is the topic for {other}", "Use another topic")


def _park_needs_review(s: Settings) -> Iterator[Finding]:
    for name, policy in (("on_ambiguous", s.delivery.on_ambiguous), ("crash_safety", s.delivery.crash_safety)):
        if policy.value == "park" and s.review is None:
            yield Finding(("delivery", name), "park needs a topic for review", "Add review: {topic: leads.review}")


def _park_after_needs_retries(s: Settings) -> Iterator[Finding]:
    if s.delivery.park_after is not None and s.retries is None:
        yield Finding(("delivery", "park_after"), "needs a topic to wait on", "Add retries: {topic: leads.retry}")


_OWN_TOPICS = {
    "dead_letters": "dead letters",
    "review": "leads for review",
    "retries": "parked leads",
    "receipts": "receipts",
}
"""Sections that name a topic that we write, and what is on it."""


def _own_topic(s: Settings, section: str) -> str | None:
    try:
        settings = getattr(s, section)
        topic: str | None = None if settings is None else settings.topic
    except NotGiven:
        return None
    return topic


def _is_read(s: Settings, topic: str) -> bool:
    return any(topic_matches(entry, topic) for entry in s.kafka.topics)


def _route_names_differ(s: Settings) -> Iterator[Finding]:
    seen: dict[str, int] = {}
    for index, route in enumerate(s.routes):
        try:
            first = seen.setdefault(route.name, index)
        except NotGiven:
            continue
        if first != index:
            message = f"the name {quote(route.name)} is taken by routes[{first}]"
            yield Finding(("routes", index, "name"), message, "Give every route its own name")


def _route_topics_are_read(s: Settings) -> Iterator[Finding]:
    if any(entry.startswith("^") for entry in s.kafka.topics):
        names: frozenset[str] | None = None
    else:
        names = frozenset(s.kafka.topics)
    for index, route in enumerate(s.routes):
        for position, entry in enumerate(_topics(route)):
            if entry.startswith("^"):
                read = names is None or any(topic_matches(entry, name) for name in names)
            else:
                read = _is_read(s, entry)
            if not read:
                message = f"{quote(entry)} is not among kafka.topics, so the route would never match"
                yield Finding(("routes", index, "topics", position), message, "Correct it, or add it to kafka.topics")


def _topics(route: RouteSettings) -> tuple[str, ...]:
    try:
        return route.topics
    except NotGiven:
        return ()


def _windows_open(s: Settings) -> Iterator[Finding]:
    for index, route in enumerate(s.routes):
        try:
            window = route.contact_window
            open_ = window is None or window.start < window.end
        except NotGiven:
            continue
        if not open_:
            hint = "A window lies within one day; for one over midnight use two routes"
            yield Finding(("routes", index, "contact_window", "to"), "is not later than from", hint)


_CHECKS: tuple[Check, ...] = (
    _one_api_address,
    _connect_within_timeout,
    _heartbeats_within_session,
    _session_within_poll_interval,
    _revoke_within_poll_interval,
    _property_given_once,
    _registry_login,
    _bare_has_writer,
    _confluent_has_registry,
    _formats_of_read_topics,
    _buffer_holds_a_batch_of_leads,
    _buffer_holds_a_batch_of_bytes,
    _buffer_holds_a_list,
    _retry_grows,
    _own_topics_not_read,
    _own_topics_apart,
    _park_needs_review,
    _park_after_needs_retries,
    _route_names_differ,
    _route_topics_are_read,
    _windows_open,
)
