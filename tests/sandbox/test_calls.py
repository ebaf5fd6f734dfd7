"""Who is 'called', when, and in which order; and the way of a list."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sandbox.schedule import due_at
from tests.sandbox.harness import Client, lead, serving, until


def called(client: Client, **parameters: Any) -> list[str]:
    """Leads in the order in which they were called."""
    return [contact["lead"] for contact in reversed(client.get("called", **parameters))]


@pytest.mark.parametrize(
    ("contact", "hub_zone", "instant"),
    [
        ({"scheduleDate": "2025-11-03 11:54:00", "timezone": "America/Montevideo"}, "UTC", "2025-11-03T14:54:00Z"),
        ({"scheduleDate": "2025-11-03 11:54:00"}, "UTC", "2025-11-03T11:54:00Z"),
        ({"scheduleDate": "2025-11-03 11:54:00"}, "Asia/Tokyo", "2025-11-03T02:54:00Z"),
        ({"scheduleDate": "2025-11-03 11:54:00", "timezone": "UTC"}, "Asia/Tokyo", "2025-11-03T11:54:00Z"),
        # The clock goes from 02:00 to 03:00: 02:30 is read as 03:30.
        ({"scheduleDate": "2026-03-08 02:30:00", "timezone": "America/New_York"}, "UTC", "2026-03-08T07:30:00Z"),
        # The clock goes from 02:00 back to 01:00: 01:30 is the first one.
        ({"scheduleDate": "2026-11-01 01:30:00", "timezone": "America/New_York"}, "UTC", "2026-11-01T05:30:00Z"),
        ({"timezone": "Asia/Tokyo"}, "UTC", "2020-01-01T00:00:00Z"),
    ],
)
def test_when_a_contact_is_due(contact: dict[str, Any], hub_zone: str, instant: str) -> None:
    """Its local time in its zone, else the hub's; at once without a date."""
    accepted = int(datetime.fromisoformat("2020-01-01T00:00:00Z").timestamp() * 1000)
    assert due_at(contact, hub_zone, accepted) == int(datetime.fromisoformat(instant).timestamp() * 1000)


def test_a_lead_is_called_when_its_local_time_comes(tmp_path: Path) -> None:
    zone = ZoneInfo("Asia/Tokyo")
    soon = (datetime.now(zone) + timedelta(seconds=2)).replace(microsecond=0)
    date = f"{soon:%Y-%m-%d %H:%M:%S}"
    with serving(tmp_path, timezones={"sales": "Asia/Tokyo"}) as client:
        client.fresh("sales", lead("past", scheduleDate="2020-01-01 00:00:00"))
        client.fresh("sales", lead("own zone", scheduleDate=date, timezone="Asia/Tokyo"))
        client.fresh("sales", lead("hub's zone", scheduleDate=date))
        client.fresh("sales", lead("later there", scheduleDate=date, timezone="America/Lima"))
        until(lambda: len(called(client)) == 3)
        assert called(client)[0] == "past"
        assert set(called(client)) == {"past", "own zone", "hub's zone"}
        for contact in client.get("called")[:2]:
            assert contact["called_at"] >= contact["due"] == soon.timestamp() * 1000
        [waiting] = client.hub("sales")["next"]
        assert (waiting["lead"], waiting["local"], waiting["zone"]) == ("later there", date, "America/Lima")
        assert client.contacts("sales") == {"called": 3, "scheduled": 1}


def test_fresh_before_lists_then_priority_then_time(tmp_path: Path) -> None:
    with serving(tmp_path, call_rate=0, list_load_seconds=0) as client:
        client.upload("sales", "June", lead("list urgent", priority=-100), lead("list"))
        client.fresh("sales", lead("fresh 5", priority=5), lead("fresh 0"), lead("fresh -1", priority=-1))
        client.fresh("sales", lead("fresh 0 again", priority=0))
        client.fresh("sales", lead("fresh 5 before", priority=5, scheduleDate="2020-01-01 00:00:00"))
        until(lambda: client.list_states() == ["inactive"])
        list_id = client.get("state")["lists"][0]["id"]
        assert client.http.post(f"/_sandbox/lists/{list_id}/activate").status_code == 200
        until(lambda: client.contacts("sales") == {"due": 7})
        assert called(client) == []
    with serving(tmp_path, call_rate=50) as client:
        until(lambda: client.contacts("sales") == {"called": 7})
        fresh = ["fresh -1", "fresh 0", "fresh 0 again", "fresh 5 before", "fresh 5"]
        assert called(client) == [*fresh, "list urgent", "list"]


def test_calls_come_at_the_hubs_own_rate(tmp_path: Path) -> None:
    with serving(tmp_path, call_rate=10) as client:
        client.fresh("sales", *[lead(str(n)) for n in range(15)])
        client.fresh("preview", *[lead(str(n)) for n in range(15)])
        until(lambda: len(called(client)) == 30)
        for hub in ("sales", "preview"):
            times = [contact["called_at"] for contact in client.get("called", hub=hub)]
            # 15 calls at 10 a second, of which at most 10 may have been saved up, or come early by a tick.
            assert max(times) - min(times) >= 350
        assert len(called(client, hub="sales")) == 15
        assert len(called(client, limit=7)) == 7


def test_a_list_goes_from_loading_to_inactive_and_waits_there(tmp_path: Path) -> None:
    with serving(tmp_path, list_load_seconds=3600) as client:
        answer = client.upload("mails", "<b>June</b>", {"clientId": "a@mail.com"}, {"clientId": "b@mail.com"}).json()
        assert (answer["state"], answer["accepted"]) == ("loading", 2)
        activate = f"/_sandbox/lists/{answer['request']}/activate"
        until(lambda: client.list_states() == ["loading"])
        assert client.get("state")["lists"][0]["state_es"] == "cargando"
        assert client.http.post(activate).status_code == 409
    with serving(tmp_path, list_load_seconds=0) as client:
        until(lambda: client.list_states() == ["inactive"])
        [entry] = client.get("state")["lists"]
        assert (entry["id"], entry["filename"], entry["hub"]) == (answer["request"], "<b>June</b>", "mails")
        assert (entry["contacts"], entry["called"], entry["state_es"]) == (2, 0, "inactiva")
        assert (client.contacts("mails"), called(client)) == ({"held": 2}, [])
        assert client.http.post(activate).json()["state"] == "active"
        assert client.http.post(activate).status_code == 200
        until(lambda: called(client) == ["a@mail.com", "b@mail.com"])
        assert client.get("state")["lists"][0]["called"] == 2


def test_a_list_that_is_not_there_cannot_be_activated(shared: Client) -> None:
    assert shared.http.post("/_sandbox/lists/none/activate").status_code == 404
