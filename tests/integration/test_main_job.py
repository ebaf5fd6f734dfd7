"""Leads from a real Kafka into the sandbox: calm runs, faults of the API, poison, and the registry."""

from __future__ import annotations

import os

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from testbed.registry import SchemaRegistry
from testbed.waiting import until
from tests.integration.bed import LIMIT, as_json, avro_producer, lead, produce, read_all
from tests.integration.conftest import Bed
from tests.integration.wire import produce_raw


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_20000_leads_are_delivered_exactly_once(bed: Bed, registry_url: str, protocol: str) -> None:
    """A calm run over six partitions: ledger, metrics and committed offsets agree on every lead."""
    serialize = avro_producer(registry_url, bed.topic)
    produce(bed.bootstrap, bed.topic, (serialize(lead(n)) for n in range(20_000)))
    connector = bed.connector(registry=registry_url, changes={"kafka": {"group_protocol": protocol}}).start()
    connector.wait_done()
    counts = bed.sandbox.counts()
    assert counts == {f"lead-{n}": 1 for n in range(20_000)}
    assert connector.delivered() == connector.metric("leads_read_total") == 20_000
    assert connector.metric("time_to_lead_seconds_count", route="all") == 20_000
    assert connector.stop() == 0


def test_the_contact_is_what_the_route_says(bed: Bed, registry_url: str) -> None:
    """One lead, field by field, as the API got it."""
    serialize = avro_producer(registry_url, bed.topic)
    event = lead(3, phones=["+598 91 234 567", "+598 91 234 567", "+1 (425) 671-5523"])
    event["schedule"] = {"at": ("leads.WallTime", {"local": "2100-06-01T09:30:00", "timezone": "America/New_York"})}
    produce(bed.bootstrap, bed.topic, [serialize(event)])
    connector = bed.connector(registry=registry_url).start()
    connector.wait_done()
    [entry] = bed.sandbox.ledger()
    assert entry["hub"] == "sales" and entry["endpoint"] == "freshLeads"
    assert entry["contact"] == {
        "clientIds": ["+598 91 234 567", "+1 (425) 671-5523"],
        "timezone": "America/New_York",
        "scheduleDate": "2100-06-01 09:30:00",
        "priority": 3,
        "data": {"id": "lead-3", "name": "Ana Paz 3"},
    }
    assert connector.stop() == 0


def test_a_failing_api_loses_nothing_and_recovers(bed: Bed) -> None:
    """Errors 500, then throttling, then a refused token, then health: every lead once."""
    bed.sandbox.fault(kind="status", status=500)
    connector = bed.connector().start()
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(1000)))
    until(lambda: connector.metric("api_requests_total", answer="unavailable") >= 3, limit=LIMIT, what="errors 500")
    bed.sandbox.heal()
    bed.sandbox.fault(kind="throttle", status=429, retry_after=1, count=5)
    until(lambda: connector.metric("api_requests_total", answer="throttled") >= 1, limit=LIMIT, what="a 429")
    bed.sandbox.fault(kind="status", status=401)
    until(lambda: connector.metric("api_requests_total", answer="unauthorized") >= 1, limit=LIMIT, what="a 401")
    assert connector.get("readyz").status_code == 200, "an API that is away does not make it unready"
    assert connector.get("livez").status_code == 200
    bed.sandbox.heal()
    connector.wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(1000)}
    assert connector.metric("leads_outcome_total", outcome="dead_letter") == 0
    assert connector.stop() == 0


