"""Leads that two routes take, while the hub of one of them is down."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from testbed.waiting import until
from tests.integration.bed import LIMIT, Connector, as_json, count, lead, produce, read_all
from tests.integration.conftest import Bed

LEADS = 600
PARTITIONS = 6


def route(hub: str, **more: Any) -> dict[str, Any]:
    """A route to a hub; the sandbox counts what each gets under a name of its own."""
    contact = {"clientIds": "person.phones", "data": {"id": f"{{{{ eventId }}}} {hub}"}}
    return {"name": hub, "hub": hub, "contact": contact, **more}


def both(when: str = "true") -> list[dict[str, Any]]:
    """Leads for which ``when`` holds go to both hubs, all others to sales."""
    return [route("support", when=when, **{"continue": True}), route("sales")]


def in_parts(number: int) -> bool:
    """Whether a lead is one of Google's."""
    return number % 4 == 0


def expected(everyone: bool = False) -> Counter[str]:
    """Each part once."""
    sales = {f"lead-{n} sales": 1 for n in range(LEADS)}
    return Counter(sales | {f"lead-{n} support": 1 for n in range(LEADS) if everyone or in_parts(n)})


def write_leads(bed: Bed) -> None:
    """All of them, one after another to each partition."""
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(LEADS)), partitions=PARTITIONS)


def offsets(connector: Connector, topic: str) -> list[int]:
    """Committed offsets of a topic's partitions, in order."""
    found = connector.committed()
    return [found[topic, partition][0] for partition in range(PARTITIONS) if (topic, partition) in found]


def wait_sales(bed: Bed) -> None:
    """Until sales has every lead."""
    sales = {f"lead-{n} sales" for n in range(LEADS)}
    until(lambda: sales <= bed.sandbox.counts().keys(), limit=LIMIT, what="the part of every lead that can go")


def test_an_offset_is_committed_when_all_parts_of_its_lead_are_done(bed: Bed) -> None:
    """One hub is down: partitions are committed up to their first lead that it lacks, and not beyond. When it is back
    each part is with the API exactly once."""
    bed.sandbox.fault(kind="status", status=500, hub="support")
    write_leads(bed)
    connector = bed.connector(changes={"routes": both("source.platform == 'google'")}).start()
    wait_sales(bed)
    # The producer counts from 1: lead n is on partition (n + 1) % 6.
    of = [[n for n in range(LEADS) if (n + 1) % PARTITIONS == partition] for partition in range(PARTITIONS)]
    firsts = [next((at for at, n in enumerate(numbers) if in_parts(n)), len(numbers)) for numbers in of]
    assert 0 in firsts and LEADS // PARTITIONS in firsts
    until(lambda: offsets(connector, bed.topic) == firsts, limit=LIMIT, what="commits up to the first that waits")
    commits = connector.metric("kafka_commits_total")
    until(lambda: connector.metric("kafka_commits_total") > commits, limit=LIMIT, what="one more commit")
    assert offsets(connector, bed.topic) == firsts
    assert connector.metric("leads_outstanding") == LEADS // 4
    bed.sandbox.heal()
    connector.wait_done()
    assert bed.sandbox.counts() == expected()
    assert connector.delivered() == LEADS + LEADS // 4
    assert connector.stop() == 0


def test_a_parked_part_comes_back_alone(bed: Bed) -> None:
    """park_after: the topic itself is done while the hub is down; the part returns, and not the other with it."""
    retries = bed.new_topic("retries", partitions=2)
    bed.sandbox.fault(kind="status", status=500, hub="support")
    changes = {
        "routes": both(),
        "delivery": {"park_after": "1s", "retry": {"initial": "50ms", "max": "500ms"}, "drain_timeout": "60s"},
        "retries": {"topic": retries, "pause": "1s"},
    }
    write_leads(bed)
    connector = bed.connector(changes=changes).start()
    wait_sales(bed)
    until(lambda: connector.lag(bed.topic) == 0, limit=LIMIT, what="nothing left on the topic itself")
    bed.sandbox.heal()
    connector.wait_done()
    assert bed.sandbox.counts() == expected(everyone=True)
    parked = read_all(bed.bootstrap, retries, count(bed.bootstrap, retries))
    assert {letter["headers"]["lead-connector.part"] for letter in parked} == {b"support"}
    assert connector.stop() == 0


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_after_a_restart_what_was_delivered_of_a_lead_is_not_sent_again(bed: Bed, how: str) -> None:
    """duplicates and receipts: the offsets say nothing of parts, the receipts do."""
    receipts = bed.new_topic("receipts", partitions=PARTITIONS)
    bed.sandbox.fault(kind="status", status=500, hub="support")
    changes = {"routes": both(), "receipts": {"topic": receipts}, "duplicates": {"key": "eventId"}}
    write_leads(bed)
    connector = bed.connector(changes=changes).start()
    wait_sales(bed)
    until(lambda: count(bed.bootstrap, receipts) == LEADS, limit=LIMIT, what="a receipt of every part delivered")
    if how == "kill":
        connector.kill()
    else:
        assert connector.stop() == 0
    bed.sandbox.heal()
    connector.start()
    connector.wait_done()
    assert bed.sandbox.counts() == expected(everyone=True)
    assert connector.metric("leads_outcome_total", outcome="duplicate") == LEADS
    assert connector.stop() == 0


def test_without_receipts_what_is_sent_again_is_counted(bed: Bed) -> None:
    """The restart sends whole leads: nothing is lost, and what may have come twice is in the metrics."""
    bed.sandbox.fault(kind="status", status=500, hub="support")
    write_leads(bed)
    connector = bed.connector(changes={"routes": both()}).start()
    wait_sales(bed)
    assert connector.stop() == 0
    bed.sandbox.heal()
    connector.start()
    connector.wait_done()
    counts = bed.sandbox.counts()
    assert counts.keys() == expected(everyone=True).keys()
    again = sum(times - 1 for times in counts.values())
    assert 0 < again <= connector.metric("leads_sent_again_total", cause="takeover")
    assert connector.stop() == 0
