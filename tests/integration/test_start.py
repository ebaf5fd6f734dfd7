"""What a user's or an environment's mistake looks like at the start, and how it ends."""

from __future__ import annotations

import signal
import socket
from importlib.metadata import version

from testbed.waiting import until
from tests.integration.bed import LIMIT, as_json, lead, produce
from tests.integration.conftest import Bed


def test_an_unreachable_broker_is_named_and_waited_for(bed: Bed) -> None:
    """It says where it tries, is alive and not ready, and ends cleanly when asked."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        nobody = f"127.0.0.1:{held.getsockname()[1]}"
    connector = bed.connector(bootstrap=nobody).start(ready=False)
    until(lambda: connector.events("Kafka: trying on"), limit=LIMIT, what="a warning")
    assert nobody in connector.events("Kafka: trying on")[0]["error"]
    assert connector.get("livez").status_code == 200
    assert connector.get("readyz").status_code == 503
    assert connector.stop() == 0


def test_the_log_and_the_metrics_name_the_time_zone_data(bed: Bed) -> None:
    """The version of the tzdata package, so that two pods can be compared."""
    connector = bed.connector().start()
    assert connector.events("started")[-1]["tzdata"] == version("tzdata")
    assert connector.metric("build_info", tzdata=version("tzdata")) == 1
    assert connector.stop() == 0


def test_a_wrong_token_holds_the_leads_until_the_file_is_right(bed: Bed) -> None:
    """Nothing is dead-lettered; the warning says what to do; a new token in the file is enough."""
    token = bed.folder / "token"
    token.write_text("wrong")
    bed.require_token("right")
    connector = bed.connector().start()
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(100)))
    until(lambda: connector.metric("api_requests_total", answer="unauthorized") > 1, limit=LIMIT, what="refusals")
    assert any("token_file" in event.get("do", "") for event in connector.events())
    token.write_text("right")
    connector.wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(100)}
    assert connector.metric("leads_outcome_total", outcome="dead_letter") == 0
    assert "right" not in connector.process.log_text() and "wrong" not in connector.process.log_text()
    assert connector.stop() == 0


def test_an_unknown_hub_holds_and_says_so(bed: Bed) -> None:
    """The configuration's mistake costs no lead."""
    changes = {"routes": [{"name": "all", "hub": "no such hub", "contact": {"clientIds": "person.phones"}}]}
    connector = bed.connector(changes=changes).start()
    produce(bed.bootstrap, bed.topic, [as_json(lead(1))])
    until(lambda: connector.metric("api_requests_total", answer="unknown_hub") > 0, limit=LIMIT, what="a 404")
    [event] = [
        event for event in connector.events() if event.get("answer") == "unknown_hub" and "hub" in event["event"]
    ]
    assert event["hub"] == "no such hub"
    assert "no such hub" in str(connector.get("readyz").json()["troubles"])
    assert connector.lag() == 1
    assert connector.stop() == 0


def test_a_taken_port_is_a_clear_error(bed: Bed) -> None:
    """Exit code 2 and one line with the place, no trace."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        changes = {"telemetry": {"listen": f"127.0.0.1:{taken.getsockname()[1]}"}}
        connector = bed.connector(changes=changes)
        connector.process.start()
        assert connector.process.wait(limit=LIMIT) == 2
    text = connector.process.log_text()
    assert "telemetry.listen" in text and "in use" in text and "Traceback" not in text


def test_a_second_signal_ends_at_once(bed: Bed) -> None:
    """The drain waits for an API that hangs; who is in a hurry asks twice. Exit code 1: it was not clean."""
    bed.sandbox.fault(kind="hang")
    connector = bed.connector().start()
    produce(bed.bootstrap, bed.topic, [as_json(lead(1))])
    until(lambda: connector.metric("api_requests_in_flight") == 1, limit=LIMIT, what="a request in flight")
    connector.process.signal(signal.SIGTERM)
    until(lambda: connector.events("draining"), limit=LIMIT, what="the drain")
    assert connector.get("readyz").status_code == 503, "draining is not ready"
    connector.process.signal(signal.SIGTERM)
    assert connector.process.wait(limit=LIMIT) == 1


def test_the_drain_has_a_deadline(bed: Bed) -> None:
    """With an API that hangs, the process ends after drain_timeout, cleanly, and the lead is read again."""
    bed.sandbox.fault(kind="hang")
    connector = bed.connector(changes={"delivery": {"drain_timeout": "1s"}}).start()
    produce(bed.bootstrap, bed.topic, [as_json(lead(1))])
    until(lambda: connector.metric("api_requests_in_flight") == 1, limit=LIMIT, what="a request in flight")
    assert connector.stop() == 0
    assert connector.lag() == 1
    bed.sandbox.heal()
    connector.start()
    connector.wait_done()
    assert bed.sandbox.counts() == {"lead-1": 1}
    assert connector.stop() == 0
