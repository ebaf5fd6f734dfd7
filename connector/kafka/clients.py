"""Builds the Kafka clients, with their errors and logs led to one place."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import TypeAlias

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from connector.kafka.settings import KafkaSettings, client_config, consumer_config, producer_config, reader_config

_CLIENT_ID = "lead-connector"

OnCommit: TypeAlias = "Callable[[KafkaError | None, list[TopicPartition]], None]"
"""librdkafka's on_commit callback."""


class Clients:
    """Makes clients of one cluster. ``on_trouble`` gets what librdkafka reports and goes on after; it is called on
    whatever thread polls the client. Constructors raise KafkaException for a property librdkafka does not take."""

    def __init__(self, settings: KafkaSettings, on_trouble: Callable[[str], None]) -> None:
        self.settings = settings
        self._on_trouble = on_trouble
        self._admin: AdminClient | None = None

    def consumer(self, on_commit: OnCommit) -> Consumer:
        """A consumer that is not subscribed yet."""
        return Consumer({**self._with_events(consumer_config(self.settings, _CLIENT_ID)), "on_commit": on_commit})

    def reader(self) -> Consumer:
        """A consumer to look at topics with: assign it partitions. It joins no group and commits nothing."""
        return Consumer(self._with_events(reader_config(self.settings, _CLIENT_ID)))

    def producer(self) -> Producer:
        """A producer for letters and receipts."""
        return Producer(self._with_events(producer_config(self.settings, _CLIENT_ID)))

    def transactional(self, transactional_id: str) -> Producer:
        """A producer whose records are written all or none: what commands write."""
        config = producer_config(self.settings, _CLIENT_ID)
        return Producer(self._with_events({**config, "transactional.id": transactional_id}))

    def admin(self) -> AdminClient:
        """The one admin client."""
        if self._admin is None:
            config = self._with_events(client_config(self.settings, _CLIENT_ID))
            self._admin = AdminClient(config)  # type: ignore[arg-type] # the stub forgets callables
        return self._admin

    def refusal(self) -> str | None:
        """What librdkafka has against this configuration; None when it takes it. Connects to nothing that matters."""
        for make in (
            lambda: self.consumer(lambda _error, _partitions: None).close(),
            self.producer,
        ):
            try:
                make()
            except (KafkaException, ValueError, TypeError) as error:
                reason = error.args[0]
                return reason.str() if isinstance(reason, KafkaError) else str(reason)
        return None

    def subscription_refusal(self) -> str | None:
        """The topic pattern that librdkafka cannot read, with its words; None when it takes all. Connects to nothing:
        librdkafka's expressions are not Python's (no lookahead, no classes such as \\d)."""
        for topic in self.settings.topics:
            consumer = Consumer({"group.id": self.settings.group_id, "logger": _LIBRDKAFKA})
            try:
                consumer.subscribe([topic])
            except KafkaException as error:
                return f"{topic}: {error.args[0].str()}"
            finally:
                consumer.close()
        return None

    def _with_events(self, config: dict[str, object]) -> dict[str, object]:
        return {**config, "error_cb": self._failed, "logger": _LIBRDKAFKA}

    def _failed(self, error: KafkaError) -> None:
        match error.code():
            case KafkaError._ALL_BROKERS_DOWN | KafkaError._TRANSPORT | KafkaError._RESOLVE:
                hint = f"cannot reach {self.settings.bootstrap_servers}; check kafka.bootstrap_servers and the network"
            case KafkaError._AUTHENTICATION | KafkaError.SASL_AUTHENTICATION_FAILED:
                hint = "check the SASL properties and password file"
            case KafkaError._SSL:
                hint = "check security.protocol and the CA"
            case _:
                hint = ""
        text = _WHEN.sub("", error.str())
        self._on_trouble(f"{text}{': ' if hint else ''}{hint}")


_WHEN = re.compile(r" \(after \d+ms in state \w+(?:, \d+ identical error\(s\) suppressed)?\)")
"""Would make each repetition of an error look new."""
_LIBRDKAFKA = logging.getLogger("librdkafka")
# What matters comes through error_cb with a way out; these lines repeat it in librdkafka's words.
_LIBRDKAFKA.setLevel(logging.CRITICAL)
# Where no log is configured (the commands for people) Python would write them to stderr all the same.
_LIBRDKAFKA.addHandler(logging.NullHandler())
