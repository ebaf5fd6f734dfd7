"""``check --online`` and ``preview --topic`` against a real Kafka and a real registry."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from confluent_kafka import Consumer
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from testbed.broker import Broker, Registry
from testbed.ports import free_ports
from testbed.topics import admin_client
from testbed.waiting import until
from tests.conftest import MakeTopic, OwnKafka
from tests.integration.bed import LIMIT, READER, as_json, avro_producer, lead, produce
from tests.unit.cli.support import ROOT, Ran, cli, configuration

OTHER = json.dumps({"type": "record", "name": "Order", "fields": [{"name": "total", "type": "int"}]})


class Api:
    """A server that is up, refuses whatever it is asked (without a token for another reason), and remembers it."""

    def __init__(self) -> None:
        seen: list[tuple[str, str, str | None]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                seen.append((self.command, self.path, self.headers["authorization"]))
                self.send_response(405 if self.headers["authorization"] else 403)
                self.send_header("content-length", "0")
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                """Keep quiet."""

        self.seen = seen
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def api() -> Iterator[Api]:
    server = Api()
    yield server
    server.close()


def online(config: Path) -> tuple[Ran, dict[str, Any], dict[str, Any]]:
    """Run ``check --online``; what it found by what it asked, and the problems by place."""
    ran = cli("check", "-c", config, "--online", "--output", "json")
    report = json.loads(ran.out)
    findings = {each["what"]: each for each in report["online"]}
    return ran, findings, {each["path"]: each for each in report["problems"]}


def preview(config: Path, topic: str, *options: str) -> Ran:
    return cli("preview", "-c", config, "--topic", topic, "--output", "json", *options)


def ids(ran: Ran) -> list[str]:
    """The leads of the requests, in order."""
    return [each["lead_id"] for line in ran.lines if line["kind"] == "request" for each in line["leads"]]


def groups(bootstrap: str) -> set[str]:
    """Every consumer group that the cluster knows, with members or with offsets."""
    admin: AdminClient = admin_client(bootstrap)
    return {found.group_id for found in admin.list_consumer_groups(request_timeout=LIMIT).result().valid}


def test_all_is_there(kafka: Broker, registry: Registry, make_topic: MakeTopic, api: Api, tmp_path: Path) -> None:
    """Exit 0 with what was found; the API gets reading requests, one of them with the token, and no lead."""
    topic, other, dead = make_topic(3, name="check"), make_topic(1, name="check-other"), make_topic(1, name="dead")
    avro_producer(registry.url, topic)
    config = configuration(
        tmp_path,
        kafka={"bootstrap_servers": kafka.bootstrap_servers, "topics": [topic, f"^{other}"]},
        schemas={"registry": {"url": registry.url}},
        ucontact={"base_url": api.url},
        dead_letters={"topic": dead},
    )
    ran, findings, problems = online(config)
    assert (ran.code, problems) == (0, {}), ran.err
    assert all(finding["ok"] for finding in findings.values())
    assert findings[f"topic {topic}"]["message"] == f"{topic} with 3 partitions"
    assert findings[f"topic ^{other}"]["message"] == f"{other} with 1 partition"
    assert findings[f"dead letters {dead}"]["message"] == "1 partition"
    assert "can be read as the reader schema" in findings[f"subject {topic}-value"]["message"]
    assert findings[f"subject {other}-value"]["message"] == "not registered yet"
    assert "HTTP 403" in findings["API"]["message"] and findings["token"]["message"].startswith("taken, as it seems")
    assert findings["group lead-connector"]["message"].startswith("4 partitions to share, ")
    leads = "/api/dialer/id/Ventas%20d%C3%ADa%2F1/freshLeads"
    assert api.seen == [("GET", "/", None), ("GET", leads, None), ("GET", leads, "Bearer a-token")]
    told = cli("check", "-c", config, "--online")
    assert told.code == 0 and f"ok      topic {topic}: " in told.out and "asking Kafka" in told.err


def test_what_is_missing_is_all_listed(
    kafka: Broker, registry: Registry, make_topic: MakeTopic, tmp_path: Path
) -> None:
    """Topics, a pattern, the dead-letter topic, a schema that does not fit, the API: exit 2, each with its place."""
    topic = make_topic(1, name="check")
    with SchemaRegistryClient({"url": registry.url}) as client:
        client.register_schema(f"{topic}-value", Schema(OTHER, "AVRO"))
    nobody = f"http://127.0.0.1:{free_ports(1)[0]}"
    config = configuration(
        tmp_path,
        kafka={"bootstrap_servers": kafka.bootstrap_servers, "topics": [topic, "no-such-topic", "^no-such-.*"]},
        schemas={"registry": {"url": registry.url}},
        ucontact={"base_url": nobody},
        dead_letters={"topic": "no.such.dead"},
    )
    ran, findings, problems = online(config)
    assert ran.code == 2
    assert {path: problem["kind"] for path, problem in problems.items()} == {
        "kafka.topics[1]": "online",
        "kafka.topics[2]": "online",
        "dead_letters.topic": "online",
        "schemas.reader": "online",
        "ucontact.base_url": "online",
    }
    assert "no-such-topic" in problems["kafka.topics[1]"]["message"] and problems["kafka.topics[1]"]["hint"]
    assert "does not resolve to leads.LeadEvent" in problems["schemas.reader"]["message"]
    assert nobody in problems["ucontact.base_url"]["message"]
    assert findings["brokers"]["ok"] and findings["registry"]["ok"] and not findings["API"]["ok"]
    assert all(problem["line"] for problem in problems.values())
    told = cli("check", "-c", config, "--online")
    assert told.code == 2 and "FAILED  API" in told.out and "5 problems online" in told.err


def test_nobody_answers(tmp_path: Path) -> None:
    """Broker, registry and API are each said to be away, within their time-outs."""
    broker, registry, api = free_ports(3)
    config = configuration(
        tmp_path,
        kafka={"bootstrap_servers": f"127.0.0.1:{broker}"},
        schemas={"registry": {"url": f"http://127.0.0.1:{registry}"}},
        ucontact={"base_url": f"http://127.0.0.1:{api}"},
    )
    ran, findings, problems = online(config)
    assert ran.code == 2
    assert list(problems) == ["kafka.bootstrap_servers", "schemas.registry.url", "ucontact.base_url"]
    assert f"cannot reach 127.0.0.1:{broker}" in problems["kafka.bootstrap_servers"]["message"]
    assert not any(finding["ok"] for finding in findings.values())
    ran = preview(config, "leads")
    assert (ran.code, ran.out) == (1, "") and f"cannot reach 127.0.0.1:{broker}" in ran.err


def test_partitions_and_replicas(kafka: Broker, make_topic: MakeTopic, api: Api, tmp_path: Path) -> None:
    """Members of the group, or replicas that are meant to run, without a partition; parked leads of all hubs in one.
    Warnings all, and asking does not join."""
    topic, retries, dead, group = make_topic(2), make_topic(1), make_topic(1), f"check-{uuid4().hex[:8]}"
    config = configuration(
        tmp_path,
        kafka={"bootstrap_servers": kafka.bootstrap_servers, "topics": [topic], "group_id": group},
        ucontact={"base_url": api.url},
        dead_letters={"topic": dead},
        retries={"topic": retries},
    )

    def warnings(*options: str) -> tuple[str, dict[str, str]]:
        ran = cli("check", "-c", config, "--online", "--output", "json", *options)
        report = json.loads(ran.out)
        assert ran.code == 0, ran.err
        [found] = [each["message"] for each in report["online"] if each["what"] == f"group {group}"]
        return found, {each["path"]: each["message"] for each in report["warnings"]}

    found, told = warnings()
    assert found == "3 partitions to share, 0 members now"
    assert "every hub" in told["retries.topic"] and "kafka.topics" not in told
    assert group not in groups(kafka.bootstrap_servers)
    _, told = warnings("--replicas", "5")
    assert "of 5 replicas only 3 would have something to do" in told["kafka.topics"]
    admin: AdminClient = admin_client(kafka.bootstrap_servers)
    with ExitStack() as stack:
        members = [
            Consumer({"bootstrap.servers": kafka.bootstrap_servers, "group.id": group, "client.id": f"member-{number}"})
            for number in range(4)
        ]
        for member in members:
            stack.callback(member.close)
            member.subscribe([topic])

        def joined() -> bool:
            for member in members:
                member.poll(0.1)
            described = admin.describe_consumer_groups([group], request_timeout=LIMIT)[group].result()
            return len(described.members) == 4

        until(joined, limit=LIMIT, what="four members")
        found, told = warnings()
    assert "4 members now: of 4 replicas only 3" in found and told["kafka.topics"] == found


def test_versions_of_a_subject(
    kafka: Broker, registry: Registry, make_topic: MakeTopic, api: Api, tmp_path: Path
) -> None:
    """An older one that cannot be read is a warning with its number; a subject by record is found too."""
    topic, other, dead = make_topic(1), make_topic(1), make_topic(1)
    with SchemaRegistryClient({"url": registry.url}) as client:
        client.register_schema(f"{topic}-value", Schema(OTHER, "AVRO"))
        client.register_schema(f"{topic}-value", Schema(READER.read_text(), "AVRO"))
        client.register_schema(f"{other}-leads.LeadEvent", Schema(READER.read_text(), "AVRO"))
    config = configuration(
        tmp_path,
        kafka={"bootstrap_servers": kafka.bootstrap_servers, "topics": [topic, other]},
        schemas={"registry": {"url": registry.url}},
        ucontact={"base_url": api.url},
        dead_letters={"topic": dead},
    )
    ran, findings, problems = online(config)
    assert (ran.code, problems) == (0, {}), ran.err
    [warning] = json.loads(ran.out)["warnings"]
    assert f"{topic}-value, version 1 (id " in warning["message"] and "does not resolve" in warning["message"]
    assert findings[f"subject {topic}-value"]["message"].startswith("1 of 2 versions")
    assert "can be read" in findings[f"subject {other}-leads.LeadEvent"]["message"]
    assert f"subject {other}-leads.LeadEvent" in findings[f"subject {other}-value"]["message"]


def test_a_broker_that_creates_topics(own_kafka: OwnKafka, api: Api, tmp_path: Path) -> None:
    """A dead-letter topic that is missing there is a warning: the first dead letter makes it."""
    cluster = own_kafka(properties={"auto.create.topics.enable": "true"})
    cluster.create_topic("leads", 1)
    config = configuration(
        tmp_path, kafka={"bootstrap_servers": cluster.bootstrap_servers}, ucontact={"base_url": api.url}
    )
    ran = cli("check", "-c", config, "--online", "--output", "json")
    report = json.loads(ran.out)
    assert ran.code == 0 and [warning["path"] for warning in report["warnings"]] == ["dead_letters.topic"]
    topics = admin_client(cluster.bootstrap_servers).list_topics(timeout=LIMIT).topics
    assert "leads.dead" not in topics, "asking must not create it"


def test_a_live_topic(kafka: Broker, registry: Registry, make_topic: MakeTopic, tmp_path: Path) -> None:
    """Avro by Confluent's serializer, JSON, a tombstone and rubbish: all shown, in order, and no trace is left."""
    topic, group = make_topic(1), f"preview-{uuid4().hex[:8]}"
    serialize = avro_producer(registry.url, topic)
    unroutable = {**lead(3), "source": {**lead(3)["source"], "platform": "fax"}}
    values = [
        serialize(lead(0)),
        as_json(lead(1)),
        None,
        b"\xff\xfe rubbish",
        serialize(unroutable),
        serialize(lead(4)),
    ]
    produce(kafka.bootstrap_servers, topic, values)
    config = configuration(
        tmp_path,
        kafka={"bootstrap_servers": kafka.bootstrap_servers, "group_id": group, "topics": [topic]},
        schemas={"registry": {"url": registry.url}},
        ucontact={"token_file": str(tmp_path / "gone")},
    )
    ran = preview(config, topic)
    assert ran.code == 0, ran.err
    assert [line.get("reason", "sent") for line in ran.lines] == [
        "sent", "sent", "tombstone", "unknown_format", "no_route", "sent",
    ]  # fmt: skip
    google, _, tombstone, rubbish, fax, _ = ran.lines
    assert ids(ran) == ["lead-0", "lead-1", "lead-4"]
    assert google["body"]["leads"] == [{"clientIds": ["+59890000000"], "data": {"name": "Ana Paz 0"}}]
    assert google["leads"][0]["position"] == f"{topic}/0/0"
    assert (tombstone["lead"], tombstone["outcome"]) == (None, "filtered")
    assert rubbish["lead"] == "\\xff\\xfe rubbish"
    assert fax["lead"]["source"]["platform"] == "fax" and fax["lead"]["occurredAt"].endswith("+00:00")
    assert "3 set aside" in ran.err
    assert group not in groups(kafka.bootstrap_servers)


