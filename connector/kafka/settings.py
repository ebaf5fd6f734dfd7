"""What the Kafka room is asked to do, as frozen data, and the librdkafka configuration that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Times in seconds, sizes in records and bytes. ``properties`` are librdkafka's own and win over our defaults."""

    bootstrap_servers: str
    group_id: str
    topics: tuple[str, ...]
    """Names, or patterns that begin with ^."""
    group_protocol: str = "classic"
    group_instance_id: str | None = None
    session_timeout: float = 10.0
    heartbeat_interval: float = 1.0
    start: str = "earliest"
    """Where to begin where nothing is committed: earliest or latest."""
    properties: Mapping[str, str] = field(default_factory=dict)
    max_leads: int = 2000
    """Records handed over and not yet resolved."""
    max_bytes: int = 16 * 1024 * 1024
    revoke_timeout: float = 10.0
    """How long a revocation waits for requests in flight."""
    retries: str | None = None
    """The topic from which parked leads come back; read beside ``topics``."""
    write_intents: bool = False
    """Records are sent only after a commit has named them (crash_safety: park)."""

    connect_timeout: float = 0.0
    """What may pass between the decision to send a request and its first byte."""

    @property
    def lease(self) -> float:
        """Seconds for which requests may begin after the group has last confirmed us: with some room below the time
        after which it gives our partitions away, and with the time to connect, unless that would leave too little."""
        session = self.session_timeout
        return min(0.8 * session, max(session - self.connect_timeout, 0.3 * session))

    def begins_at_end(self, topic: str) -> bool:
        """Whether a partition of which nothing is committed is read from its end on. What was parked is always read."""
        return self.start == "latest" and topic != self.retries


def client_config(settings: KafkaSettings, client_id: str) -> dict[str, object]:
    """What consumer, producer and admin client share."""
    return {
        "bootstrap.servers": settings.bootstrap_servers,
        "client.id": client_id,
        # A closed idle connection is not an event; one that breaks is reported by error_cb.
        "log.connection.close": False,
        **settings.properties,
    }


def consumer_config(settings: KafkaSettings, client_id: str) -> dict[str, object]:
    """The consumer's configuration (DESIGN.md, "Kafka side" and "Back-pressure", has the measurements behind it)."""
    config: dict[str, object] = {
        "queued.min.messages": 30_000,
        "queued.max.messages.kbytes": 16 * 1024,
        "fetch.max.bytes": 16 * 1024 * 1024,
        "fetch.error.backoff.ms": 100,
        **client_config(settings, client_id),
        "group.id": settings.group_id,
        "group.protocol": settings.group_protocol,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,  # the end of a partition may be a transaction's mark, which nobody reads
        "isolation.level": "read_committed",  # what `dlq replay` gave up half-way was never written
        # Not settings.start, which is for groups without commits (Ownership.take). A position that the partition does
        # not have any more is told to us (Source), who report what is missing and go on at the beginning.
        "auto.offset.reset": "error",
    }
    if settings.group_instance_id is not None:
        config["group.instance.id"] = settings.group_instance_id
    if settings.group_protocol == "classic":
        # With group.protocol=consumer these are the broker's to decide, and librdkafka refuses them.
        config["partition.assignment.strategy"] = "cooperative-sticky"
        config["session.timeout.ms"] = round(settings.session_timeout * 1000)
        config["heartbeat.interval.ms"] = round(settings.heartbeat_interval * 1000)
    return config


def reader_config(settings: KafkaSettings, client_id: str) -> dict[str, object]:
    """A consumer that only looks. The group's id is there because librdkafka wants one and because brokers may allow
    this principal no other; a consumer that is assigned its partitions by hand does not join it."""
    return {
        **client_config(settings, client_id),
        "group.id": settings.group_id,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        "isolation.level": "read_committed",
        "queued.max.messages.kbytes": 4096,
        "auto.offset.reset": "earliest",
        "allow.auto.create.topics": False,
    }


def producer_config(settings: KafkaSettings, client_id: str) -> dict[str, object]:
    """The producer of letters and receipts: idempotent, acknowledged by all replicas."""
    return {
        "linger.ms": 5,
        "message.max.bytes": 10_000_000,
        "message.timeout.ms": 10_000,
        "topic.metadata.propagation.max.ms": 5_000,
        "compression.type": "lz4",
        **client_config(settings, client_id),
        "enable.idempotence": True,
        "acks": "all",
    }
