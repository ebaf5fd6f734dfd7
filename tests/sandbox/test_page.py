"""The page: made by the server, so that it can be read without a script."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from sandbox.page import PRESETS
from tests.sandbox.harness import Client, lead, serving, until
from tests.sandbox.page import Node, read_page

HOSTILE = "</article><script>alert(1)</script><img src=x onerror=alert(2)>"
GENERAL: dict[str, Any] = {
    "timezone": "America/Lima",
    "priority": 3,
    "contactId": "1365",
    "data": {"id": "a", "n": [1]},
}
GENERAL_SHOWN = [
    ("timezone", "America/Lima"),
    ("priority", "3"),
    ("contactId", "1365"),
    ("data.id", "a"),
    ("data.n", "[1]"),
]
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "telephony": ("telephony", "telephony", {"clientIds": ["+1 (425) 671-5523", 1567890]}),
    "predictive": ("telephony", "telephony, predictive", {"clientIds": ["1567890"]}),
    "broadcast": ("telephony", "telephony, broadcast", {"clientIds": ["1567890"]}),
    "preview": ("preview", "preview", {"clientIds": ["1567890"], "agent": "my_best_agent"}),
    "sms": ("sms", "sms", {"clientId": "1567890", "content": "Hola"}),
    "whatsapp": ("whatsapp", "whatsapp", {"clientId": "1567890", "template": "t"}),
    "email": ("email", "email", {"clientId": "a@mail.com", "subject": "S", "attachments": ["a.png"], "content": "C"}),
}  # fmt: skip
"""Kind to its channel, how the page names it, and a contact with all of its own."""


def page(client: Client) -> Node:
    """The page now."""
    return read_page(client.http.get("/").text)


def hub(client: Client, name: str) -> Node:
    """A hub's card."""
    (card,) = page(client).find("section", data_hub=name)
    return card


def shown(name: str, value: object) -> tuple[str, str]:
    """A property as the page has it."""
    return name, value if isinstance(value, str) else str(value).replace("'", '"')


def test_every_kind_of_hub_is_shown_with_its_channel_and_all_properties_of_its_leads(tmp_path: Path) -> None:
    """As the API names them, of both endpoints, with what has become of each lead."""
    with serving(tmp_path, hubs={f"hub {kind}": kind for kind in KINDS}, call_rate=0.0) as client:
        for kind, (_, _, own) in KINDS.items():
            fresh = {**own, **GENERAL, "scheduleDate": "2099-12-25 00:00:00"}
            assert client.fresh(f"hub%20{kind}", fresh).is_success
            assert client.upload(f"hub%20{kind}", f"list {kind}", {**own, **GENERAL}).is_success
        until(lambda: "scheduled" in hub(client, "hub email").text)
        for kind, (channel, named, own) in KINDS.items():
            card = hub(client, f"hub {kind}")
            assert card.attributes["data-channel"] == channel
            assert [each.text for each in card.find("span", **{"class": "kind"})] == [named]
            first, second = card.find("article", data_lead="a")
            ids = [str(each) for each in own.get("clientIds", [own.get("clientId")])]
            properties = [shown(*each) for each in own.items() if each[0] not in ("clientId", "clientIds")]
            assert first.find("strong")[0].text == ", ".join(ids)
            assert first.pairs() == [*properties, *GENERAL_SHOWN, ("scheduleDate", "2099-12-25 00:00:00")]
            assert second.pairs() == [*properties, *GENERAL_SHOWN]
            assert [each.find("p")[0].text for each in (first, second)] == ["freshLeads", f"lists: list {kind}"]
            states = [each.find("span")[0].attributes["data-state"] for each in (first, second)]
            assert states == ["scheduled", "held"]