def test_the_difference_for_a_live_topic(
    kafka: Broker, registry: Registry, make_topic: MakeTopic, tmp_path: Path
) -> None:
    """The leads are read once, by the first configuration; the other needs its registry and no broker."""
    topic, group = make_topic(1), f"preview-{uuid4().hex[:8]}"
    serialize = avro_producer(registry.url, topic)
    produce(kafka.bootstrap_servers, topic, [serialize(lead(0)), as_json(lead(1)), serialize(lead(4)), b"\xff"])
    schemas = {"registry": {"url": registry.url}}
    routes = [{"name": "all", "hub": "all", "contact": {"clientIds": "person.phones", "priority": "priority"}}]
    other = tmp_path / "other"
    other.mkdir()
    second = configuration(other, kafka={"topics": [topic]}, schemas=schemas, routes=[*routes])
    config = configuration(
        tmp_path,
        kafka={"bootstrap_servers": kafka.bootstrap_servers, "group_id": group, "topics": [topic]},
        schemas=schemas,
    )
    ran = preview(config, topic, "--diff", str(second))
    assert ran.code == 0, ran.err
    *changed, summary = ran.lines
    assert [(each["kind"], each["position"]) for each in changed] == [
        ("changed", f"{topic}/0/{offset}") for offset in range(3)
    ]
    assert {"field": "contact.priority", "after": 0} in changed[0]["differences"]
    assert (summary["same"], summary["changed"]) == (1, 3)
    assert group not in groups(kafka.bootstrap_servers)


