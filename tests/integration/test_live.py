"""Other routes and limits while the connector runs, on a real Kafka: nothing is lost, and nothing comes twice."""

from __future__ import annotations

import signal
from collections import Counter
from copy import deepcopy
from typing import Any

import pytest
import yaml

from testbed.waiting import until
from tests.integration.bed import LIMIT, Connector, as_json, lead, produce
from tests.integration.conftest import Bed


def change(connector: Connector, route: dict[str, Any] | None = None, **sections: Any) -> None:
    """Write another configuration in one step, as Kubernetes does."""
    config = deepcopy(connector.config)
    config["routes"] = [{**each, **(route or {})} for each in config["routes"]]
    for name, values in sections.items():
        config[name] = {**config.get(name, {}), **values} if isinstance(values, dict) else values
    other = connector.file.with_suffix(".new")
    other.write_text(yaml.safe_dump(config, sort_keys=False))
    other.replace(connector.file)


def reloaded(connector: Connector, times: int) -> None:
    """Wait until the configuration has been taken over so many times."""

    def taken() -> bool:
        return connector.metric("file_reloads_total", what="configuration") == times

    until(taken, limit=LIMIT, what=f"{times} reloads", details=connector.process.log_tail)


def refused(connector: Connector, *words: str) -> None:
    """Wait until the last refusal of the file has these words."""

    def told() -> bool:
        alarms = [each["error"] for each in connector.events() if each.get("runbook") == "changed-file"]
        return bool(alarms) and all(word in alarms[-1] for word in words)

    until(told, limit=LIMIT, what=f"a refusal with {words}", details=connector.process.log_tail)


def ask(connector: Connector) -> None:
    """SIGHUP."""
    connector.process.signal(signal.SIGHUP)


def test_another_mapping_is_taken_over_while_leads_come(bed: Bed) -> None:
    """Each lead goes once, by one mapping or the other; those produced after the change by the new one. A file that is
    wrong, or that asks for what needs a restart, changes nothing and is told of."""
    connector = bed.connector().start()
    sent = 0
    for turn, hub in enumerate(["support", "sales", "support"], 1):
        sent += produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(sent, sent + 2000)))
        change(connector, {"hub": hub}, delivery={"max_in_flight": 3 + turn, "batch": {"max_leads": 10 * turn}})
        ask(connector)
        reloaded(connector, turn)
        sent += produce(bed.bootstrap, bed.topic, (as_json(lead(n, hub)) for n in range(sent, sent + 500)))
        connector.wait_done()  # what still waits at the next change goes by that

    change(connector, {"contact": {"clientIds": "person.phone"}})
    ask(connector)
    refused(connector, "routes[0].contact.clientIds", "phones")
    change(connector, kafka={"group_id": "another"}, telemetry={"log_level": "info"})
    ask(connector)
    refused(connector, "restart the connector to change kafka.group_id, telemetry.log_level")
    assert connector.get("readyz").status_code == 200 and "group_id" in connector.get("readyz").text
    sent += produce(bed.bootstrap, bed.topic, (as_json(lead(n, "support")) for n in range(sent, sent + 500)))
    connector.wait_done()

    assert len(bed.sandbox.counts()) == sent and set(bed.sandbox.counts().values()) == {1}
    by = Counter((entry["contact"]["data"]["id"].partition("-")[0], entry["hub"]) for entry in bed.sandbox.ledger())
    assert by["support", "support"] == 1500 and by["sales", "sales"] == 500
    assert not by["support", "sales"] and not by["sales", "support"]
    assert connector.stop() == 0


