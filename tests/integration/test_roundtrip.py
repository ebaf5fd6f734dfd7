"""`roundtrip` on a real Kafka with a connector that runs: what `helm test` does."""

from __future__ import annotations

import json

import pytest

from tests.integration.bed import Connector
from tests.integration.conftest import Bed
from tests.unit.cli.support import Ran, cli

LEAD = {
    "eventId": "$ID",
    "occurredAt": "$NOW",
    "source": {"platform": "helm-test", "isTest": True},
    "person": {"firstName": "Helm", "lastName": "Test", "phones": ["+59899123456"]},
}


@pytest.fixture
def connector(bed: Bed) -> Connector:
    """One with receipts, which runs."""
    changes = {"receipts": {"topic": bed.new_topic("receipts", partitions=6)}}
    return bed.connector(changes=changes).start()


def roundtrip(bed: Bed, connector: Connector, *options: str) -> Ran:
    lead = bed.folder / "lead.json"
    lead.write_text(json.dumps(LEAD))
    return cli("roundtrip", "-c", connector.file, "--input", lead, *options)


def test_a_lead_comes_back_as_delivered_each_time(bed: Bed, connector: Connector) -> None:
    """And the sandbox has exactly these leads, each with an id of its own."""
    for number in range(1, 4):
        ran = roundtrip(bed, connector)
        assert ran.code == 0, ran.err
        assert f"{bed.topic}/" in ran.out and ": delivered, hub sales, route all, after " in ran.out
        ids = [entry["contact"]["data"]["id"] for entry in bed.sandbox.ledger()]
        assert len(set(ids)) == len(ids) == number
    assert connector.stop() == 0


def test_an_outcome_that_is_not_expected_fails(bed: Bed, connector: Connector) -> None:
    """The receipt is told all the same."""
    ran = roundtrip(bed, connector, "--expect", "filtered")
    assert ran.code == 1
    assert "delivered" in ran.out and "expected: filtered" in ran.err


def test_without_a_connector_there_is_no_receipt(bed: Bed, connector: Connector) -> None:
    """It says where to look, and ends in time."""
    assert connector.stop() == 0
    ran = roundtrip(bed, connector, "--timeout", "2s")
    assert ran.code == 1
    assert "within 2 s: does a connector with this configuration run" in ran.err


def test_a_topic_that_is_not_there_is_named(bed: Bed) -> None:
    """Which of the two it is."""
    connector = bed.connector(changes={"receipts": {"topic": "no-such-receipts"}})
    ran = roundtrip(bed, connector)
    assert ran.code == 1
    assert "there is no topic no-such-receipts at" in ran.err
