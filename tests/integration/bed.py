"""The connector and the sandbox as processes of their own, and producers that are not ours."""

from __future__ import annotations

import json
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import httpx2
import yaml
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from prometheus_client.parser import text_string_to_metric_families

from testbed import topics
from testbed.process import Process
from testbed.registry import SERIALIZER_SETTINGS
from testbed.waiting import until
from tests.sandbox.page import Node, read_page

ROOT = Path(__file__).parents[2]
READER = ROOT / "schemas" / "lead_event.avsc"
_STARTING = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError._TRANSPORT,
    KafkaError._TIMED_OUT,
}
LIMIT = 180.0
"""Seconds to wait for a condition: generous, for machines are shared."""


def lead(number: int, prefix: str = "lead", phones: list[str] | None = None) -> dict[str, Any]:
    """A canonical lead event as a Python value, its id ``prefix-number``."""
    now = time.time_ns() // 1_000_000
    return {
        "eventId": f"{prefix}-{number}",
        "occurredAt": now,
        "receivedAt": now,
        "source": {
            "platform": ("google", "meta", "linkedin", "web")[number % 4],
            "accountId": None,
            "formId": f"form-{number % 13}",
            "campaignId": f"campaign-{number % 97}",
            "externalLeadId": None,
            "isTest": False,
        },
        "person": {
            "firstName": "Ana",
            "lastName": f"Paz {number}",
            "phones": [f"+5989{number % 10_000_000:07d}"] if phones is None else phones,
            "email": f"ana{number}@example.com",
            "locale": "es-UY",
            "country": "UY",
            "timezone": "America/Montevideo",
        },
        "consent": [],
        "schedule": {"at": now + 3_600_000} if number % 3 == 0 else None,
        "priority": number % 5,
        "attributes": {"product": "solar"},
    }


def avro_producer(registry_url: str, topic: str) -> Callable[[Mapping[str, Any]], bytes]:
    """Confluent's own serializer: registers the schema, and frames what it writes as Confluent does."""
    client = SchemaRegistryClient({"url": registry_url, "timeout": 60})
    serializer = AvroSerializer(client, READER.read_text(), conf=SERIALIZER_SETTINGS)
    context = SerializationContext(topic, MessageField.VALUE)
    serializer(lead(0), context)  # registers the schema; from here on its id is known and no connection is needed
    client.close()

    def serialize(event: Mapping[str, Any]) -> bytes:
        value = serializer(dict(event), context)
        assert isinstance(value, bytes)
        return value

    return serialize


def as_json(event: Mapping[str, Any]) -> bytes:
    """A lead as natural JSON."""
    return json.dumps(event).encode()


def produce(bootstrap: str, topic: str, values: Iterable[bytes | None], partitions: int = 0) -> int:
    """Write values, one after another to each of ``partitions`` (0: as the producer likes), and wait until all are
    acknowledged. Returns their number."""
    failures: list[KafkaError] = []

    def told(error: KafkaError | None, _message: object) -> None:
        if error is not None:
            failures.append(error)

    producer = Producer({"bootstrap.servers": bootstrap, "enable.idempotence": True, "linger.ms": 20})
    number = 0
    for number, value in enumerate(values, 1):
        where = {"partition": number % partitions} if partitions else {}
        while True:
            try:
                producer.produce(topic, value, on_delivery=told, **where)  # type: ignore[arg-type]
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    assert producer.flush(LIMIT) == 0 and not failures, failures
    return number


