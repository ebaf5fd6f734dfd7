"""Scenarios around the machine: a clock that is set, a disk that is full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2

from testbed.ports import LOOPBACK, free_ports
from tests.chaos import scenarios, two_hubs
from tests.chaos.bed import Case

HOUR = 3600
SOON = 60.0
"""Seconds in which things must go on: far below the hour by which the clock is wrong, far above what they take."""
FULL = Path("/dev/full")


def set_clock(case: Case, seconds: int) -> None:
    """Make the clock wrong by so much, at once."""
    new = case.folder / "clock.new"
    new.write_text(str(seconds))
    new.replace(case.clock)


def clock_jumps(case: Case) -> None:
    """The clock is set an hour forward and back, past the truth and to it, under load."""
    scenarios.under_load(case)
    case.member(clock=True).start()
    case.wait_accepted(300)
    for seconds in (HOUR, 0, -HOUR, HOUR, 0):
        set_clock(case, seconds)
        goal = case.api.accepted() + 600
        case.wait(lambda goal=goal: case.api.accepted() >= goal, "leads after the jump", SOON)  # type: ignore[misc]
    case.healed()
    case.recover()


def clock_set_back_while_leads_rest(case: Case, retries: str, *, restart: bool) -> None:
    """Leads are parked while the clock is an hour ahead: they are to rest until then. It is set right; ``restart``: the
    process ends meanwhile, and reads them anew."""
    leads = two_hubs.Leads(case)
    leads.load(10, 20)
    member = case.member(changes=two_hubs.changes(retries), clock=True).start()
    for hub in two_hubs.HUBS:
        leads.wait_accepted(hub)
    set_clock(case, HOUR)
    case.api.fault(kind="status", status=503, hub="away")
    leads.load(50, 200)
    leads.wait_accepted("sales")
    case.wait(lambda: case.observer.lag() == 0, "nothing left on the topic itself")
    assert two_hubs.resting(case, retries) > 0
    if restart:
        assert member.stop() == 0
    set_clock(case, 0)
    case.api.heal()
    if restart:
        member.start()
    case.healed()
    leads.load(10, 20)
    case.wait(lambda: two_hubs.resting(case, retries) == 0, "nothing left on the retry topic", SOON)
    case.recover()


def ledger_disk_full(case: Case) -> None:
    """The API's disk is full, so that it answers 500; then there is room again."""
    scenarios.under_load(case)
    member = case.member().start()
    case.wait_accepted(300)
    case.api.fill_disk(20_000)
    case.wait(lambda: member.metric("api_requests_total", answer="unavailable") >= 8, "requests refused")
    case.api.kill()
    case.api.start()
    case.healed()
    case.wait_accepted(300)
    case.recover()


def log_disk_full(case: Case) -> None:
    """Nothing that the connector writes to its log can be written, from its start on; errors give it much to say."""
    scenarios.under_load(case)
    [port] = free_ports(1)
    telemetry: dict[str, Any] = {"listen": f"{LOOPBACK}:{port}", "log_level": "debug"}
    member = case.member(changes={"telemetry": telemetry}).start(output=FULL)

    def ready() -> bool:
        try:
            return member.get("readyz").status_code == 200
        except httpx2.TransportError:
            return False

    case.wait(ready, "the connector to be ready")
    case.wait_accepted(300)
    case.feed.close()
    case.feed.put(b"garbage", "poison", 0)
    case.feed.flush()
    case.feed.start(scenarios.RATE)
    case.api.fault(kind="status", status=500, count=6)
    case.wait(lambda: member.metric("api_requests_total", answer="unavailable") >= 6, "requests refused")
    case.healed()
    case.wait_accepted(600)
    case.recover()