def test_positions_and_limits(kafka: Broker, make_topic: MakeTopic, tmp_path: Path) -> None:
    """From an offset, from so many before the end, from a time, so many: of each partition, the oldest first."""
    topic = make_topic(2)
    produce(kafka.bootstrap_servers, topic, (as_json(lead(4 * number)) for number in range(8)), partitions=2)
    config = configuration(tmp_path, kafka={"bootstrap_servers": kafka.bootstrap_servers, "topics": [topic]})

    def numbers(*options: str) -> list[int]:
        ran = preview(config, topic, *options)
        assert ran.code == 0, ran.err
        return [int(found.removeprefix("lead-")) // 4 for found in ids(ran)]

    everything = numbers()
    assert sorted(everything) == list(range(8))
    assert [n for n in everything if n % 2] == [1, 3, 5, 7], "a partition keeps its order"
    assert numbers("--limit", "3") == everything[:3]
    assert sorted(numbers("--from", "3")) == sorted(numbers("--from", "-1")) == [6, 7]
    assert sorted(numbers("--from", "-100")) == list(range(8))
    assert numbers("--from", "100") == numbers("--from", "2100-01-01T00:00:00Z") == []
    assert numbers("--from", "2026-01-01T00:00:00Z") == everything


def test_latest_waits_for_what_comes(kafka: Broker, make_topic: MakeTopic, tmp_path: Path) -> None:
    """What was there is not shown; what comes is, and the limit ends it."""
    topic = make_topic(1)
    produce(kafka.bootstrap_servers, topic, [as_json(lead(0, "old"))])
    config = configuration(tmp_path, kafka={"bootstrap_servers": kafka.bootstrap_servers, "topics": [topic]})
    command = [sys.executable, "-m", "connector", "preview", "-c", str(config), "--topic", topic]
    options = ["--from", "latest", "--limit", "2", "--output", "json"]
    with subprocess.Popen([*command, *options], cwd=ROOT, stdout=subprocess.PIPE) as process:
        # It cannot be seen from outside when it begins to wait: leads come until it ends.
        def done() -> bool:
            produce(kafka.bootstrap_servers, topic, [as_json(lead(0, "new"))])
            return process.poll() is not None

        until(done, limit=LIMIT, what="the preview's end")
        out, _ = process.communicate()
    assert process.returncode == 0
    assert ids(Ran(0, out.decode(), "")) == ["new-0", "new-0"]


def test_what_cannot_be_read(kafka: Broker, make_topic: MakeTopic, tmp_path: Path) -> None:
    """A topic that is not there, a registry that is away, a property that librdkafka does not take."""
    topic = make_topic(1)
    produce(kafka.bootstrap_servers, topic, [as_json(lead(0)), b"\0\0\0\0\x01 framed"])
    where = {"bootstrap_servers": kafka.bootstrap_servers, "topics": [topic]}
    ran = preview(configuration(tmp_path, kafka=where), "no-such-topic")
    assert (ran.code, ran.out) == (1, "") and "there is no topic no-such-topic" in ran.err
    ran = preview(configuration(tmp_path, kafka=where), topic)
    assert ran.code == 0 and ran.lines[1]["reason"] == "unknown_schema", "without a registry no id is known"
    away = {"registry": {"url": f"http://127.0.0.1:{free_ports(1)[0]}"}}
    ran = preview(configuration(tmp_path, kafka=where, schemas=away), topic)
    assert ran.code == 1 and ids(ran) == ["lead-0"] and "the registry cannot be reached" in ran.err
    ran = preview(configuration(tmp_path, kafka={**where, "properties": {"no.such.property": "1"}}), topic)
    assert (ran.code, ran.out) == (2, "") and "no.such.property" in ran.err
