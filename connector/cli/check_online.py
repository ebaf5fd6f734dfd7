"""What `check --online` asks: is all there that the configuration names?"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import connector
from connector.config import Loaded, Problem
from connector.kafka.probe import Cluster, KafkaUnavailable, look
from connector.kafka.registry import Registry, RegistryUnavailable
from connector.leads.decode import Decoder, Format, SchemaKey
from connector.parts import kafka_settings, registry
from connector.plan import Plan
from connector.ucontact.probe import ApiUnreachable, reach

_MAY_BE_FRAMED = {Format.AUTO, Format.CONFLUENT, Format.CLOUDEVENTS}


@dataclass(frozen=True, slots=True)
class Finding:
    """What was asked, and what came of it. With ``failures`` it is not as it should be."""

    what: str
    message: str
    failures: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = field(default=())


def ask(loaded: Loaded, plan: Plan, progress: Callable[[str], None]) -> Iterator[Finding]:
    """Ask Kafka, the registry and the API. Blocks, but not for ever: each within its own time-outs."""
    settings = loaded.settings
    progress(f"asking Kafka at {settings.kafka.bootstrap_servers} …")
    topics: list[str] = []
    try:
        cluster = look(kafka_settings(loaded))
    except KafkaUnavailable as error:
        yield _failed(loaded, "brokers", ("kafka", "bootstrap_servers"), str(error), "")
        topics = [topic for topic in settings.kafka.topics if not topic.startswith("^")]
    else:
        yield Finding("brokers", f"{cluster.brokers} at {settings.kafka.bootstrap_servers}")
        for index, entry in enumerate(settings.kafka.topics):
            topics += cluster.matching(entry)
            yield _topic(loaded, cluster, index, entry)
        yield from _own_topics(loaded, cluster, topics)
    if settings.schemas.registry is not None:
        progress(f"asking the registry at {settings.schemas.registry.url} …")
        yield from asyncio.run(_registry(loaded, plan.decoder, list(dict.fromkeys(topics))))
    progress(f"asking the API at {settings.ucontact.url} …")
    yield asyncio.run(_api(loaded))


def _failed(loaded: Loaded, what: str, path: tuple[str | int, ...], message: str, hint: str) -> Finding:
    return Finding(what, message, (loaded.problem(path, message, hint),))


def _topic(loaded: Loaded, cluster: Cluster, index: int, entry: str) -> Finding:
    what, found = f"topic {entry}", cluster.matching(entry)
    if not found:
        message = "no topic fits it" if entry.startswith("^") else f"there is no topic {entry}"
        hint = "Create it, correct its name, or allow this principal to describe it"
        return _failed(loaded, what, ("kafka", "topics", index), message, hint)
    each = [f"{name} with {_number(cluster.partitions[name], 'partition')}" for name in found]
    return Finding(what, ", ".join(each))


def _own_topics(loaded: Loaded, cluster: Cluster, read: list[str]) -> Iterator[Finding]:
    """The topics that we write, each with what happens while there is none."""
    settings = loaded.settings
    least = max((cluster.partitions[topic] for topic in read), default=1)
    for section, what, without in (
        ("dead_letters", "dead letters", "a lead that cannot be delivered would be held until there is one"),
        ("review", "review", "a lead that may have arrived would be held until there is one"),
        ("retries", "retries", "the leads of a hub that takes nothing would be held until there is one"),
        ("receipts", "receipts", "no lead's offset would be committed until there is one"),
    ):
        if (own := getattr(settings, section)) is not None:
            # A receipt goes to the partition number of its record.
            yield _own_topic(
                loaded, cluster, section, f"{what} {own.topic}", without, least if what == "receipts" else 1
            )


def _own_topic(loaded: Loaded, cluster: Cluster, section: str, what: str, without: str, least: int) -> Finding:
    topic: str = getattr(loaded.settings, section).topic
    path = (section, "topic")
    if (partitions := cluster.partitions.get(topic)) is not None:
        message = _number(partitions, "partition")
        if partitions >= least:
            return Finding(what, message)
        return _failed(
            loaded, what, path, f"{topic} has only {message}", f"Give it at least {least}, as the topics read"
        )
    message = f"there is no topic {topic}"
    if cluster.creates_topics:
        hint = "The brokers create it when it is first written to, with their defaults for partitions and retention"
        return Finding(what, message, warnings=(loaded.problem(path, message, hint),))
    return _failed(loaded, what, path, message, f"Create it: {without}")


async def _registry(loaded: Loaded, decoder: Decoder, topics: list[str]) -> list[Finding]:
    """That it answers, and for each topic whether its registered schema can be read as the reader schema."""
    found = registry(loaded)
    if found is None:
        return []
    schemas = loaded.settings.schemas
    framed = [topic for topic in topics if schemas.formats.get(topic, schemas.format) in _MAY_BE_FRAMED]
    try:
        if not framed:
            await found.latest("lead-connector-check")  # whether there is one or not: it answers
        findings = [await _subject(loaded, decoder, found, f"{topic}-value") for topic in framed]
    except RegistryUnavailable as error:
        return [_failed(loaded, "registry", ("schemas", "registry", "url"), str(error), "")]
    finally:
        await found.aclose()
    url = schemas.registry.url if schemas.registry else ""
    return [Finding("registry", f"answers at {url}"), *findings]


async def _subject(loaded: Loaded, decoder: Decoder, found: Registry, subject: str) -> Finding:
    what = f"subject {subject}"
    latest = await found.latest(subject)
    if latest is None:
        return Finding(what, "not registered yet")
    key = SchemaKey("id", latest.schema_id)
    fetched = await found.fetch(key)
    named = f"version {latest.version} (id {latest.schema_id})"
    if fetched is not None:
        decoder.learn(key, fetched.text, fetched.references, fetched.kind)
        if (refusal := decoder.refusal(key)) is not None:
            hint = "Leads written with it would be dead-lettered: correct schemas.reader or the registered schema"
            return _failed(loaded, what, ("schemas", "reader"), f"{subject}, {named}: {refusal.message}", hint)
    return Finding(what, f"{named} can be read as the reader schema")


async def _api(loaded: Loaded) -> Finding:
    settings = loaded.settings.ucontact
    key = "base_url" if settings.base_url is not None else "domain"
    try:
        status = await reach(
            settings.url,
            answer_timeout=settings.timeout.total_seconds(),
            connect_timeout=settings.connect_timeout.total_seconds(),
            ca_file=settings.ca_file,
            client_certificate=settings.client_certificate,
            client_key=settings.client_key,
            user_agent=f"lead-connector/{connector.__version__}",
        )
    except ApiUnreachable as error:
        return _failed(loaded, "API", ("ucontact", key), f"{settings.url}: {error}", "")
    note = "the token and the hubs are not checked: that would take a POST"
    return Finding("API", f"{settings.url} answers (HTTP {status}); {note}")


def _number(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