def read_all(bootstrap: str, topic: str, count: int) -> list[dict[str, Any]]:
    """``count`` records of a topic as key, value and headers, waiting for them. More than ``count`` fail."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": f"reader-{uuid4()}", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, 30).topics[topic].partitions
    consumer.assign([TopicPartition(topic, p, 0) for p in partitions])
    records: list[dict[str, Any]] = []

    def take() -> bool:
        for message in consumer.consume(500, 0.2):
            assert message.error() is None, message.error()
            headers = dict(cast("list[tuple[str, bytes]]", message.headers() or []))
            records.append({"key": message.key(), "value": message.value(), "headers": headers})
        return len(records) >= count

    until(take, limit=LIMIT, what=f"{count} records on {topic}", details=lambda: f"{len(records)} are there")
    consumer.close()
    held = topics.log_offsets(bootstrap, topic)
    assert sum(at.end - at.start for at in held.values()) == count, held
    return records


def count(bootstrap: str, topic: str) -> int:
    """Records on a topic."""
    return sum(at.end - at.start for at in topics.log_offsets(bootstrap, topic).values())


class Sandbox:
    """The uContact sandbox in a process of its own; its ledger is the oracle."""

    def __init__(self, folder: Path, *, hubs: Mapping[str, str] | None = None, token: str | None = None) -> None:
        self.folder = folder / "sandbox"
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--directory", str(self.folder)]
        for name, kind in (hubs or {"sales": "telephony"}).items():
            command += ["--hub", f"{name}={kind}"]
        if token is not None:
            (folder / "sandbox-token").write_text(token)
            command += ["--token-file", str(folder / "sandbox-token")]
        self._process = Process("sandbox", command, folder / "sandbox.log")
        self._process.start()
        found: list[str] = []

        def listening() -> bool:
            found[:] = re.findall(r"listening on (\S+)", self._process.log_text())
            return bool(found)

        self._process.wait_ready(listening, limit=LIMIT)
        self.url = found[0]
        self._http = httpx2.Client(base_url=self.url, timeout=60)

    def stats(self) -> dict[str, Any]:
        """Counts of everything."""
        answer: dict[str, Any] = self._http.get("/_sandbox/stats").raise_for_status().json()
        return answer

    def counts(self) -> Counter[str]:
        """How many times each lead was accepted."""
        return Counter(self._http.get("/_sandbox/counts").raise_for_status().json())

    def ledger(self) -> list[dict[str, Any]]:
        """Every accepted lead in order, from the file itself."""
        with (self.folder / "ledger.jsonl").open() as lines:
            return [json.loads(line) for line in lines if line.endswith("\n")]

    def page(self) -> Node:
        """Its page, as a browser gets it."""
        return read_page(self._http.get("/").raise_for_status().text)

    def press(self, button: Node) -> None:
        """Do what a button of the page does."""
        self._http.post(button.attributes["data-post"]).raise_for_status()

    def fault(self, **fault: Any) -> None:
        """Switch a fault on."""
        answer = self._http.post("/_sandbox/faults", json=fault)
        assert answer.is_success, answer.text

    def heal(self) -> None:
        """Switch every fault off."""
        self._http.delete("/_sandbox/faults").raise_for_status()

    def close(self) -> None:
        """Stop it."""
        self._http.close()
        self._process.stop()


class Connector:
    """``python -m connector run`` with a configuration of the test's."""

    def __init__(
        self,
        folder: Path,
        *,
        bootstrap: str,
        topics: list[str],
        dead_letters: str,
        sandbox: str,
        registry: str | None = None,
        group: str | None = None,
        name: str = "connector",
        changes: Mapping[str, Any] | None = None,
    ) -> None:
        """``changes`` are laid over the configuration, section by section. Nothing is started yet."""
        token = folder / "token"
        if not token.exists():
            token.write_text("a-token")
        self.group = group or f"group-{uuid4().hex[:8]}"
        self.config: dict[str, Any] = {
            "kafka": {
                "bootstrap_servers": bootstrap,
                "group_id": self.group,
                "topics": topics,
                "session_timeout": "6s",
            },
            "schemas": {"reader": str(READER)},
            "ucontact": {"base_url": sandbox, "token_file": str(token)},
            "routes": [
                {
                    "name": "all",
                    "hub": "sales",
                    "contact": {
                        "clientIds": "person.phones",
                        "timezone": ["person.timezone", "phone", "America/Montevideo"],
                        "scheduleDate": "schedule.at",
                        "priority": "priority",
                        "data": {"id": "eventId", "name": "{{ person.firstName }} {{ person.lastName }}"},
                    },
                }
            ],
            "delivery": {"retry": {"initial": "50ms", "max": "500ms"}, "drain_timeout": "60s"},
            "dead_letters": {"topic": dead_letters},
            "telemetry": {"listen": "127.0.0.1:0", "log_format": "json", "log_level": "debug"},
        }
        if registry is not None:
            self.config["schemas"]["registry"] = {"url": registry}
        for section, values in (changes or {}).items():
            if isinstance(values, dict):
                self.config.setdefault(section, {}).update(values)
            else:
                self.config[section] = values
        self._bootstrap = bootstrap
        self.file = folder / f"{name}.yaml"
        self.file.write_text(yaml.safe_dump(self.config, sort_keys=False))
        self.process = Process(
            name, [sys.executable, "-m", "connector", "run", "-c", str(self.file)], folder / f"{name}.log"
        )
        self._admin = ""

    def start(self, *, ready: bool = True) -> Connector:
        """Start it, and wait until it has joined the group (unless not ``ready``)."""
        self.process.start()
        self.process.wait_ready(lambda: self.events("started"), limit=LIMIT)
        self._admin = self.events("started")[-1]["admin"]
        if ready:
            self.process.wait_ready(lambda: self.get("readyz").status_code == 200, limit=LIMIT)
        return self

    @property
    def admin(self) -> str:
        """The URL of its admin server, with a slash at its end."""
        return self._admin

    def get(self, path: str) -> httpx2.Response:
        """An answer of its admin server."""
        return httpx2.get(self._admin + path, timeout=60)

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """What it logged since its last start: all, or the events of one name."""
        lines = [
            json.loads(line) for line in self.process.log_text().splitlines() if line[:1] == "{" and line[-1:] == "}"
        ]
        return [line for line in lines if name is None or line["event"] == name]

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels; 0 where there is none."""
        families = text_string_to_metric_families(self.get("metrics").text)
        samples = [sample for family in families for sample in family.samples if sample.name == name]
        return sum(s.value for s in samples if labels.items() <= s.labels.items())

    def delivered(self) -> float:
        """Leads delivered since its start."""
        return self.metric("leads_outcome_total", outcome="delivered")

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.stop(limit=LIMIT)
        return self.process.wait(limit=LIMIT)

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()

    def committed(self) -> dict[tuple[str, int], tuple[int, str]]:
        """Committed offset and metadata of each partition that has one."""
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": self.group})
        partitions = [
            TopicPartition(topic, partition)
            for topic in self.topics
            for partition in consumer.list_topics(topic, 30).topics[topic].partitions
        ]
        answers = consumer.committed(partitions, 30)
        consumer.close()
        return {(a.topic, a.partition): (a.offset, a.metadata or "") for a in answers if a.offset >= 0}

    @property
    def topics(self) -> list[str]:
        """What it reads: its topics, and the retry topic."""
        retries = self.config.get("retries")
        return [*self.config["kafka"]["topics"], *([retries["topic"]] if retries else [])]

    def lag(self, only: str | None = None) -> int:
        """Records between the committed offsets and the ends of the partitions; of all its topics, or one."""
        committed = self.committed()
        consumer = Consumer({"bootstrap.servers": self._bootstrap, "group.id": f"lag-{uuid4()}"})
        total = 0
        for topic in self.topics if only is None else [only]:
            for partition in consumer.list_topics(topic, 30).topics[topic].partitions:
                low, high = consumer.get_watermark_offsets(TopicPartition(topic, partition), 30)
                total += high - committed.get((topic, partition), (low, ""))[0]
        consumer.close()
        return total

    def wait_done(self, limit: float = LIMIT) -> None:
        """Wait until every record on its topics is resolved and committed."""

        def done() -> bool:
            try:
                return self.lag() == 0
            except KafkaException as error:
                if not error.args[0].retriable() and error.args[0].code() not in _STARTING:
                    raise
                return False  # a broker that has just come back; asked again

        until(done, limit=limit, what="lag 0", interval=0.2, details=self.process.log_tail)
