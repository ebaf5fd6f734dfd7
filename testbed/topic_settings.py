"""Settings of a topic, altered while it is in use. All functions block."""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource, ConfigSource

from testbed.topics import admin_client
from testbed.waiting import until

_REQUEST = 10.0  # seconds for one request
_SEEN = 60.0  # seconds for all brokers to take a setting over
_MARK = "segment.jitter.ms"  # a setting without effect in a test's life


def topic_settings(bootstrap_servers: str, topic: str) -> dict[str, str]:
    """The settings made for this topic itself, not those that it has from the broker. Raises KafkaException."""
    return _settings(admin_client(bootstrap_servers), topic)


def alter_topic(bootstrap_servers: str, topic: str, settings: Mapping[str, str | None]) -> None:
    """Set settings such as `retention.ms`, or take them back (None); returns once every live broker obeys.

    Raises KafkaException when Kafka refuses, TimeoutError.
    """
    admin = admin_client(bootstrap_servers)
    _alter(admin, topic, settings)
    # A broker shows a setting a moment before its log obeys. But it takes changes over one after another: once it
    # shows the next one, made after this was shown, it is done with this.
    _alter(admin, topic, {_MARK: str(uuid.uuid4().int % 1_000_000 + 1)})
    _order(admin, topic, {_MARK: None})


@contextmanager
def altered_topic(bootstrap_servers: str, topic: str, settings: Mapping[str, str | None]) -> Iterator[None]:
    """`alter_topic` for the length of the block; then what was set before is set again."""
    before = topic_settings(bootstrap_servers, topic)
    alter_topic(bootstrap_servers, topic, settings)
    try:
        yield
    finally:
        alter_topic(bootstrap_servers, topic, {name: before.get(name) for name in settings})


def refusing_writes(bootstrap_servers: str, topic: str) -> AbstractContextManager[None]:
    """In the block the topic refuses every write for good: MSG_SIZE_TOO_LARGE, which no producer tries again."""
    return altered_topic(bootstrap_servers, topic, {"max.message.bytes": "1"})


def _alter(admin: AdminClient, topic: str, settings: Mapping[str, str | None]) -> None:
    """Order and wait until every live broker shows it."""
    _order(admin, topic, settings)

    def shown() -> bool:
        brokers = [node.id for node in admin.describe_cluster(request_timeout=_REQUEST).result().nodes]
        return all(_shows(_settings(admin, topic, broker), settings) for broker in brokers)

    until(shown, limit=_SEEN, what=f"{dict(settings)} of {topic} at every broker")


def _order(admin: AdminClient, topic: str, settings: Mapping[str, str | None]) -> None:
    changes = [
        ConfigEntry(name, None, incremental_operation=AlterConfigOpType.DELETE)
        if value is None
        else ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
        for name, value in settings.items()
    ]
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=changes)
    for answer in admin.incremental_alter_configs([resource], request_timeout=_REQUEST).values():
        answer.result()


def _settings(admin: AdminClient, topic: str, broker: int = -1) -> dict[str, str]:
    """What `broker` (any, if -1) shows as set for the topic itself."""
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    options = {} if broker < 0 else {"broker": broker}
    (answer,) = admin.describe_configs([resource], request_timeout=_REQUEST, **options).values()
    own = ConfigSource.DYNAMIC_TOPIC_CONFIG.value
    return {name: entry.value for name, entry in answer.result().items() if entry.source == own}


def _shows(shown: Mapping[str, str], wanted: Mapping[str, str | None]) -> bool:
    return all(shown.get(name) == value for name, value in wanted.items())
