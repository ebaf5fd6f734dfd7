"""``lead-connector preview --diff``: what another configuration would change for the same leads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.support import cli, configuration, lead
from tests.unit.cli.test_preview import written


def other(folder: Path, **changes: Any) -> Path:
    """A second configuration."""
    (folder / "other").mkdir()
    return configuration(folder / "other", **changes)


CONTACT = {"clientIds": "person.phones", "data": {"name": "{{ person.lastName }}", "campaign": "source.campaignId"}}
ROUTES = [
    {"name": "google", "when": "source.platform == 'google' and person.email", "hub": "sales", "contact": CONTACT},
    {"name": "rest", "when": "source.platform != 'google'", "hub": "rest", "contact": {"clientIds": "person.phones"}},
]


def leads_of(folder: Path) -> Path:
    platforms = ({"platform": "google"}, {"platform": "google"}, {"platform": "fax"}, {"platform": "meta"})
    emails = ("a@example.com", None, None, None)
    return written(
        folder,
        *(lead(n, source=s, person={"email": e}) for n, (s, e) in enumerate(zip(platforms, emails, strict=True), 1)),
        "not JSON",
    )


def test_what_changes_lead_by_lead(tmp_path: Path) -> None:
    """One object for each lead that changes, then the numbers; the unchanged are counted only. No failure."""
    config = configuration(tmp_path)
    arguments = ("preview", "-c", config, "--input", leads_of(tmp_path), "--diff", other(tmp_path, routes=ROUTES))
    ran = cli(*arguments, "--output", "json")
    assert ran.code == 0, ran.err
    changed, aside, sent, moved, summary = ran.lines
    assert [line["kind"] for line in (changed, aside, sent, moved)] == [
        "changed", "newly_set_aside", "newly_sent", "changed",
    ]  # fmt: skip
    assert (changed["position"], changed["lead_id"]) == ("line 1", "lead-1")
    assert changed["differences"] == [
        {"field": "hub", "before": "Ventas día/1", "after": "sales"},
        {"field": "contact.data.name", "before": "Ana Peña", "after": "Peña"},
        {"field": "contact.data.campaign", "after": "c-7"},
    ]
    assert aside["before"][0]["contact"]["data"] == {"name": "Ana Peña"}
    assert aside["after"] == [
        {"outcome": "dead_letter", "stage": "route", "reason": "no_route", "message": "no route takes this lead"}
    ]
    assert (sent["lead_id"], sent["after"][0]["hub"]) == ("lead-3", "rest")
    assert [each["field"] for each in moved["differences"]] == ["route", "hub"]
    assert summary == {
        "kind": "summary",
        "same": 1,
        "changed": 2,
        "newly_set_aside": 1,
        "newly_sent": 1,
        "routes": {
            "google": {"before": 2, "after": 1, "changed": 1},
            "meta": {"before": 1, "after": 0, "changed": 0},
            "rest": {"before": 0, "after": 2, "changed": 0},
        },
    }


def test_the_differences_for_people(tmp_path: Path) -> None:
    """A block for each lead, and the numbers on stderr."""
    config = configuration(tmp_path)
    arguments = ("preview", "-c", config, "--input", leads_of(tmp_path), "--diff", other(tmp_path, routes=ROUTES))
    ran = cli(*arguments)
    assert ran.code == 0, ran.err
    assert ran.out.split("\n\n")[0].splitlines() == [
        "line 1: lead lead-1, changed",
        '  hub: "Ventas día/1" -> "sales"',
        '  contact.data.name: "Ana Peña" -> "Peña"',
        '  contact.data.campaign: (absent) -> "c-7"',
    ]
    assert "line 2: lead lead-2, newly set aside\n  - route google, hub Ventas día/1: {" in ran.out
    assert "\n  + set aside: no_route: no route takes this lead\n" in ran.out
    assert "5 leads: 1 the same, 2 changed, 1 newly set aside, 1 newly sent; nothing was sent" in ran.err
    assert "route google: sends 2 before, 1 after, 1 of them otherwise\n" in ran.err


def test_nothing_changes(tmp_path: Path) -> None:
    """With itself, also with several routes for one lead; another address of the API is said once."""
    calls = {"clientIds": "person.phones"}
    routes = [{"name": name, "hub": name, "contact": calls, "continue": name == "a"} for name in "ab"]
    config = configuration(tmp_path, routes=routes)
    second = other(tmp_path, routes=routes, ucontact={"base_url": "http://other"})
    ran = cli("preview", "-c", config, "--input", leads_of(tmp_path), "--diff", second)
    assert (ran.code, ran.out) == (0, "")
    assert "all requests go to http://other instead of http://127.0.0.1:1" in ran.err
    assert "5 leads: 5 the same, 0 changed" in ran.err


def test_parts_are_compared_route_by_route(tmp_path: Path) -> None:
    """One that comes on top is shown as such."""
    calls = {"clientIds": "person.phones"}
    call = {"name": "call", "hub": "sales", "contact": calls}
    sms = {"name": "sms", "continue": True, "hub": "hi", "channel": "sms", "contact": {"clientId": "person.phones[0]"}}
    config = configuration(tmp_path, routes=[call])
    ran = cli(
        "preview", "-c", config, "--input", written(tmp_path, lead(1)), "--diff", other(tmp_path, routes=[sms, call])
    )
    assert ran.out == (
        'line 1: lead lead-1, changed\n  - nothing\n  + route sms, hub hi: {"clientId":"+59899123456"}\n\n'
    )


def test_the_problems_of_both_are_told_with_their_places(tmp_path: Path) -> None:
    """Exit 2, whichever has them."""
    config = configuration(tmp_path, delivery={"max_in_flight": 0})
    second = other(tmp_path, routes=[{**ROUTES[0], "contact": {"clientIds": "person.fone"}}])
    ran = cli("preview", "-c", config, "--input", written(tmp_path), "--diff", second)
    assert (ran.code, ran.out) == (2, "")
    assert f"{config}:" in ran.err and "delivery.max_in_flight" in ran.err
    assert f"{second}:" in ran.err and "routes[0].contact.clientIds" in ran.err
    right = configuration(tmp_path)
    assert cli("preview", "-c", right, "--input", written(tmp_path), "--diff", second).code == 2
    assert cli("preview", "-c", right, "--input", written(tmp_path), "--diff", tmp_path / "gone.yaml").code == 2


@pytest.mark.parametrize("batch", ["1", "5"])
def test_batches_are_not_compared(tmp_path: Path, batch: str) -> None:
    """Bad usage, rather than ignored."""
    config = configuration(tmp_path)
    ran = cli("preview", "-c", config, "--input", written(tmp_path), "--diff", config, "--batch", batch)
    assert ran.code == 2 and "goes without --diff" in ran.err


def test_each_reads_with_its_own_schema(tmp_path: Path) -> None:
    """A lead that only the other's reader schema takes is newly sent."""
    schema = json.loads((Path(__file__).parents[3] / "schemas" / "lead_event.avsc").read_text())
    schema["fields"].append({"name": "vip", "type": "boolean"})
    (tmp_path / "strict.avsc").write_text(json.dumps(schema))
    config = configuration(tmp_path, schemas={"reader": str(tmp_path / "strict.avsc")})
    leads = written(tmp_path, lead(1), {**lead(2), "vip": True})
    ran = cli("preview", "-c", config, "--input", leads, "--diff", other(tmp_path), "--output", "json")
    assert [line["kind"] for line in ran.lines] == ["newly_sent", "summary"]
    assert ran.lines[0]["before"][0]["reason"] == "invalid_lead" and ran.lines[1]["same"] == 1
