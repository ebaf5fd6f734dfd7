"""The leads: realistic canonical events in Avro, framed as Confluent frames them, and the backlog made of them."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, Final

import fastavro
from confluent_kafka import KafkaError, Producer

from bench.paths import READER

PARTITIONS: Final = 6
ID_PREFIX: Final = "00000000-0000-4000-8000-"
"""Event ids look like UUIDs, with the lead's number as their last part: the sink can tell leads apart cheaply."""

_FIRST = ("Ana", "Martín", "Lucía", "José", "Zoë", "Camila", "Łukasz", "Valentina")
_LAST = ("Paz", "Fernández", "O'Brien", "Núñez", "de los Santos", "Smith", "Rodríguez", "García")
_ZONES = (
    ("UY", "+5989", "America/Montevideo"),
    ("AR", "+549113", "America/Argentina/Buenos_Aires"),
    ("MX", "+52553", "America/Mexico_City"),
    ("ES", "+3461", "Europe/Madrid"),
    ("US", "+1425", "America/Los_Angeles"),
    ("CL", "+5695", "America/Santiago"),
)
"""Country, the beginning of mobile numbers there, zone."""
_FIRST_PHONE: Final = 2_000_000
_PHONES: Final = 8_000_000
"""Seven digits after the beginning, from _FIRST_PHONE on: all of these are valid."""
_SPREAD: Final = 3_141_593
"""Has no divisor in common with _PHONES: the numbers of so many leads differ, and neighbours are far apart."""
_PLATFORMS = ("google", "meta", "linkedin", "web")
_FLUSH = 300.0  # seconds


def lead(number: int, now: datetime) -> dict[str, Any]:
    """A canonical lead event. Two thirds have a call-back time, half of these as a wall time; all lie days ahead, so
    that they are still to come whenever the lead is read."""
    country, prefix, zone = _ZONES[number % len(_ZONES)]
    platform = _PLATFORMS[number % len(_PLATFORMS)]
    first, last = _FIRST[number % 8], _LAST[number // 8 % 8]
    phones = [phone(prefix, number)]
    if number % 5 == 0:
        phones.append(phone(prefix, number + 1))
    return {
        "eventId": event_id(number),
        "occurredAt": now,
        "receivedAt": now,
        "source": {
            "platform": platform,
            "accountId": f"act-{number % 7:08d}",
            "formId": f"form-{number % 13:04d}",
            "campaignId": f"campaign-{number % 97:05d}",
            "externalLeadId": f"{platform[0]}:{number:012d}",
            "isTest": False,
        },
        "person": {
            "firstName": first,
            "lastName": last,
            "phones": phones,
            "email": f"lead{number}@mail{number % 50}.example",
            "locale": "es-UY",
            "country": country,
            "timezone": zone,
        },
        "consent": [{"purpose": "call", "granted": True, "recordedAt": now}],
        "schedule": _schedule(number, now, zone),
        "priority": number % 5,
        "attributes": {"utm_source": platform, "utm_campaign": f"spring-{number % 31}", "product": "solar-roof"},
    }


def _schedule(number: int, now: datetime, zone: str) -> dict[str, Any] | None:
    at = now + timedelta(days=2, minutes=number % 1440)
    match number // len(_ZONES) % 3:  # all three in every country
        case 0:
            return {"at": at}
        case 1:
            return {"at": {"local": at.strftime("%Y-%m-%dT%H:%M:%S"), "timezone": zone}}
        case _:
            return None


def phone(prefix: str, number: int) -> str:
    """A valid mobile number in E.164, another for each lead."""
    return f"{prefix}{_FIRST_PHONE + number * _SPREAD % _PHONES}"


def event_id(number: int) -> str:
    """The id of a lead."""
    return f"{ID_PREFIX}{number:012d}"


def number_of(value: bytes) -> int:
    """The number of the lead in a record of ours, without decoding it: the id comes first in it."""
    start = value.index(ID_PREFIX.encode()) + len(ID_PREFIX)
    return int(value[start : start + 12])


class Framer:
    """Leads as record values: magic byte 0, the schema's id, the Avro datum."""

    def __init__(self, schema_id: int) -> None:
        self._head = struct.pack(">bI", 0, schema_id)
        self._schema = fastavro.parse_schema(json.loads(READER.read_text(encoding="utf-8")))

    def value(self, number: int, now: datetime) -> bytes:
        """The record of a lead that occurred ``now``."""
        return self.frame(lead(number, now))

    def frame(self, event: dict[str, Any]) -> bytes:
        """The record of this lead event."""
        stream = BytesIO()
        stream.write(self._head)
        fastavro.schemaless_writer(stream, self._schema, event)
        return stream.getvalue()


def values(framer: Framer, leads: int) -> Iterator[bytes]:
    """The records of so many leads, one after another."""
    now = datetime.now(UTC)
    for number in range(leads):
        if number % 1000 == 0:
            now = datetime.now(UTC)
        yield framer.value(number, now)


def backlog(
    bootstrap: str, topic: str, framer: Framer, leads: int, progress: Callable[[int], None] = lambda _done: None
) -> int:
    """Write leads 0 to ``leads`` to all partitions in turn and wait until the brokers have them; returns their bytes.

    ``progress`` is told how many are written, now and then. Raises RuntimeError when one cannot be written.
    """
    failures: list[KafkaError] = []

    def told(error: KafkaError | None, _message: object) -> None:
        if error is not None:
            failures.append(error)

    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 20, "log_level": 3})
    size = 0
    for number, value in enumerate(values(framer, leads)):
        size += len(value)
        while True:
            try:
                producer.produce(topic, value, partition=number % PARTITIONS, on_delivery=told)
                break
            except BufferError:
                producer.poll(0.1)
        if number % 1000 == 999:
            producer.poll(0)
            progress(number + 1)
    left = producer.flush(_FLUSH)
    if left or failures:
        raise RuntimeError(f"{left + len(failures)} leads could not be written: {failures[:1]}")
    progress(leads)
    return size


def trickle(bootstrap: str, topic: str, framer: Framer, numbers: range, pauses: Iterator[float]) -> dict[int, int]:
    """Write leads one by one with a pause (seconds) before each; returns when each was given to the producer, in
    nanoseconds since the epoch."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 0, "acks": "all"})
    sent: dict[int, int] = {}
    for number in numbers:
        time.sleep(next(pauses))
        value = framer.value(number, datetime.now(UTC))
        sent[number] = time.time_ns()
        producer.produce(topic, value, partition=number % PARTITIONS)
        producer.poll(0)
    if left := producer.flush(_FLUSH):
        raise RuntimeError(f"{left} leads could not be written")
    return sent
