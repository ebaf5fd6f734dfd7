"""Filters and a split on a real Kafka: what is not to be called is not, also when the list changes under way."""

from __future__ import annotations

import json
from collections import Counter

from connector.leads.spec import Endpoint
from connector.leads.split import Split
from testbed.waiting import until
from tests.integration.bed import LIMIT, as_json, lead, produce, read_all
from tests.integration.conftest import Bed

WEIGHTS = {"sales": 70, "support": 30}


def test_leads_are_filtered_and_split_and_a_list_that_changes_counts(bed: Bed) -> None:
    """Every lead has a receipt, and those that a filter took say which; the hub is that of the split, also when a lead
    comes again; nothing is dead-lettered."""
    receipts = bed.new_topic("receipts", partitions=6)
    listed = bed.folder / "list"
    listed.write_text("# asked\nana1@example.com\n")
    [route] = bed.connector().config["routes"]
    changes = {
        "receipts": {"topic": receipts},
        "filters": [
            {"name": "test-leads", "when": "source.isTest"},
            {"name": "asked", "listed": {"value": "[person.email, person.phones]", "file": str(listed)}},
        ],
        "routes": [{**route, "hub": WEIGHTS, "when": "source.platform != 'web'"}],
        "unmatched": "filter",
    }
    connector = bed.connector(changes=changes).start()
    events = [lead(n) for n in range(100)]
    events[0]["source"]["isTest"] = True
    for _ in range(2):
        produce(bed.bootstrap, bed.topic, map(as_json, events), partitions=6)
        connector.wait_done()

    other = listed.with_name("new")
    other.write_text("ana1@example.com\n+598 9 000-0002\n")
    other.replace(listed)
    until(lambda: connector.metric("file_reloads_total") == 1, limit=LIMIT, what="the new list in use")
    produce(bed.bootstrap, bed.topic, map(as_json, events), partitions=6)
    connector.wait_done()

    taken = {"excluded": ["lead-0"] * 3, "suppressed": ["lead-1"] * 3 + ["lead-2"]}
    taken["no_route"] = [f"lead-{n}" for n in range(3, 100, 4)] * 3
    split = Split("all", WEIGHTS, Endpoint.FRESH_LEADS)
    sent = [f"lead-{n}" for n in range(2, 100) if n % 4 != 3]
    expected = Counter({(lead_id, split.pick(lead_id).hub): 2 if lead_id == "lead-2" else 3 for lead_id in sent})
    assert Counter((entry["contact"]["data"]["id"], entry["hub"]) for entry in bed.sandbox.ledger()) == expected
    found = [json.loads(each["value"]) for each in read_all(bed.bootstrap, receipts, 300)]
    for reason, ids in taken.items():
        mine = [each for each in found if each.get("reason") == reason]
        assert sorted(each["lead"] for each in mine) == sorted(ids)
        names = {"excluded": {"test-leads"}, "suppressed": {"asked"}}.get(reason, {None})
        assert {each.get("filter") for each in mine} == names and {each["outcome"] for each in mine} == {"filtered"}
        assert connector.metric("leads_outcome_total", outcome="filtered", reason=reason) == len(ids)
    assert connector.metric("leads_outcome_total", outcome="dead_letter") == 0
    assert "example.com" not in connector.process.log_text()
    assert connector.stop() == 0
