"""Every fault does what it says, for whom and as often as it was asked to, and ends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import orjson
import pytest

from sandbox.server import SandboxServer, SandboxSettings
from tests.sandbox.harness import PATIENCE_SECONDS, Client, lead, ledger, serving, until


@contextmanager
def sending(client: Client, *leads: dict[str, Any]) -> Iterator[socket.socket]:
    """Posts over a bare socket, which is left open for the block."""
    body = orjson.dumps({"leads": leads})
    head = (
        "POST /api/dialer/id/sales/freshLeads HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Bearer x\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    url = urlsplit(client.url)
    with socket.create_connection((str(url.hostname), int(url.port or 0)), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(head.encode() + body)
        yield connection


def all_received(connection: socket.socket) -> bytes:
    """Everything that comes until the other side closes the connection."""
    received = b""
    while part := connection.recv(65_536):
        received += part
    return received


@pytest.mark.parametrize("status", [204, 302, 401, 403, 404, 418, 429, 500, 502, 504, 599])
def test_status_answers_with_the_code_and_stores_nothing(client: Client, tmp_path: Path, status: int) -> None:
    client.fault("status", status=status)
    assert client.fresh("sales", lead("a")).status_code == status
    assert ledger(tmp_path) == []
    client.clear()
    assert client.fresh("sales", lead("a")).status_code == 200


@pytest.mark.parametrize(
    ("body", "content"), [("plain", b"plain"), ({"code": 7}, b'{"code":7}'), (0, b"0"), ("", b""), ([], b"[]")]
)
def test_status_takes_a_body(client: Client, body: object, content: bytes) -> None:
    client.fault("status", status=500, body=body)
    assert client.fresh("sales", lead("a")).content == content


def test_status_can_lie(client: Client, tmp_path: Path) -> None:
    """As when a gateway gives up on a request that the server has done."""
    client.fault("status", status=502, store=True, count=1)
    assert client.fresh("sales", lead("a")).status_code == 502
    assert client.fresh("sales", lead("a")).status_code == 200
    assert client.get("counts") == {"a": 2}
    assert len({entry.request for entry in ledger(tmp_path)}) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_throttle_says_when_to_come_again(client: Client, status: int) -> None:
    client.fault("throttle", status=status, retry_after=7, count=1)
    answer = client.fresh("sales", lead("a"))
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    client.fault("throttle", status=status, retry_after=7, form="http-date")
    answer = client.fresh("sales", lead("a"))
    wait = parsedate_to_datetime(answer.headers["Retry-After"]) - parsedate_to_datetime(answer.headers["Date"])
    assert answer.status_code == status
    assert wait.total_seconds() >= 7
    assert client.get("stats")["accepted"] == 0


def test_body_zero_is_a_200_that_stores_nothing(client: Client) -> None:
    client.fault("body_zero")
    answer = client.fresh("sales", lead("a"))
    assert (answer.status_code, answer.content) == (200, b"0")
    assert client.get("stats")["accepted"] == 0


@pytest.mark.parametrize(("kind", "stored"), [("accept_then_drop", ["a", "b"]), ("drop_before", [])])
def test_drops_close_the_connection_without_a_byte(
    client: Client, tmp_path: Path, kind: str, stored: list[str]
) -> None:
    client.fault(kind)
    with sending(client, lead("a"), lead("b")) as connection:
        assert all_received(connection) == b""
    assert [entry.lead for entry in ledger(tmp_path)] == stored
    with pytest.raises(httpx2.RemoteProtocolError):
        client.fresh("sales", lead("c"))
    client.clear()
    assert client.fresh("sales", lead("d")).status_code == 200
    assert client.get("stats")["by_status"] == {"dropped": 2, "200": 1}


def test_accept_then_drop_does_not_strike_what_is_not_accepted(client: Client) -> None:
    client.fault("accept_then_drop", count=1)
    assert client.fresh("sales", {"clientIds": []}).status_code == 422
    with pytest.raises(httpx2.RemoteProtocolError):
        client.fresh("sales", lead("a"))
    assert client.fresh("sales", lead("b")).status_code == 200


@pytest.mark.parametrize("store", [True, False])
def test_hang_answers_when_the_fault_is_cleared(client: Client, tmp_path: Path, store: bool) -> None:
    client.fault("hang", store=store)
    answers: list[int] = []
    sender = threading.Thread(target=lambda: answers.append(client.fresh("sales", lead("a")).status_code))
    sender.start()
    until(lambda: client.get("faults")[0]["fired"] == 1)
    until(lambda: len(ledger(tmp_path)) == int(store))
    assert answers == []
    client.clear()
    sender.join()
    assert (answers, client.get("counts")) == ([200], {"a": 1})


@pytest.mark.parametrize("store", [True, False])
def test_hang_ends_when_the_client_leaves(client: Client, store: bool) -> None:
    client.fault("hang", store=store, count=1)
    with sending(client, lead("a")):
        until(lambda: client.get("faults")[0]["fired"] == 1)
        until(lambda: client.get("stats")["accepted"] == int(store))
    until(lambda: client.get("stats")["by_status"] == {"client_left": 1})
    assert client.fresh("sales", lead("b")).status_code == 200


def test_hang_ends_with_its_time(client: Client) -> None:
    client.fault("hang", for_seconds=0.3)
    assert client.fresh("sales", lead("a")).status_code == 200


@pytest.mark.parametrize("fault", [{"kind": "hang"}, {"kind": "latency", "ms": 3_600_000}])
def test_a_sandbox_stops_although_requests_hang(tmp_path: Path, fault: dict[str, Any]) -> None:
    server = SandboxServer(SandboxSettings(directory=tmp_path, port=0))
    client = Client(server.url)
    client.fault(**fault)
    failures: list[Exception] = []

    def send() -> None:
        try:
            client.fresh("sales", lead("a"))
        except httpx2.TransportError as error:
            failures.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    until(lambda: client.get("faults")[0]["fired"] == 1)
    server.close()
    sender.join()
    client.close()
    assert (len(failures), ledger(tmp_path)) == (1, [])


def test_reject_lead_rejects_the_batches_that_contain_it(client: Client) -> None:
    client.fault("reject_lead", lead="bad")
    client.fault("reject_lead", lead="worse", status=422)
    assert client.fresh("sales", lead("a"), lead("bad"), lead("b")).status_code == 400
    assert client.fresh("sales", lead("worse")).status_code == 422
    assert client.fresh("sales", lead("a"), lead("b")).status_code == 200
    assert client.get("counts") == {"a": 1, "b": 1}
    assert [fault["fired"] for fault in client.get("faults")] == [1, 1]


def test_too_large_by_leads_or_bytes(client: Client) -> None:
    client.fault("too_large", leads=2)
    assert client.fresh("sales", lead("a"), lead("b"), lead("c")).status_code == 413
    assert client.fresh("sales", lead("a"), lead("b")).status_code == 200
    client.clear()
    client.fault("too_large", bytes=1_000)
    assert client.fresh("sales", lead("c", contactId="x" * 1_000)).status_code == 413
    assert client.fresh("sales", lead("c")).status_code == 200


@pytest.mark.parametrize(
    ("latency", "at_least"),
    [
        ({"ms": 60}, 60),
        ({"distribution": "uniform", "min_ms": 30, "max_ms": 40}, 30),
        ({"distribution": "lognormal", "median_ms": 40, "sigma": 0}, 40),
        ({"distribution": "lognormal", "median_ms": 1e9, "sigma": 1, "max_ms": 50}, 50),
    ],
)
def test_latency_delays_the_answer(client: Client, latency: dict[str, Any], at_least: float) -> None:
    client.fault("latency", **latency)
    assert client.fresh("sales", lead("a")).status_code == 200
    [record] = client.get("requests")
    # The loop's clock may wake a timer a tick early.
    assert record["end"] - record["start"] >= at_least - 2


def test_latencies_add_up_and_leave_other_faults_their_turn(client: Client) -> None:
    client.fault("latency", ms=40)
    client.fault("status", status=503)
    client.fault("latency", ms=30)
    assert client.fresh("sales", lead("a")).status_code == 503
    [record] = client.get("requests")
    assert record["end"] - record["start"] >= 68
    assert [fault["fired"] for fault in client.get("faults")] == [1, 1, 1]


def test_a_fault_strikes_as_often_as_it_was_asked_to(client: Client) -> None:
    client.fault("status", status=500, count=3)
    client.fault("status", status=503, count=2)
    codes = [client.fresh("sales", lead("a")).status_code for _ in range(6)]
    assert codes == [500, 500, 500, 503, 503, 200]
    assert [(fault["fired"], fault["spent"]) for fault in client.get("faults")] == [(3, True), (2, True)]


def test_a_fault_strikes_its_hub_only(client: Client) -> None:
    client.fault("status", status=500, hub="preview")
    assert client.fresh("sales", lead("a")).status_code == 200
    assert client.fresh("preview", lead("a")).status_code == 500
    assert client.upload("preview", "June", lead("a")).status_code == 500


def test_a_fault_strikes_its_share_of_requests(tmp_path: Path) -> None:
    with serving(tmp_path, seed=1) as client:
        client.fault("status", status=500, share=0.25)
        codes = [client.fresh("sales", lead("a")).status_code for _ in range(400)]
        assert 60 < codes.count(500) < 140
        assert codes.count(200) + codes.count(500) == 400
        client.clear()
        client.fault("status", status=500, share=0)
        assert client.fresh("sales", lead("a")).status_code == 200


def test_a_fault_ends_after_its_time(client: Client) -> None:
    assert 0 < client.fault("status", status=500, for_seconds=0.3)["seconds_left"] <= 0.3
    until(lambda: client.get("faults") == [])
    assert client.fresh("sales", lead("a")).status_code == 200


def test_one_fault_can_be_ended_alone(client: Client) -> None:
    first, second = client.fault("status", status=500), client.fault("status", status=503, label="other")
    assert client.http.delete(f"/_sandbox/faults/{first['id']}").status_code == 200
    assert client.http.delete(f"/_sandbox/faults/{first['id']}").status_code == 404
    assert client.get("faults") == [second]
    assert client.fresh("sales", lead("a")).status_code == 503


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("text", "valid"),
        ({}, "kind"),
        ({"kind": "earthquake"}, "earthquake"),
        ({"kind": "status"}, "status: "),
        ({"kind": "status", "status": "500"}, "status: "),
        ({"kind": "status", "status": 100}, "status: "),
        ({"kind": "status", "status": 600}, "status: "),
        ({"kind": "status", "status": 500, "often": 1}, "often: "),
        ({"kind": "status", "status": 500, "share": 1.5}, "share: "),
        ({"kind": "status", "status": 500, "count": 0}, "count: "),
        ({"kind": "status", "status": 500, "for_seconds": 0}, "for_seconds: "),
        ({"kind": "status", "status": 500, "hub": "nowhere"}, "nowhere"),
        ({"kind": "throttle", "status": 500}, "status: "),
        ({"kind": "throttle", "retry_after": -1}, "retry_after: "),
        ({"kind": "throttle", "form": "words"}, "form: "),
        ({"kind": "latency"}, "needs ms"),
        ({"kind": "latency", "ms": -1}, "ms: "),
        ({"kind": "latency", "ms": 5, "sigma": 1}, "sigma is not a parameter"),
        ({"kind": "latency", "distribution": "normal", "ms": 5}, "distribution: "),
        ({"kind": "latency", "distribution": "uniform", "min_ms": 5}, "needs max_ms"),
        ({"kind": "latency", "distribution": "uniform", "min_ms": 5, "max_ms": 4}, "above max_ms"),
        ({"kind": "latency", "distribution": "lognormal", "median_ms": 5}, "needs sigma"),
        ({"kind": "reject_lead"}, "lead: "),
        ({"kind": "reject_lead", "lead": 7}, "lead: "),
        ({"kind": "too_large"}, "leads or bytes"),
        ({"kind": "hang", "store": 1}, "store: "),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_its_reason(shared: Client, fault: object, word: str) -> None:
    answer = shared.http.post("/_sandbox/faults", json=fault)
    assert (answer.status_code, word in answer.json()["error"]) == (400, True), answer.text
    assert shared.get("faults") == []


def test_a_fault_that_is_not_json_is_refused(shared: Client) -> None:
    answer = shared.http.post("/_sandbox/faults", content=b"{")
    assert (answer.status_code, "not JSON" in answer.json()["error"]) == (400, True)
