"""Asks a cluster what is there, for `check --online`. Reads only: joins no group, creates no topic."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ConfigResource  # type: ignore[attr-defined] # documented all the same

from connector.kafka.clients import Clients
from connector.kafka.settings import KafkaSettings
from connector.leads.topic_patterns import matches

TIMEOUT = 10.0
"""Seconds for the cluster to answer. It includes connecting, with TLS and authentication."""


class KafkaUnavailable(Exception):
    """The cluster did not answer; the message says why, as far as is known, and what to look at."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What a cluster says of itself. ``partitions`` by topic: only of topics that this principal may see."""

    brokers: int
    partitions: Mapping[str, int]
    creates_topics: bool
    """It makes a topic when somebody first writes to it."""
    members: int | None
    """Of the consumer group, now; None where that is not known."""
    group_refusal: str | None
    """Why this principal may not use the group; None where it may, or that is not known."""

    def matching(self, entry: str) -> list[str]:
        """The topics that an entry of ``kafka.topics`` takes: that name, or those that fit a ^pattern."""
        if entry.startswith("^"):
            return sorted(name for name in self.partitions if matches(entry, name))
        return [entry] if entry in self.partitions else []


def look(settings: KafkaSettings, timeout: float = TIMEOUT) -> Cluster:
    """Ask the cluster; blocks for at most about three times ``timeout`` seconds. Raises KafkaUnavailable."""
    troubles: list[str] = []
    admin = Clients(settings, troubles.append).admin()
    try:
        metadata = admin.list_topics(timeout=timeout)
    except KafkaException as error:
        admin.poll(0)  # serves the callback that says what is behind it
        raise KafkaUnavailable(why(error.args[0], troubles, settings.bootstrap_servers, timeout)) from error
    partitions = {name: len(topic.partitions) for name, topic in metadata.topics.items() if topic.error is None}
    creates = _creates_topics(admin, min(metadata.brokers, default=0), timeout)
    members, refusal = _group(admin, settings.group_id, timeout)
    return Cluster(len(metadata.brokers), partitions, creates, members, refusal)


def why(error: KafkaError, troubles: list[str], bootstrap_servers: str, timeout: float) -> str:
    """The most telling of what librdkafka reported: its first trouble, for the rest follow from that."""
    if troubles:
        return troubles[0]
    if error.code() in (KafkaError._TRANSPORT, KafkaError._TIMED_OUT):
        return (
            f"{bootstrap_servers} did not answer in {timeout:g} s; check kafka.bootstrap_servers, the network and"
            " security.protocol"
        )
    return error.str()


def _group(admin: AdminClient, group_id: str, timeout: float) -> tuple[int | None, str | None]:
    """The members of the group, and why it may not be used. One that is not there yet has none."""
    try:
        described = admin.describe_consumer_groups([group_id], request_timeout=timeout)[group_id].result(timeout)
    except KafkaException as error:
        match error.args[0].code():
            case KafkaError.GROUP_AUTHORIZATION_FAILED:
                return None, f"this principal may not use the group {group_id}"
            case KafkaError.GROUP_ID_NOT_FOUND:
                return 0, None
        return None, None
    except FutureTimeoutError:
        return None, None
    return len(described.members), None


def _creates_topics(admin: AdminClient, broker: int, timeout: float) -> bool:
    """Whether the brokers create topics by themselves; False where this principal may not know."""
    resource = ConfigResource(ConfigResource.Type.BROKER, str(broker))
    try:
        answer = admin.describe_configs([resource], request_timeout=timeout)[resource].result(timeout)
    except (KafkaException, FutureTimeoutError):
        return False
    entry = answer.get("auto.create.topics.enable")
    return entry is not None and entry.value == "true"
