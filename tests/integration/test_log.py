"""What a running connector writes to its log."""

from __future__ import annotations

from testbed.waiting import until
from tests.integration.bed import LIMIT, as_json, lead, produce
from tests.integration.conftest import Bed

PERSON = ("Ana", "Paz", "@example.com", "59890", "+598")
"""Of every lead here."""


def test_at_the_most_talkative_nobody_is_named(bed: Bed) -> None:
    """One line for each batch and each lead set aside, whatever is wrong with leads and API: an undecodable record, a
    phone that is none, an expression that fails on a name, answers that quote the lead."""
    quoted = "no Ana Paz, ana1@example.com, +59890000001"
    connector = bed.connector(
        changes={
            "routes": [
                {
                    "name": "failing",
                    "when": "eventId == 'fails-0'",
                    "hub": "sales",
                    "contact": {"clientIds": "person.phones", "data": {"n": "person.firstName | int // 0"}},
                },
                {"name": "all", "hub": "sales", "contact": {"clientIds": "person.phones"}},
            ]
        }
    ).start()
    for status in (500, 401, 429, 404, 400):
        bed.sandbox.fault(kind="status", status=status, body={"error": quoted}, count=1)
    bad = [
        b'{"Ana": "Paz" +59890000001',
        as_json(lead(1, "bad", phones=["Ana Paz ana1@example.com"])),
        as_json(lead(0, "fails")),
    ]
    produce(bed.bootstrap, bed.topic, bad)
    until(lambda: connector.metric("leads_outcome_total", outcome="dead_letter") == 3, limit=LIMIT, what="three")
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(30)))
    until(lambda: connector.metric("leads_outcome_total") == 33, limit=LIMIT, what="33 outcomes")
    answered = connector.metric("api_requests_total")
    # Whether the one 400 meets a batch, which is halved, or a lead that is alone is the moment's doing.
    dead = connector.metric("leads_outcome_total", outcome="dead_letter")
    assert connector.stop() == 0
    text = connector.process.log_text()
    assert not [word for word in PERSON if word in text]
    lines = connector.events()
    assert len(lines) == len(text.splitlines()), "each is a JSON object"
    assert len(connector.events("request answered")) == answered
    assert len(connector.events("set aside")) == connector_set_aside(lines) == dead
    loud = [line for line in lines if line["level"] in ("warning", "error", "critical")]
    assert {line["runbook"] for line in loud} >= {"api-unavailable", "token-refused", "throttled", "dead-letter"}
    assert all(line["do"] and line["logger"] == "connector" for line in loud)


def connector_set_aside(lines: list[dict[str, object]]) -> int:
    """Leads that the loud lines stand for: those written, and those that they say were kept back."""
    told = [line for line in lines if line.get("runbook") == "dead-letter"]
    return len(told) + sum(int(str(line["like_it_since"])) for line in told)