def test_poison_among_good_leads_goes_to_dead_letters_alone(bed: Bed, registry_url: str) -> None:
    """What does not decode, does not map or is refused is set aside with its reason; the rest is delivered."""
    serialize = avro_producer(registry_url, bed.topic)
    values: list[bytes | None] = [serialize(lead(n)) for n in range(500)]
    bed.sandbox.fault(kind="reject_lead", lead="lead-77", status=400)
    values.insert(100, serialize(lead(0))[:5] + b"garbage")
    values.insert(200, b"\x00\x7f\xff\xff\xff no such schema id")
    values.insert(300, serialize(lead(9000, phones=[])))
    values.insert(400, None)
    values.insert(450, b"\xfe\xed")
    produce(bed.bootstrap, bed.topic, values)
    connector = bed.connector(registry=registry_url).start()
    connector.wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(500) if n != 77}
    letters = read_all(bed.bootstrap, bed.dead, 5)
    reasons = sorted(letter["headers"]["lead-connector.reason"].decode() for letter in letters)
    assert reasons == ["missing_field", "rejected", "undecodable", "unknown_format", "unknown_schema"]
    assert {letter["value"] for letter in letters} <= {value for value in values if value}
    rejected = next(x for x in letters if x["headers"]["lead-connector.reason"] == b"rejected")
    assert rejected["value"] == values[77]
    assert rejected["headers"]["lead-connector.status"] == b"400"
    assert rejected["headers"]["lead-connector.topic"] == bed.topic.encode()
    assert int(rejected["headers"]["lead-connector.attempts"]) > 1, "it was found by bisection"
    assert connector.metric("leads_outcome_total", outcome="filtered", reason="tombstone") == 1
    assert connector.metric("leads_outcome_total", outcome="dead_letter") == 5
    read = connector.metric("leads_read_total")
    assert read == 505 == connector.metric("leads_outcome_total"), "read = delivered + dead letters + others"
    assert connector.stop() == 0


def test_a_registry_that_is_down_at_start_is_waited_for(bed: Bed) -> None:
    """Records that need it wait, and say so; none goes to dead letters for it."""
    with SchemaRegistry() as registry:
        serialize = avro_producer(registry.url, bed.topic)
        produce(bed.bootstrap, bed.topic, [serialize(lead(n)) for n in range(200)])
        registry.freeze()
        changes = {"schemas": {"registry": {"url": registry.url, "timeout": "1s"}}}
        connector = bed.connector(changes=changes).start()
        until(
            lambda: connector.events("the schema registry cannot be asked; leads wait"), limit=LIMIT, what="a warning"
        )
        assert bed.sandbox.stats()["accepted"] == 0
        registry.thaw()
        connector.wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(200)}
    assert connector.metric("leads_outcome_total", outcome="dead_letter") == 0
    assert connector.stop() == 0


def test_an_unwritable_dead_letter_topic_holds_the_record(bed: Bed) -> None:
    """A dead letter that no broker acknowledged is not an outcome: the offset waits, and goes on when it can be."""
    missing = f"{bed.dead}-missing"
    connector = bed.connector(dead_letters=missing).start()
    produce(bed.bootstrap, bed.topic, [b"garbage", *(as_json(lead(n)) for n in range(100))], partitions=1)
    text = "a letter cannot be written; its partition's progress waits"
    until(lambda: connector.events(text), limit=LIMIT, what="an error that names the topic")
    assert missing in str(connector.events(text)[0])
    until(lambda: connector.delivered() == 100, limit=LIMIT, what="the good leads")
    assert connector.committed().get((bed.topic, 0), (0, ""))[0] == 0
    bed.broker.create_topic(missing, 1)
    connector.wait_done()
    [letter] = read_all(bed.bootstrap, missing, 1)
    assert letter["value"] == b"garbage"
    assert connector.stop() == 0


def test_kafkas_own_console_producer_can_feed_it(bed: Bed) -> None:
    """JSON lines from Kafka's tool."""
    bed.broker.console_producer(bed.topic, [as_json(lead(n)).decode() for n in range(50)])
    connector = bed.connector().start()
    connector.wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(50)}
    assert connector.stop() == 0


