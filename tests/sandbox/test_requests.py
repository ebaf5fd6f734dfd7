"""The endpoints around the contacts: address, token, body, size, all or nothing."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from tests.sandbox.harness import Client, lead, ledger, serving

FRESH = "/api/dialer/id/sales/freshLeads"


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Basic c2VjcmV0", 401),
        ("Bearer wrong", 401),
        ("secret", 401),
        ("Bearer secret", 200),
        ("bearer secret", 200),
    ],
)
def test_the_token_must_be_the_right_one(tmp_path: Path, header: str | None, status: int) -> None:
    with serving(tmp_path, token="secret") as client:
        del client.http.headers["Authorization"]
        answer = client.fresh("sales", lead("a"), headers={} if header is None else {"Authorization": header})
        assert answer.status_code == status
        assert client.get("stats")["accepted"] == (1 if status == 200 else 0)
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)


def test_without_a_configured_token_any_will_do_but_one_there_must_be(client: Client) -> None:
    assert client.fresh("sales", lead("a"), headers={"Authorization": "Bearer x"}).status_code == 200
    del client.http.headers["Authorization"]
    assert client.fresh("sales", lead("a")).status_code == 401


@pytest.mark.parametrize("hub", ["north sales", "a/b", "ventas ñandú", "50%", "a/freshLeads", "q?x#y", "lists"])
def test_a_hub_name_is_percent_encoded(tmp_path: Path, hub: str) -> None:
    with serving(tmp_path, hubs={hub: "telephony"}) as client:
        assert client.fresh(quote(hub, safe=""), lead("a")).status_code == 200
        assert [entry.hub for entry in ledger(tmp_path)] == [hub]


@pytest.mark.parametrize(
    "path", ["/api/dialer/id/a/b/freshLeads", "/api/dialer/id/freshLeads", "/api/dialer/id//lists/"]
)
def test_an_address_the_page_does_not_have_is_not_found(tmp_path: Path, path: str) -> None:
    """A slash in a name that is not encoded is a client's mistake, also when there is such a hub."""
    with serving(tmp_path, hubs={"a/b": "telephony"}) as client:
        assert client.http.post(path, json={"leads": [lead("a")]}).status_code == 404
        assert ledger(tmp_path) == []


def test_an_unknown_hub_is_not_found(shared: Client) -> None:
    answer = shared.fresh("nowhere", lead("a"))
    assert (answer.status_code, "nowhere" in answer.json()["error"]) == (404, True)


def test_only_post_is_allowed(shared: Client) -> None:
    assert shared.http.get(FRESH).status_code == 405


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_the_content_type_is_json(shared: Client, kind: str) -> None:
    answer = shared.http.post(FRESH, content=b'{"leads": []}', headers={"Content-Type": kind})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("endpoint", "body", "place"),
    [
        ("freshLeads", b"", None),
        ("freshLeads", b"{", None),
        ("freshLeads", b'{"leads": [NaN]}', None),
        ("freshLeads", b"\xff", None),
        ("freshLeads", b"[]", ""),
        ("freshLeads", b"0", ""),
        ("freshLeads", b"{}", "leads"),
        ("freshLeads", b'{"leads": null}', "leads"),
        ("freshLeads", b'{"leads": {}}', "leads"),
        ("freshLeads", b'{"leads": [], "filename": "f"}', "filename"),
        ("freshLeads", b'{"list": [], "leads": []}', "list"),
        ("lists", b'{"list": []}', "filename"),
        ("lists", b'{"filename": "f"}', "list"),
        ("lists", b'{"filename": null, "list": []}', "filename"),
        ("lists", b'{"filename": 1, "list": []}', "filename"),
        ("lists", b'{"filename": "", "list": []}', "filename"),
        ("lists", b'{"filename": "f", "list": "x"}', "list"),
        ("lists", b'{"filename": "f", "leads": [], "list": []}', "leads"),
    ],
)
def test_a_body_of_another_shape_is_refused(shared: Client, endpoint: str, body: bytes, place: str | None) -> None:
    url, headers = f"/api/dialer/id/sales/{endpoint}", {"Content-Type": "application/json; charset=utf-8"}
    answer = shared.http.post(url, content=body, headers=headers)
    assert answer.status_code == 400
    found = [(problem["index"], problem["property"]) for problem in answer.json()["problems"]]
    assert found == ([] if place is None else [(None, place)])


def test_one_wrong_lead_and_nothing_of_the_request_is_stored(client: Client, tmp_path: Path) -> None:
    assert client.fresh("sales", lead("a"), lead("b"), {"clientIds": []}).status_code == 422
    assert (client.get("stats")["accepted"], ledger(tmp_path)) == (0, [])


def test_an_empty_array_is_accepted_and_leaves_nothing(client: Client, tmp_path: Path) -> None:
    """The page does not forbid it."""
    assert client.fresh("sales").json()["accepted"] == 0
    assert ledger(tmp_path) == []


def test_a_body_above_the_limit_is_too_large(tmp_path: Path) -> None:
    with serving(tmp_path, max_body_bytes=5_000) as client:
        assert client.fresh("sales", lead("a", data={"id": "a", "note": "x" * 200_000})).status_code == 413
        assert client.fresh("sales", lead("b")).status_code == 200
        assert [entry.lead for entry in ledger(tmp_path)] == ["b"]


def test_a_large_body_is_taken_when_there_is_no_limit(client: Client) -> None:
    leads = [lead(str(n), data={"id": str(n), "note": "x" * 1_000}) for n in range(3_000)]
    assert client.fresh("sales", *leads).json()["accepted"] == 3_000


def test_the_ledger_has_what_was_received(client: Client, tmp_path: Path) -> None:
    contact = lead("a", timezone="America/Lima", scheduleDate="2099-01-01 09:00:00", priority=-3, contactId="c")
    contact["data"] |= {"text": "ñ\u2028😀", "number": 1.5, "none": None, "deep": [{"x": []}]}
    request = client.fresh("sales", lead("b"), contact).json()["request"]
    client.upload("mails", "June", {"clientId": "a@mail.com"})
    first, second, third = ledger(tmp_path)
    assert (second.seq, second.hub, second.endpoint, second.request) == (2, "sales", "freshLeads", request)
    assert (second.index, second.of, second.lead, second.filename) == (1, 2, "a", None)
    assert second.contact == contact
    assert first.accepted_at == second.accepted_at <= third.accepted_at
    assert (third.seq, third.endpoint, third.lead, third.filename) == (3, "lists", "a@mail.com", "June")


def test_what_the_ledger_cannot_hold_is_refused(client: Client) -> None:
    """A body nested deeper than JSON is written is the client's mistake, not a failure of ours."""
    body = '{"leads": [{"clientIds": ["1234567"], "data": {"a": ' + "[" * 300 + "]" * 300 + "}}]}"
    answer = client.http.post(FRESH, content=body.encode(), headers={"Content-Type": "application/json"})
    assert answer.status_code == 400 and "nested too deeply" in answer.text
