"""`trace` and `reconcile` on a real Kafka: where each lead is, at each point of its way, and that it adds up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from testbed.waiting import until
from tests.integration.bed import LIMIT, Connector, as_json, avro_producer, lead, produce
from tests.integration.conftest import Bed
from tests.unit.cli.support import Ran, cli

LEADS = 40
CONTACT = {"clientIds": "person.phones", "data": {"id": "eventId"}}
ROUTES = [
    {"name": "google", "when": "source.platform == 'google'", "hub": "sales", "contact": CONTACT},
    {"name": "meta", "when": "source.platform == 'meta'", "hub": "support", "contact": CONTACT},
]


def told(connector: Connector, number: int) -> list[str]:
    """What the verdict on a lead consists of."""
    ran = cli("trace", "-c", connector.file, f"lead-{number}", "--output", "json")
    assert ran.code == 0, ran.err
    return [each["what"] for each in ran.lines[-1]["verdict"]]


def reconciled(connector: Connector, start: datetime, *options: str) -> Ran:
    """What ``reconcile`` says of everything since."""
    return cli("reconcile", "-c", connector.file, "--from", start.isoformat(), *options)


@pytest.fixture
def changes(bed: Bed) -> dict[str, Any]:
    """Receipts and a retry topic."""
    return {
        "routes": ROUTES,
        "receipts": {"topic": bed.new_topic("receipts")},
        "retries": {"topic": bed.new_topic("retries", partitions=2), "pause": "1s"},
        "delivery": {"park_after": "1s"},
    }


def test_a_lead_is_found_wherever_it_is(bed: Bed, changes: dict[str, Any]) -> None:
    """Unread, delivered, on the retry topic, a dead letter; then all of it is repaired and adds up."""
    start = datetime.now(UTC).replace(microsecond=0)
    connector = bed.connector(changes=changes)
    bed.sandbox.fault(kind="status", status=500, hub="support")
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(LEADS)), partitions=6)
    assert [told(connector, n) for n in (0, 39)] == [["unread"], ["unread"]]
    waiting = reconciled(connector, start)
    assert waiting.code == 1 and "waiting: lead lead-" in waiting.out and "does not add up" in waiting.out
    connector.start()
    until(lambda: connector.lag(bed.topic) == 0, limit=LIMIT, what="nothing left on the topic itself")
    assert [told(connector, n) for n in (0, 1, 2)] == [["delivered"], ["retry"], ["open"]]
    bed.sandbox.heal()
    connector.wait_done()
    assert told(connector, 1) == ["delivered"]
    ran = cli("trace", "-c", connector.file, "lead-1")
    assert ran.code == 0 and "parked for hub support, route meta: hub_down" in ran.out
    assert ran.out.splitlines()[-1].startswith("delivered at 20") and "to hub support, route meta" in ran.out
    nothing = cli("trace", "-c", connector.file, "nobody")
    assert nothing.code == 0 and nothing.out.endswith("nothing is known of it\n")
    done = reconciled(connector, start, "--output", "json")
    assert done.code == 0, done.out + done.err
    *rows, summary = done.lines
    assert summary["events"] == LEADS and summary["delivered"] == summary["dead_letter"] == LEADS / 2
    assert {row["route"] for row in rows} == {"google", "meta", "-"}
    assert connector.stop() == 0


def test_a_replayed_lead_is_told_as_what_it_is(bed: Bed, changes: dict[str, Any]) -> None:
    """Replayed, and then delivered; the record that was set aside has another outcome in the end."""
    start = datetime.now(UTC).replace(microsecond=0)
    connector = bed.connector(changes=changes)
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(LEADS)), partitions=6)
    connector.start().wait_done()
    assert connector.stop() == 0
    mended = [*ROUTES, {"name": "rest", "hub": "sales", "contact": CONTACT}]
    connector = bed.connector(changes={**changes, "routes": mended}, group=connector.group)
    assert cli("dlq", "replay", "-c", connector.file, "--yes").code == 0
    assert told(connector, 2) == ["retry"]
    connector.start().wait_done()
    assert told(connector, 2) == ["delivered"]
    done = reconciled(connector, start)
    assert done.code == 0 and "it adds up" in done.out, done.out
    assert connector.stop() == 0


def test_without_receipts_it_is_said_what_cannot_be_known(bed: Bed, registry_url: str) -> None:
    """Avro with a registry: the id is found in it; that it was read is known by the committed offset."""
    serialize = avro_producer(registry_url, bed.topic)
    produce(bed.bootstrap, bed.topic, (serialize(lead(n)) for n in range(10)), partitions=6)
    connector = bed.connector(registry=registry_url)
    assert told(connector, 3) == ["unread"]
    connector.start().wait_done()
    assert told(connector, 3) == ["read"]
    ran = reconciled(connector, datetime.now(UTC))
    assert ran.code == 2 and "no receipts.topic" in ran.err.replace("\n", " ")
    assert connector.stop() == 0