def test_a_header_name_that_is_not_utf_8_stops_nobody(bed: Bed) -> None:
    """Kafka takes any bytes for a name and the client cannot read them: the lead goes, and what is no lead is set
    aside, without headers."""
    odd = [(b"\xff\xfe", b"x"), (b"traceparent", b"00-1")]
    produce_raw(bed.bootstrap, bed.topic, as_json(lead(1)), odd)
    produce_raw(bed.bootstrap, bed.topic, b"garbage", odd)
    produce_raw(bed.bootstrap, bed.topic, as_json(lead(2)), [(b"", b"\xff")])
    connector = bed.connector().start()
    connector.wait_done()
    assert bed.sandbox.counts() == {"lead-1": 1, "lead-2": 1}
    [letter] = read_all(bed.bootstrap, bed.dead, 1)
    assert letter["value"] == b"garbage"
    assert letter["headers"]["lead-connector.reason"] == b"unknown_format"
    assert "traceparent" not in letter["headers"]
    assert connector.stop() == 0


def test_headers_count_against_the_buffer(bed: Bed) -> None:
    """Small leads under large headers, and an API that takes none: reading stops at the buffer's bytes."""
    producer = Producer({"bootstrap.servers": bed.bootstrap})
    padding = os.urandom(200_000)
    for number in range(1000):
        producer.produce(bed.topic, as_json(lead(number)), headers=[("trace", padding)])
        producer.poll(0)
    assert producer.flush(LIMIT) == 0
    bed.sandbox.fault(kind="status", status=500)
    connector = bed.connector().start()
    until(lambda: connector.metric("kafka_pauses_total") >= 1, limit=LIMIT, what="a pause: the buffer is full")
    assert connector.metric("leads_outstanding") < 700, "16 MiB of them, and one hand-over"
    bed.sandbox.heal()
    connector.wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(1000)}
    assert connector.stop() == 0


def test_latest_skips_only_what_was_there_at_the_first_start(bed: Bed) -> None:
    """A lead that comes while the connector is away, before any other was delivered, waits for it; and so do leads
    after a committed offset that retention has overtaken."""
    produce(bed.bootstrap, bed.topic, [as_json(lead(n, "old")) for n in range(60)], partitions=6)
    connector = bed.connector(changes={"kafka": {"start": "latest"}}).start()
    until(lambda: len(connector.committed()) == 6, limit=LIMIT, what="the beginning of all six partitions, committed")
    assert connector.stop() == 0
    produce(bed.bootstrap, bed.topic, [as_json(lead(n)) for n in range(60)], partitions=6)
    connector.start()
    connector.wait_done()
    assert connector.stop() == 0
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(60)}
    produce(bed.bootstrap, bed.topic, [as_json(lead(n, "late")) for n in range(60)], partitions=6)
    admin = AdminClient({"bootstrap.servers": bed.bootstrap})
    gone = admin.delete_records([TopicPartition(bed.topic, partition, 25) for partition in range(6)])
    assert {answer.result().low_watermark for answer in gone.values()} == {25}
    connector.start()
    connector.wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(60)} | {f"late-{n}": 1 for n in range(30, 60)}
    assert connector.stop() == 0


def test_an_event_cannot_name_a_hub_that_stops_us(bed: Bed) -> None:
    """A name too long for any URL, and one that names another path, are the lead's own mistake: set aside alone."""
    events = [lead(n) for n in range(4)]
    for event, hub in zip(events, ("x" * 70_000, "..", ".", "sales"), strict=True):
        event["source"]["formId"] = hub
    produce(bed.bootstrap, bed.topic, [as_json(event) for event in events])
    connector = bed.connector()
    connector = bed.connector(changes={"routes": [{**connector.config["routes"][0], "hub": "{{ source.formId }}"}]})
    connector.start().wait_done()
    assert bed.sandbox.counts() == {"lead-3": 1}
    letters = read_all(bed.bootstrap, bed.dead, 3)
    assert {letter["headers"]["lead-connector.reason"] for letter in letters} == {b"invalid_field"}
    assert connector.stop() == 0
