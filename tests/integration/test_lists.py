"""Leads that are collected into lists: by number, by time, and what a stop or a crash does to one that is half full."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from testbed.waiting import until
from tests.integration.bed import LIMIT, as_json, lead, produce
from tests.integration.conftest import Bed

CONTACT = {
    "clientIds": "person.phones",
    "timezone": ["person.timezone", "America/Montevideo"],
    "data": {"id": "eventId"},
}


def routes(**rule: Any) -> list[dict[str, Any]]:
    """Every fourth lead goes into a list, the others are to be called now."""
    named = {"name": "{{ source.platform }} {{ occurredAt.strftime('%Y') }}", **rule}
    return [
        {
            "name": "lists",
            "when": "source.platform == 'google'",
            "hub": "sales",
            "endpoint": "lists",
            "list": named,
            "contact": CONTACT,
        },
        {"name": "fresh", "hub": "sales", "contact": CONTACT},
    ]


def uploads(bed: Bed) -> list[tuple[str, int]]:
    """Name and number of contacts of each list, in order."""
    found: Counter[tuple[str, str]] = Counter()
    for line in bed.sandbox.ledger():
        if line["endpoint"] == "lists":
            found[line["request"], line["filename"]] += 1
    return [(filename, contacts) for (_, filename), contacts in found.items()]


def wait_accepted(bed: Bed, count: int) -> None:
    """Until the API has so many."""
    until(lambda: bed.sandbox.stats()["accepted"] >= count, limit=LIMIT, what=f"{count} leads with the API")


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_list_goes_when_it_is_full_and_a_half_full_one_is_collected_again(bed: Bed, how: str) -> None:
    """Leads to be called now do not wait for it. What was collected is not sent at a stop, and read again afterwards:
    no fragment of a list, no lead twice, none lost."""
    changes = {"routes": routes(max_leads=100, max_wait="1h")}
    connector = bed.connector(changes=changes).start()
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(1000)), partitions=6)
    wait_accepted(bed, 750 + 200)
    until(lambda: connector.metric("leads_outstanding") == 50, limit=LIMIT, what="half a list")
    if how == "kill":
        connector.kill()
    else:
        assert connector.stop() == 0
    [name] = {filename for filename, _ in uploads(bed)}
    assert name.startswith("google 20") and uploads(bed) == [(name, 100), (name, 100)]
    connector.start()
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(1000, 1200)), partitions=6)
    connector.wait_done()
    assert uploads(bed) == [(name, 100)] * 3
    assert bed.sandbox.counts() == Counter({f"lead-{n}": 1 for n in range(1200)})
    assert connector.stop() == 0


def test_a_list_goes_when_its_first_lead_has_waited_for_long_enough(bed: Bed) -> None:
    """However few there are."""
    connector = bed.connector(changes={"routes": routes(max_leads=1000, max_wait="1s")}).start()
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(40)), partitions=6)
    connector.wait_done()
    assert sum(contacts for _, contacts in uploads(bed)) == 10
    assert bed.sandbox.counts() == Counter({f"lead-{n}": 1 for n in range(40)})
    assert connector.stop() == 0


def test_a_list_that_no_partition_has_room_for_goes_before_it_is_full(bed: Bed) -> None:
    """One that would need more than the buffer has for it must not stop the leads behind it."""
    changes = {
        "routes": routes(max_leads=300, max_wait="1h"),
        "delivery": {"buffer": {"max_leads": 600}, "batch": {"max_leads": 50}},
    }
    connector = bed.connector(changes=changes).start()
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(2000)), partitions=1)
    wait_accepted(bed, 1500)
    until(lambda: connector.lag() < 100, limit=LIMIT, what="fewer collected than a partition may hold")
    sizes = [contacts for _, contacts in uploads(bed)]
    assert min(sizes) <= 50, "half of one of six shares of the buffer; those that close meanwhile may go together"
    assert connector.stop() == 0