def test_a_list_is_shown_loading_inactive_and_active(tmp_path: Path) -> None:
    """With the word that the API's page has for it, how many of it have been called, and a button to activate it."""
    with serving(tmp_path, list_load_seconds=3600.0) as client:
        request = client.upload("sales", "June", lead("a"), lead("b")).json()["request"]

        def row() -> list[str]:
            rows = page(client).find("tr", data_list=request)
            return [cell.text for cell in rows[0].find("td")] if rows else []

        until(row)
        assert row() == ["June", "sales", "2", "0", "loading cargando", ""]
    with serving(tmp_path, list_load_seconds=0.0, call_rate=1000.0) as client:
        until(lambda: row()[4:] == ["inactive inactiva", "activate"])
        (button,) = page(client).find("button", id=f"activate-{request}")
        assert client.http.post(button.attributes["data-post"]).is_success
        until(lambda: row() == ["June", "sales", "2", "2", "active activa", ""])
        assert [each.attributes["data-state"] for each in hub(client, "sales").find("span", data_state="called")]


def test_the_latest_leads_are_those_of_the_ledger_after_a_restart(tmp_path: Path) -> None:
    """The newest first; a hub that is no longer configured is shown too."""
    with serving(tmp_path, hubs={"sales": "telephony", "old": "sms"}) as client:
        client.fresh("sales", *[lead(str(n)) for n in range(9)])
        client.fresh("old", {"clientId": "1567890"})
    with serving(tmp_path, hubs={"sales": "telephony"}) as client:
        leads = [each.attributes["data-lead"] for each in hub(client, "sales").find("article")]
        assert leads == ["8", "7"]
        assert "not configured" in hub(client, "old").text


def test_presets_switch_a_fault_on_and_off(client: Client) -> None:
    """What a button sends is a fault that the sandbox takes; pressed is what is active."""
    for label in PRESETS:
        (button,) = [each for each in page(client).find("button") if each.text == label]
        assert button.attributes["aria-pressed"] == "false"
        headers = {"content-type": "application/json"}
        sent = client.http.post(button.attributes["data-post"], content=button.attributes["data-body"], headers=headers)
        assert sent.status_code == 201, sent.text
        (pressed,) = [each for each in page(client).find("button") if each.text == label]
        assert pressed.attributes["aria-pressed"] == "true"
        assert client.http.delete(pressed.attributes["data-delete"]).is_success
    assert page(client).find("div", id="faults")[0].text == "none active"
    client.fault("hang", hub="sms", count=3, for_seconds=60)
    text = page(client).find("div", id="faults")[0].text
    assert "kind: hang" in text and "hub: sms" in text and " s left" in text


def test_a_page_of_a_sandbox_that_has_seen_nothing(client: Client) -> None:
    found = page(client)
    assert len(found.find("section")) == len(client.get("state")["hubs"])
    assert found.text.count("nothing uploaded yet") == len(found.find("section"))
    assert "none uploaded" in found.text and "none active" in found.text and "none yet" in found.text


@pytest.mark.parametrize("place", ["data", "key", "lead", "filename", "label"])
def test_what_comes_from_outside_is_text(client: Client, place: str) -> None:
    """In every place of the page."""
    contact = {"clientIds": ["1567890"], "data": {"x": HOSTILE} if place == "data" else {HOSTILE: "x"}}
    if place in ("data", "key"):
        assert client.fresh("sales", contact).is_success
    elif place == "lead":
        assert client.fresh("sales", lead(HOSTILE)).is_success
    elif place == "filename":
        assert client.upload("sales", HOSTILE, lead("a")).is_success
    else:
        client.fault("status", status=500, body=HOSTILE, label=HOSTILE)
    until(lambda: client.get("state")["lists"] or place != "filename")
    answer = client.http.get("/")
    found = read_page(answer.text)
    assert "<script>alert" not in answer.text and "<img" not in answer.text
    assert "alert(1)" in found.text, "it is shown"
    assert len(found.find("script")) == 1


def test_the_page_is_one_file_with_nothing_from_elsewhere(client: Client) -> None:
    """No script or style runs but its own, by a nonce that is new each time."""
    answer, again = client.http.get("/"), client.http.get("/")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert re.search(r"""(src|href)=["'](?!data:,)|https?://|@import|url\(""", answer.text) is None
    assert re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write| on[a-z]+=| style=", answer.text) is None
    policy = answer.headers["Content-Security-Policy"]
    (nonce,) = {node.attributes["nonce"] for tag in ("script", "style") for node in read_page(answer.text).find(tag)}
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert policy.count(f"'nonce-{nonce}'") == 2 and nonce not in again.text
