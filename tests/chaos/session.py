"""How long the group waits for a silent member: the same with either protocol."""

from __future__ import annotations

from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourceType

from testbed.topics import admin_client

SESSION = 6
"""Seconds."""
_REQUEST = 30.0


def set_session(bootstrap: str, group: str) -> None:
    """The broker decides on the session of KIP-848 groups, and may be told so for each."""
    settings = {"consumer.session.timeout.ms": SESSION * 1000, "consumer.heartbeat.interval.ms": 1000}
    entries = [
        ConfigEntry(name, str(value), incremental_operation=AlterConfigOpType.SET) for name, value in settings.items()
    ]
    resource = ConfigResource(ResourceType.GROUP, group, incremental_configs=entries)
    admin = admin_client(bootstrap)
    for answer in admin.incremental_alter_configs([resource], request_timeout=_REQUEST).values():
        answer.result()
