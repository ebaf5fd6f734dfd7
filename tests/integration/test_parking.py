"""Leads that wait elsewhere: for review when nobody knows whether they arrived, for a hub that takes nothing."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from testbed.waiting import until
from tests.integration.bed import LIMIT, as_json, count, lead, produce, read_all
from tests.integration.conftest import Bed

ROUTES = [
    {
        "name": name,
        "when": when,
        "hub": name,
        "contact": {"clientIds": "person.phones", "data": {"id": "eventId"}},
    }
    for name, when in (("sales", "source.platform == 'google'"), ("support", "true"))
]


def ids(letters: list[dict[str, Any]]) -> list[str]:
    """The leads that letters name."""
    return [letter["headers"]["lead-connector.lead"].decode() for letter in letters]


def wait_accepted(bed: Bed, count: int) -> None:
    """Until the API has so many."""
    until(lambda: bed.sandbox.stats()["accepted"] > count, limit=LIMIT, what=f"{count} leads with the API")


def test_after_a_crash_what_was_in_doubt_is_parked_and_nothing_is_sent_twice(bed: Bed) -> None:
    """crash_safety: park. Killed under load, several times: no lead arrives twice, none is lost, and what is parked is
    no more than what was under way."""
    review = bed.new_topic("review", partitions=1)
    changes = {
        "delivery": {"crash_safety": "park", "drain_timeout": "60s"},
        "review": {"topic": review},
    }
    bed.sandbox.fault(kind="latency", distribution="fixed", ms=20)
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(6000)), partitions=6)
    connector = bed.connector(changes=changes)
    for part in (1, 2):
        connector.start(ready=False)
        wait_accepted(bed, 1000 * part)
        connector.kill()
    connector.start()
    connector.wait_done()
    counts = bed.sandbox.counts()
    assert max(counts.values()) == 1
    missing = {f"lead-{n}" for n in range(6000)} - counts.keys()
    letters = read_all(bed.bootstrap, review, count(bed.bootstrap, review))
    assert missing <= set(ids(letters))
    assert len(letters) <= 2 * 8 * 50
    assert {letter["headers"]["lead-connector.reason"] for letter in letters} <= {b"in_doubt"}
    assert connector.stop() == 0


def test_an_unanswered_request_is_parked_where_that_is_asked_for(bed: Bed) -> None:
    """on_ambiguous: park. The API stores and drops the connection: every lead is once with the API, and those of the
    unanswered requests are on the review topic too, with what was sent."""
    review = bed.new_topic("review", partitions=1)
    bed.sandbox.fault(kind="accept_then_drop", count=3)
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(600)), partitions=6)
    connector = bed.connector(changes={"delivery": {"on_ambiguous": "park"}, "review": {"topic": review}}).start()
    connector.wait_done()
    assert bed.sandbox.counts() == Counter({f"lead-{n}": 1 for n in range(600)})
    parked = int(connector.metric("leads_outcome_total", outcome="parked"))
    letters = read_all(bed.bootstrap, review, parked)
    assert parked > 0 and len(set(ids(letters))) == parked
    assert all(b'"clientIds"' in letter["headers"]["lead-connector.contact"] for letter in letters)
    assert connector.delivered() == 600 - parked
    assert connector.stop() == 0


def test_a_hub_that_is_down_does_not_stop_the_other(bed: Bed) -> None:
    """Leads for both on every partition, more of the one that is down than fit into memory are parked, and come back
    by themselves, oldest first, once each."""
    retries = bed.new_topic("retries", partitions=2)
    bed.sandbox.fault(kind="status", status=500, hub="sales")
    changes = {
        "routes": ROUTES,
        "delivery": {"park_after": "1s", "retry": {"initial": "50ms", "max": "500ms"}, "drain_timeout": "60s"},
        "retries": {"topic": retries, "pause": "1s"},
    }
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(12_000)), partitions=6)
    connector = bed.connector(changes=changes).start()
    support = {f"lead-{n}" for n in range(12_000) if n % 4}
    until(lambda: bed.sandbox.counts().keys() == support, limit=LIMIT, what="the leads of the hub that works")
    until(lambda: connector.lag(bed.topic) == 0, limit=LIMIT, what="nothing left on the topic itself")
    bed.sandbox.heal()
    connector.wait_done()
    assert bed.sandbox.counts() == Counter({f"lead-{n}": 1 for n in range(12_000)})
    assert connector.stop() == 0


def test_a_lead_that_comes_twice_is_called_once_also_after_a_restart(bed: Bed) -> None:
    """duplicates: the same events again, within a run and after a restart, end as duplicates with receipts that name
    the first."""
    receipts = bed.new_topic("receipts", partitions=6)
    changes = {"receipts": {"topic": receipts}, "duplicates": {"key": "eventId"}}
    connector = bed.connector(changes=changes).start()
    for _ in range(2):
        produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(300)), partitions=6)
    connector.wait_done()
    assert connector.metric("leads_outcome_total", outcome="duplicate") == 300
    assert connector.stop() == 0
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(600)), partitions=6)
    connector.start()
    connector.wait_done()
    assert connector.metric("leads_outcome_total", outcome="duplicate") == 300
    assert bed.sandbox.counts() == Counter({f"lead-{n}": 1 for n in range(600)})
    found = [json.loads(each["value"]) for each in read_all(bed.bootstrap, receipts, 1200)]
    assert Counter(each["outcome"] for each in found) == {"delivered": 600, "duplicate": 600}
    assert all(each["delivered"]["position"] for each in found if each["outcome"] == "duplicate")
    assert connector.stop() == 0
