"""`roundtrip` before it reaches Kafka: the lead that it writes, and what it refuses. On Kafka: tests/integration."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from connector.cli.roundtrip import filled, told
from connector.delivery.position import Position
from connector.kafka.receipts import Receipt
from connector.leads.outcome import Outcome
from tests.unit.cli.support import LEAD, cli, configuration

NOW = datetime(2026, 3, 8, 9, 30, tzinfo=timezone(timedelta(hours=-3)))
AT = Position("leads", 3, 17)


def test_a_lead_gets_a_new_id_and_the_time() -> None:
    """Wherever they stand, and nothing else is touched."""
    lead = {"eventId": "$ID", "at": "$NOW", "list": ["$ID", {"deep": "$NOW"}], "text": "$ID and $NOW", "n": 1}
    assert json.loads(filled(json.dumps(lead).encode(), NOW, "one")) == {
        "eventId": "one",
        "at": "2026-03-08T12:30:00.000Z",
        "list": ["one", {"deep": "2026-03-08T12:30:00.000Z"}],
        "text": "$ID and $NOW",
        "n": 1,
    }


@pytest.mark.parametrize(
    ("receipt", "text"),
    [
        (Receipt("a", Outcome.DELIVERED, AT, 0, hub="sales", route="all"), "delivered, hub sales, route all"),
        (Receipt("a", Outcome.FILTERED, AT, 0, "excluded", filter="test-leads"), "filtered, excluded by test-leads"),
        (Receipt("a", Outcome.DEAD_LETTER, AT, 0, "no_route"), "dead_letter, no_route"),
    ],
    ids=lambda value: value.outcome.value if isinstance(value, Receipt) else "",
)
def test_a_receipt_is_told_in_a_line(receipt: Receipt, text: str) -> None:
    """With where the lead stands."""
    assert told(receipt) == f"leads/3/17: {text}"


@pytest.mark.parametrize(
    ("changes", "options", "told"),
    [
        ({}, [], "has no receipts.topic"),
        ({"receipts": {"topic": "r"}, "schemas": {"formats": {"leads": "single_object"}}}, [], "does not take JSON"),
        ({"receipts": {"topic": "r"}}, ["--topic", "other"], "other is none of kafka.topics"),
        ({"receipts": {"topic": "r"}, "kafka": {"topics": ["^leads-.*"]}}, [], "has only patterns"),
        ({"receipts": {"topic": "r"}}, ["--timeout", "60"], "'60' is not a duration"),
        ({"receipts": {"topic": "r"}}, ["--expect", "lost"], "'lost' is not one of"),
    ],
)
def test_what_cannot_come_back_is_refused(
    tmp_path: Path, changes: dict[str, object], options: list[str], told: str
) -> None:
    """Before anything is written, with exit code 2."""
    lead = tmp_path / "lead.json"
    lead.write_text(json.dumps(LEAD))
    ran = cli("roundtrip", "-c", configuration(tmp_path, **changes), "--input", lead, *options)
    assert (ran.code, ran.out) == (2, "")
    assert told in " ".join(ran.err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("content", "told"), [("[]", "one JSON object is expected"), ("{", "lead.json:"), (None, "no such")]
)
def test_a_lead_that_cannot_be_read_is_refused(tmp_path: Path, content: str | None, told: str) -> None:
    """With the file's name."""
    lead = tmp_path / "lead.json"
    if content is not None:
        lead.write_text(content)
    ran = cli("roundtrip", "-c", configuration(tmp_path), "--input", lead)
    assert ran.code == 2
    assert told in " ".join(ran.err.replace("│", " ").split())
