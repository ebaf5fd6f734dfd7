"""What `check --online` asks Kafka: is all there that the configuration names? The others it asks too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from connector.cli.finding import Finding, failed, number, warned
from connector.cli.online_api import ask_api
from connector.cli.online_registry import ask_registry
from connector.config import Loaded
from connector.kafka.probe import Cluster, KafkaUnavailable, look
from connector.leads.expressions import is_template
from connector.parts import kafka_settings
from connector.plan import Plan


def ask(loaded: Loaded, plan: Plan, progress: Callable[[str], None], replicas: int | None = None) -> Iterator[Finding]:
    """Ask Kafka, the registry and the API. Blocks, but not for ever: each within its own time-outs.

    ``replicas``: so many are meant to run.
    """
    settings = loaded.settings
    progress(f"asking Kafka at {settings.kafka.bootstrap_servers} …")
    topics: list[str] = []
    try:
        cluster = look(kafka_settings(loaded))
    except KafkaUnavailable as error:
        yield failed(loaded, "brokers", ("kafka", "bootstrap_servers"), str(error), "")
        topics = [topic for topic in settings.kafka.topics if not topic.startswith("^")]
    else:
        yield Finding("brokers", f"{cluster.brokers} at {settings.kafka.bootstrap_servers}")
        for index, entry in enumerate(settings.kafka.topics):
            topics += cluster.matching(entry)
            yield _topic(loaded, cluster, index, entry)
        topics = list(dict.fromkeys(topics))
        yield _group(loaded, cluster, topics, replicas)
        yield from _own_topics(loaded, cluster, topics)
    if settings.schemas.registry is not None:
        progress(f"asking the registry at {settings.schemas.registry.url} …")
        yield from asyncio.run(ask_registry(loaded, plan, topics))
    progress(f"asking the API at {settings.ucontact.url} …")
    yield from asyncio.run(ask_api(loaded, plan))


def _topic(loaded: Loaded, cluster: Cluster, index: int, entry: str) -> Finding:
    what, found = f"topic {entry}", cluster.matching(entry)
    if not found:
        message = "no topic fits it" if entry.startswith("^") else f"there is no topic {entry}"
        hint = "Create it, correct its name, or allow this principal to describe it"
        return failed(loaded, what, ("kafka", "topics", index), message, hint)
    each = [f"{name} with {number(cluster.partitions[name], 'partition')}" for name in found]
    return Finding(what, ", ".join(each))


def _group(loaded: Loaded, cluster: Cluster, read: list[str], replicas: int | None) -> Finding:
    """Whether there is something to do for every replica: a partition is read by one of them at a time."""
    what, path = f"group {loaded.settings.kafka.group_id}", ("kafka", "topics")
    if cluster.group_refusal is not None:
        hint = "Allow this principal to read with kafka.group_id"
        return failed(loaded, what, ("kafka", "group_id"), cluster.group_refusal, hint)
    retries = loaded.settings.retries
    shared = [*read, *([] if retries is None else [retries.topic])]
    partitions = sum(cluster.partitions.get(topic, 0) for topic in shared)
    members = cluster.members or 0
    told = f"{number(partitions, 'partition')} to share, {number(members, 'member')} now"
    if (wanted := max(members, replicas or 0)) > partitions > 0:
        message = f"{told}: of {number(wanted, 'replica')} only {partitions} would have something to do"
        return warned(loaded, what, path, message, "Give the topics more partitions, or run fewer replicas")
    return Finding(what, told)


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
    retries = settings.retries
    if retries is not None and cluster.partitions.get(retries.topic) == 1 and _hubs(loaded) > 1:
        message = "its only partition holds the leads of every hub that takes nothing, so that one waits for the other"
        hint = "Give it several: a hub's leads share one"
        yield warned(loaded, f"partitions of {retries.topic}", ("retries", "topic"), message, hint)


def _own_topic(loaded: Loaded, cluster: Cluster, section: str, what: str, without: str, least: int) -> Finding:
    topic: str = getattr(loaded.settings, section).topic
    path = (section, "topic")
    if (partitions := cluster.partitions.get(topic)) is not None:
        message = number(partitions, "partition")
        if partitions >= least:
            return Finding(what, message)
        return failed(
            loaded, what, path, f"{topic} has only {message}", f"Give it at least {least}, as the topics read"
        )
    message = f"there is no topic {topic}"
    if cluster.creates_topics:
        hint = "The brokers create it when it is first written to, with their defaults for partitions and retention"
        return Finding(what, message, warnings=(loaded.problem(path, message, hint),))
    return failed(loaded, what, path, message, f"Create it: {without}")


def _hubs(loaded: Loaded) -> int:
    """At least so many hubs are sent to; one whose name the event gives may be any number of them."""
    routes = loaded.settings.routes
    named = {str(name) for route in routes for name in (route.hub if isinstance(route.hub, dict) else [route.hub])}
    return len(named) + any(isinstance(route.hub, str) and is_template(route.hub) for route in routes)
