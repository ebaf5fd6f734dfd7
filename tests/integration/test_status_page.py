"""The status page of a running connector."""

from __future__ import annotations

import json

import httpx2

from testbed.waiting import until
from tests.integration.bed import LIMIT, as_json, lead, produce
from tests.integration.conftest import Bed


def test_a_person_sees_that_leads_flow_and_where_they_stop(bed: Bed) -> None:
    """With a wrong token they stop at the hub, and the page says what to do; with the right one they flow."""
    token = bed.folder / "token"
    token.write_text("wrong")
    bed.require_token("right")
    connector = bed.connector().start()
    produce(bed.bootstrap, bed.topic, [*(as_json(lead(n)) for n in range(20)), b"broken"])
    said = ("Leads are held up", "<b>hub sales</b>: the API refuses the token (401)", "unauthorized 401", bed.topic)
    until(lambda: all(text in connector.get("").text for text in said), limit=LIMIT, what="the page to say so")
    page = connector.get("").text
    assert "wrong" not in page and "right" not in page
    token.write_text("right")
    connector.wait_done()
    until(lambda: "Leads flow" in connector.get("").text, limit=LIMIT, what="the page to say so")
    until(lambda: "unknown_format" in connector.get("").text, limit=LIMIT, what="the dead letter")
    assert "20 delivered" in connector.get("").text
    with httpx2.stream("GET", f"{connector.admin}events", timeout=LIMIT) as events:
        assert events.headers["content-type"].startswith("text/event-stream")
        line = next(line for line in events.iter_lines() if line.startswith("data: "))
    assert "Leads flow" in json.loads(line.removeprefix("data: "))
    assert connector.stop() == 0


def test_an_open_page_does_not_keep_the_process_from_ending(bed: Bed) -> None:
    """Nor do more pages than are served."""
    connector = bed.connector().start()
    opened = [httpx2.Client(timeout=LIMIT) for _ in range(25)]
    answers = [
        client.send(client.build_request("GET", f"{connector.admin}events"), stream=True).status_code
        for client in opened
    ]
    assert answers.count(200) == 20 and answers.count(503) == 5
    assert connector.stop() == 0
    for client in opened:
        client.close()
