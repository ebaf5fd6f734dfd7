"""A configuration in the rooms' own types: what each is built from.

Nothing connects here; secret files are read.
"""

from __future__ import annotations

from collections.abc import Callable

import connector
from connector.config import Loaded, read_secret
from connector.config.delivery import MOST_IN_FLIGHT, CrashSafety, OnAmbiguous
from connector.delivery.backoff import Backoff
from connector.delivery.policy import LanePolicy
from connector.delivery.slots import MOST_LENT
from connector.delivery.storm import StormPolicy
from connector.kafka.registry import Registry
from connector.kafka.settings import KafkaSettings
from connector.settlement import Topics
from connector.ucontact.client import Secret, UContact
from connector.ucontact.tls import TlsFiles
from connector.ucontact.token import TokenFile


def kafka_settings(loaded: Loaded) -> KafkaSettings:
    """The Kafka room's settings. Reads the secret files of ``kafka.property_files``; raises SecretFileError."""
    kafka, delivery = loaded.settings.kafka, loaded.settings.delivery
    secrets = {name: read_secret(path) for name, path in kafka.property_files.items()}
    return KafkaSettings(
        bootstrap_servers=kafka.bootstrap_servers,
        group_id=kafka.group_id,
        topics=tuple(kafka.topics),
        group_protocol=kafka.group_protocol.value,
        group_instance_id=kafka.group_instance_id,
        session_timeout=kafka.session_timeout.total_seconds(),
        heartbeat_interval=kafka.heartbeat_interval.total_seconds(),
        start=kafka.start.value,
        properties={**kafka.properties, **secrets},
        max_leads=delivery.buffer.max_leads,
        max_bytes=delivery.buffer.max_bytes,
        revoke_timeout=delivery.revoke_timeout.total_seconds(),
        retries=None if loaded.settings.retries is None else loaded.settings.retries.topic,
        connect_timeout=loaded.settings.ucontact.connect_timeout.total_seconds(),
        write_intents=delivery.crash_safety is CrashSafety.PARK,
    )


def lane_policy(loaded: Loaded) -> LanePolicy:
    """What the delivery room does with the leads of each hub."""
    delivery = loaded.settings.delivery
    storm = delivery.storm_guard
    return LanePolicy(
        max_leads=delivery.batch.max_leads,
        max_bytes=delivery.batch.max_bytes,
        linger=delivery.batch.linger.total_seconds(),
        max_in_flight=delivery.max_in_flight,
        backoff=Backoff(delivery.retry.initial.total_seconds(), delivery.retry.max.total_seconds()),
        request_rate=delivery.rates.requests,
        lead_rate=delivery.rates.leads,
        breaker_failures=delivery.breaker.failures,
        probe_leads=delivery.breaker.probe_leads,
        park_ambiguous=delivery.on_ambiguous is OnAmbiguous.PARK,
        park_after=None if delivery.park_after is None else delivery.park_after.total_seconds(),
        storm=StormPolicy(storm.share, storm.min_leads) if storm.enabled else None,
    )


def own_topics(loaded: Loaded) -> Topics:
    """The topics that we write."""
    settings = loaded.settings
    return Topics(
        settings.dead_letters.topic,
        None if settings.review is None else settings.review.topic,
        None if settings.retries is None else settings.retries.topic,
        None if settings.receipts is None else settings.receipts.topic,
        0 if settings.retries is None else round(settings.retries.pause.total_seconds() * 1000),
    )


def registry(loaded: Loaded) -> Registry | None:
    """A client of the schema registry, where one is configured. Raises ValueError and SecretFileError."""
    settings = loaded.settings.schemas.registry
    if settings is None:
        return None
    return Registry(
        settings.url,
        username=settings.username,
        password=None if settings.password_file is None else read_secret(settings.password_file),
        ca_file=settings.ca_file,
        timeout=settings.timeout.total_seconds(),
    )


_SHARED_BY = 4
"""Hubs that may have all their requests under way; more share these."""
MOST_REQUESTS = _SHARED_BY * MOST_IN_FLIGHT
"""``most_requests`` of any configuration."""


def most_requests(loaded: Loaded) -> int:
    """To the API at a time, without those that get no answer: each hub may have all its own, and a few share these."""
    return _SHARED_BY * loaded.settings.delivery.max_in_flight


def ucontact(
    loaded: Loaded,
    *,
    on_reload: Callable[[Secret], None] = lambda _what: None,
    on_trouble: Callable[[Secret, str], None] = lambda _what, _text: None,
    on_usable: Callable[[Secret], None] = lambda _what: None,
) -> UContact:
    """A client of the API; the callbacks are ``UContact``'s. Raises ValueError for unusable token or TLS files."""
    settings = loaded.settings.ucontact
    return UContact(
        settings.url,
        TokenFile(settings.token_file),
        timeout=settings.timeout.total_seconds(),
        connect_timeout=settings.connect_timeout.total_seconds(),
        connections=MOST_REQUESTS + MOST_LENT,
        error_bodies=frozenset(settings.error_bodies),
        tls=TlsFiles(settings.ca_file, settings.client_certificate, settings.client_key),
        user_agent=f"lead-connector/{connector.__version__}",
        on_reload=on_reload,
        on_trouble=on_trouble,
        on_usable=on_usable,
    )
