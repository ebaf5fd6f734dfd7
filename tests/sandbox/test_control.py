"""What the control endpoints tell."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from tests.sandbox.harness import Client, lead, serving, until


def test_stats_count_leads_and_requests(client: Client) -> None:
    client.fresh("sales", lead("a"), lead("b"), lead("a"))
    client.fresh("preview", lead("a"))
    client.upload("sales", "June", lead("c"), lead("d"))
    client.fresh("sales", {})
    client.fresh("nowhere", lead("a"))
    stats = client.get("stats")
    assert (stats["accepted"], stats["distinct"], stats["duplicates"]) == (6, 4, 1)
    sales = {"kind": "predictive", "accepted": 5, "fresh": 3, "list": 2, "distinct": 4, "duplicates": 1}
    assert stats["hubs"]["sales"] == sales
    assert stats["hubs"]["preview"]["duplicates"] == 0
    assert (stats["requests"], stats["by_status"]) == (5, {"200": 3, "422": 1, "404": 1})
    assert (stats["in_flight"], stats["max_in_flight"], stats["mean_batch"]) == (0, 1, 2.0)
    assert (stats["latest"]["seq"], stats["latest"]["lead"], stats["latest"]["hub"]) == (6, "d", "sales")
    assert client.get("counts") == {"a": 3, "b": 1, "c": 1, "d": 1}


def test_stats_of_a_sandbox_that_has_seen_nothing(client: Client) -> None:
    stats = client.get("stats")
    assert (stats["accepted"], stats["requests"], stats["mean_batch"], stats["latest"]) == (0, 0, 0.0, None)
    assert set(stats["hubs"]) == {"sales", "broadcast", "preview", "sms", "whatsapp", "mails"}


def test_requests_are_listed_the_newest_first(client: Client) -> None:
    request = client.fresh("sales", lead("a"), lead("b")).json()["request"]
    client.fresh("sales", {})
    second, first = client.get("requests")
    assert (first["hub"], first["endpoint"], first["status"], first["leads"]) == ("sales", "freshLeads", 200, 2)
    assert (first["request"], second["request"], second["status"], second["leads"]) == (request, None, 422, 0)
    assert first["start"] <= first["end"] <= second["start"] <= second["end"]
    assert client.get("requests", limit=1) == [second]
    assert client.get("requests", limit=0) == []


def test_the_ledger_is_served_as_in_the_file(tmp_path: Path) -> None:
    with serving(tmp_path) as client:
        for start in range(0, 4_500, 900):
            client.fresh("sales", *[lead(str(n)) for n in range(start, start + 900)])
    with serving(tmp_path) as client:
        # A part before the restart, a part after it: offsets of both are known.
        client.fresh("sales", *[lead(str(n)) for n in range(4_500, 5_000)])
        lines = (tmp_path / "ledger.jsonl").read_bytes().splitlines(keepends=True)
        assert client.http.get("/_sandbox/ledger").content == b"".join(lines)
        for after, limit in [
            (0, 10),
            (1, 1),
            (899, 2),
            (900, 3),
            (1_799, 5),
            (4_499, 10),
            (4_990, 100),
            (5_000, 5),
            (9, 0),
        ]:
            answer = client.http.get("/_sandbox/ledger", params={"after": after, "limit": limit})
            assert answer.content == b"".join(lines[after : after + limit]), (after, limit)
        answer = client.http.get("/_sandbox/ledger", params={"after": 4_998})
        assert [orjson.loads(line)["seq"] for line in answer.content.splitlines()] == [4_999, 5_000]


@pytest.mark.parametrize(
    "path", ["requests?limit=x", "requests?limit=-1", "ledger?after=1.5", "ledger?limit=", "called?limit=¹"]
)
def test_bad_control_input_is_refused(shared: Client, path: str) -> None:
    answer = shared.http.get(f"/_sandbox/{path}")
    assert (answer.status_code, "is not a whole number" in answer.json()["error"]) == (400, True)


def test_the_state_has_all_the_page_shows(client: Client) -> None:
    client.fresh("sales", lead("a", scheduleDate="2099-01-01 09:00:00", timezone="America/Lima"))
    client.fault("status", status=500, hub="mails")
    state = client.get("state")
    assert set(state) == {"now", "started_at", "stats", "hubs", "timeline", "lists", "faults", "requests"}
    assert (state["hubs"][0]["accepted"], state["hubs"][0]["duplicates"]) == (1, 0)
    assert state["hubs"][0]["latest"][0]["contact"]["timezone"] == "America/Lima"
    until(lambda: client.get("state")["timeline"])
    mark = {"minute": 540, "hub": "sales", "leads": 1}
    day = {"date": "2099-01-01", "zone": "America/Lima", "leads": 1, "now": None, "marks": [mark]}
    assert client.get("state")["timeline"] == [day]
    assert state["faults"][0]["hub"] == "mails"
    assert state["requests"][0]["status"] == 200