@pytest.mark.parametrize("window", [False, True], ids=["plain", "duplicates"])
def test_leads_that_wait_for_a_hub_are_mapped_anew(bed: Bed, window: bool) -> None:
    """A hub is down; its leads wait, in the lane and (with a window) behind others with their key. The route is given
    another hub: all go there."""
    bed.sandbox.fault(kind="status", status=503, hub="sales")
    changes = {"duplicates": {"key": "person.email"}} if window else {}
    connector = bed.connector(changes=changes).start()
    events = [lead(n % 150) | {"eventId": f"lead-{n}"} for n in range(300)]
    produce(bed.bootstrap, bed.topic, map(as_json, events), partitions=6)
    until(lambda: connector.metric("leads_outstanding") == 300, limit=LIMIT, what="all wait")
    change(connector, {"hub": "support"})
    ask(connector)
    connector.wait_done()

    assert set(bed.sandbox.counts().values()) == {1}
    assert len(bed.sandbox.counts()) == (150 if window else 300)
    assert {entry["hub"] for entry in bed.sandbox.ledger()} == {"support"}
    assert connector.metric("leads_outcome_total", outcome="duplicate") == (150 if window else 0)
    assert connector.stop() == 0


def test_a_storm_ends_when_the_route_is_corrected(bed: Bed) -> None:
    """The API refuses what the mapping makes: leads are held. The corrected mapping is taken over, and they go."""
    [route] = bed.connector().config["routes"]
    wrong = {**route, "channel": "sms", "contact": {"clientId": "person.phones[0]", "content": "'hola'"}}
    changes = {"routes": [wrong], "delivery": {"storm_guard": {"min_leads": 5}}}
    connector = bed.connector(changes=changes).start()
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(100)))
    until(lambda: connector.metric("hubs_storming") == 1, limit=LIMIT, what="a storm")
    connector.config["routes"] = [route]
    change(connector)
    ask(connector)
    connector.wait_done()
    dead = connector.metric("leads_outcome_total", outcome="dead_letter")
    assert 0 < dead < 10 and len(bed.sandbox.counts()) == 100 - dead
    assert connector.metric("hubs_storming") == 0
    assert connector.stop() == 0


def test_a_paused_route_waits_and_the_others_go_on(bed: Bed) -> None:
    """Its leads wait while it is paused, over a restart too, and go when it is not, by the mapping of that time."""
    other = bed.new_topic("others")
    [route] = bed.connector().config["routes"]
    routes = [
        {**route, "name": "one", "topics": [bed.topic]},
        {**route, "name": "two", "topics": [other], "hub": "support"},
    ]
    connector = bed.connector(topics=[bed.topic, other], changes={"routes": routes}).start()
    connector.config["routes"][0]["paused"] = True
    change(connector)
    reloaded(connector, 1)  # noticed without being asked
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(5000)))
    produce(bed.bootstrap, other, (as_json(lead(n, "other")) for n in range(1000)))
    until(lambda: len(bed.sandbox.counts()) == 1000, limit=LIMIT, what="the others go")
    until(lambda: connector.metric("leads_paused", route="one") > 0, limit=LIMIT, what="the paused wait")
    assert {entry["hub"] for entry in bed.sandbox.ledger()} == {"support"}
    assert connector.lag(bed.topic) == 5000
    assert connector.get("readyz").json()["troubles"] == {"route one": "paused by the configuration"}
    assert "paused" in connector.get("").text and connector.get("livez").status_code == 200
    assert connector.stop() == 0

    connector.start()
    produce(bed.bootstrap, other, (as_json(lead(n, "other")) for n in range(1000, 1100)))
    until(lambda: len(bed.sandbox.counts()) == 1100, limit=LIMIT, what="the others go")
    connector.config["routes"][0] |= {"paused": False, "hub": "support"}
    change(connector)
    ask(connector)
    connector.wait_done()
    assert len(bed.sandbox.counts()) == 6100 and set(bed.sandbox.counts().values()) == {1}
    assert {entry["hub"] for entry in bed.sandbox.ledger()} == {"support"}
    assert connector.metric("leads_paused") == 0 and connector.get("readyz").json()["troubles"] == {}
    assert connector.stop() == 0
