"""The section ``kafka``: brokers, topics, consumer group, and librdkafka's own properties."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from connector.config.names import BootstrapServers, SecretFile, Text, Topics
from connector.config.problems import quote, refuse
from connector.config.quantities import PositiveDuration
from connector.config.section import Section, Shown, default

OWNED_PROPERTIES = {
    "bootstrap.servers": "Use kafka.bootstrap_servers",
    "metadata.broker.list": "Use kafka.bootstrap_servers",
    "group.id": "Use kafka.group_id",
    "group.protocol": "Use kafka.group_protocol",
    "group.instance.id": "Use kafka.group_instance_id",
    "session.timeout.ms": "Use kafka.session_timeout",
    "heartbeat.interval.ms": "Use kafka.heartbeat_interval",
    "auto.offset.reset": "Use kafka.start",
    "partition.assignment.strategy": "Remove it: with the classic protocol it is always cooperative-sticky",
    "enable.auto.commit": "Remove it: an offset is committed only after its lead has its outcome",
    "auto.commit.enable": "Remove it: an offset is committed only after its lead has its outcome",
    "auto.commit.interval.ms": "Remove it: an offset is committed only after its lead has its outcome",
    "enable.auto.offset.store": "Remove it: an offset is committed only after its lead has its outcome",
}
"""librdkafka properties that the connector sets itself, and what to do instead."""

_CALLBACK = re.compile(r"on_.*|.*_cb|logger")
_SECRET = re.compile(r".*(?:password|passphrase|secret|sasl\.jaas\.config)|ssl\.key\.pem|.*private\.key\.pem")
_NAME = re.compile(r"[a-z0-9._]+")


class GroupProtocol(StrEnum):
    """How the members of the consumer group share the partitions."""

    CLASSIC = "classic"
    CONSUMER = "consumer"


class Start(StrEnum):
    """Where a consumer group without a committed offset begins."""

    EARLIEST = "earliest"
    LATEST = "latest"


def _check_property_name(name: str) -> str | None:
    """Return None, or raise for a property that cannot be set here."""
    if name in OWNED_PROPERTIES:
        raise refuse("the connector sets this property itself", OWNED_PROPERTIES[name])
    if _CALLBACK.fullmatch(name):
        raise refuse("a callback cannot be set in a file", "Remove it")
    if not _NAME.fullmatch(name):
        raise refuse(f"{quote(name)} is not a librdkafka property", "For example security.protocol")
    return None


def _property_value(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _inline(name: str) -> str:
    _check_property_name(name)
    if _SECRET.fullmatch(name):
        raise refuse(
            "a secret must not stand in the configuration",
            f"Put it into a file, and the file's path under kafka.property_files: {name}: /run/secrets/…",
        )
    return name


def _from_file(name: str) -> str:
    _check_property_name(name)
    return name


Properties: TypeAlias = Annotated[
    dict[Annotated[str, AfterValidator(_inline)], Annotated[str, BeforeValidator(_property_value)]],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}),
    Shown("map of property to value", yaml=True, dotted_keys=True),
]
PropertyFiles: TypeAlias = Annotated[
    dict[Annotated[str, AfterValidator(_from_file)], SecretFile],
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
    Shown("map of property to file", yaml=True, dotted_keys=True),
]


class KafkaSettings(Section):
    """Where the lead events come from."""

    bootstrap_servers: BootstrapServers = Field(examples=["localhost:9092"])
    """Brokers to start from, each `host:port`; a text with commas or a list."""
    group_id: Text = default("lead-connector")
    """Consumer group. Replicas with the same one share the partitions; its committed offsets say what is done."""
    topics: Topics = Field(min_length=1, examples=["[leads]"])
    """Topics to read: names, or regular expressions that begin with `^` (they also take topics made later)."""
    group_protocol: GroupProtocol = default("classic")
    """`classic` finds a dead member after `session_timeout`; `consumer` (KIP-848) after the broker's own time."""
    group_instance_id: Text | None = None
    """Static membership: a restarted member gets its partitions back at once. Must differ between replicas (for \
example the pod's name, from the environment)."""
    session_timeout: PositiveDuration = default("10s")
    """After this time without a heartbeat a member counts as dead and its partitions move. With `consumer` the broker \
decides: keep this at most its `group.consumer.session.timeout.ms`. In both, requests start only while the group has \
confirmed the membership within this time less `ucontact.connect_timeout` (at most four fifths of it)."""
    heartbeat_interval: PositiveDuration = default("1s")
    """Time between heartbeats; at most a third of `session_timeout`. Shorter hands partitions over sooner. Only \
`classic`."""
    start: Start = default("earliest")
    """Where a group without committed offsets begins. `earliest` loses no lead on the first start; `latest` skips \
what is there."""
    properties: Properties = default({}, examples=[{"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"}])
    """Any other librdkafka property. Those that the connector sets itself, and secrets, are refused."""
    property_files: PropertyFiles = default({}, examples=[{"sasl.password": "/run/secrets/kafka/password"}])
    """librdkafka properties whose value is the content of a file, without the line break at its end. For secrets."""
