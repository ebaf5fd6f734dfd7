"""Leads for a case: a backlog, and a steady stream from a thread, each record's place noted."""

from __future__ import annotations

import itertools
import threading
import time
from functools import partial
from typing import Any

from confluent_kafka import KafkaError, Producer

from tests.chaos.evidence import Position
from tests.integration.bed import as_json, lead

FLUSH = 180.0
"""Seconds for the broker to acknowledge what was written; it may have to come back first."""
_TURN = 0.05


class Feed:
    """Writes leads to the partitions of a topic in turn. Not for several threads at once, but for its own."""

    def __init__(self, bootstrap: str, topic: str, partitions: int, prefix: str = "lead") -> None:
        self.topic = topic
        self.prefix = prefix
        self.produced: dict[Position, str | None] = {}
        """What was acknowledged, and where; the lead's id, or None for a record that is nobody's."""
        self._partitions = partitions
        self._numbers = itertools.count()
        self._failures: list[KafkaError] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.timeout.ms": 300_000,
                "log_level": 0,  # brokers come and go
            }
        )
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def backlog(self, count: int) -> None:
        """So many leads at once; returns when all are acknowledged."""
        for number in itertools.islice(self._numbers, count):
            self._lead(number)
        self.flush()

    def start(self, rate: int) -> None:
        """So many leads a second from now on."""
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, args=(rate,), name="feed")
        self._thread.start()

    def stop(self) -> None:
        """End the stream, and wait until all of it is acknowledged. Raises AssertionError when some cannot be."""
        self.close()
        self.flush()

    def close(self) -> None:
        """End the stream; what is not acknowledged may get lost."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def put(self, value: bytes | None, name: str | None, partition: int = 0, **more: Any) -> None:
        """One record that is no lead of the stream; ``name`` as in ``produced``."""
        told = partial(self._told, name)
        self._producer.produce(self.topic, value, partition=partition, on_delivery=told, **more)

    def flush(self) -> None:
        """Wait until all is acknowledged. Raises AssertionError when some cannot be."""
        left = self._producer.flush(FLUSH)
        assert left == 0 and not self._failures, f"{left} leads were not acknowledged; {self._failures[:3]}"

    def _run(self, rate: int) -> None:
        began = time.monotonic()
        sent = 0
        while not self._stop.wait(_TURN):
            due = int((time.monotonic() - began) * rate)
            # After a pause of this process the stream goes on; it does not make up for the pause in one burst.
            for number in itertools.islice(self._numbers, min(due - sent, rate)):
                self._lead(number)
            sent = due
            self._producer.poll(0)

    def _lead(self, number: int) -> None:
        event = lead(number, self.prefix)
        while True:
            try:
                self.put(as_json(event), event["eventId"], number % self._partitions)
                return
            except BufferError:
                self._producer.poll(0.1)

    def _told(self, name: str | None, error: KafkaError | None, message: Any) -> None:
        if error is not None:
            self._failures.append(error)
        else:
            self.produced[message.topic(), message.partition(), message.offset()] = name
