"""What a person reads first, and that nothing on the page can be more than text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from connector.status import counted
from connector.telemetry.history import Minute
from connector.telemetry.metrics import Metrics
from connector.telemetry.page import bars, curve, in_short, main, page_headers, render
from connector.telemetry.recent import Answered, Aside, Rebalance
from connector.telemetry.status import Hub, Partition, Status, duration, verdict
from connector.telemetry.troubles import Kind, Trouble

MARKUP = "<img src=x onerror=alert(1)>\"'&"
BUSY = Minute(10, 0, 0.05, 0.2)
IDLE = Minute(0, 0, None, None)
AWAY = Trouble(Kind.HUB, "the API is unavailable", "api-unavailable")
PAUSED = Trouble(Kind.PAUSE, "paused by the configuration")
BAD_FILE = Trouble(Kind.FILE, "line 2", "changed-file")
NONE_WELL = Minute(0, 20, None, None)
SOME_ILL = Minute(10, 5, 0.05, 0.2)
FLOWING = Status(
    now_ms=1_768_489_200_000,
    version="1.2.3",
    joined=True,
    draining=False,
    troubles={},
    stuck=[],
    routes={"sales": [BUSY] * 60},
    p95=0.2,
    outstanding=3,
    hubs=[],
    partitions=[Partition("leads[0]", 4, 1.5, 2, 0.5)],
    aside={},
    rebalances=[],
    configuration=[],
)


@pytest.mark.parametrize(
    ("changes", "tone", "title", "text"),
    [
        ({}, "good", "Leads flow", "50 delivered in the last five minutes, 95 of 100 within 200 ms"),
        ({"routes": {}, "partitions": []}, "good", "Nothing to do", "none waits"),
        ({"routes": {"sales": [BUSY] * 55 + [IDLE] * 5}}, "good", "Nothing to do", "No lead came"),
        ({"routes": {"sales": [NONE_WELL]}}, "bad", "Leads are set aside, and none is delivered", "20 of 20"),
        ({"routes": {"": [IDLE], "sales": [SOME_ILL]}}, "warn", "Leads flow, but many are set aside", "below"),
        ({"partitions": [Partition("leads[0]", 9_000, 320.0, 2, 0.5)]}, "warn", "Catching up", "9,000 leads wait"),
        ({"joined": False}, "warn", "Joining the group", ""),
        (
            {"troubles": {f"hub {n}": AWAY for n in range(7)}, "joined": False},
            "bad",
            "Leads are held up",
            "hub 0, hub 1, hub 2, hub 3, hub 4 and 2 more: the API is unavailable (runbook: api-unavailable)",
        ),
        ({"stuck": ["leads[3]"], "troubles": {"a": AWAY}}, "bad", "Stuck", "leads[3]"),
        (
            {"troubles": {"route a": PAUSED, "table": BAD_FILE}},
            "warn",
            "A route is paused",
            "4 leads wait. | route a: paused",
        ),
        ({"troubles": {"route a": PAUSED, "route b": PAUSED}}, "warn", "Routes are paused", "route a, route b: paused"),
        ({"troubles": {"route a": PAUSED, "hub b": AWAY}}, "bad", "Leads are held up", "route a: paused"),
        ({"troubles": {"table": BAD_FILE}}, "warn", "Leads flow", "| table: line 2 (runbook: changed-file)"),
        ({"troubles": {"hub b": AWAY, "table": BAD_FILE}}, "bad", "Leads are held up", ") | table: line 2"),
        ({"draining": True, "stuck": ["leads[3]"]}, "warn", "Ending", "3 leads"),
    ],
)
def test_the_first_thing_to_read(changes: dict[str, object], tone: str, title: str, text: str) -> None:
    """What stops leads comes before what delays them."""
    told = verdict(replace(FLOWING, **changes))  # type: ignore[arg-type]
    assert (told.tone, told.title) == (tone, title)
    troubles = [f"{each.names}: {each.text} (runbook: {each.runbook})" for each in told.troubles]
    assert text in " | ".join([told.text, *troubles])


def test_what_comes_from_outside_is_text() -> None:
    """Events name hubs, brokers and APIs write messages, the configuration names routes."""
    status = replace(
        FLOWING,
        troubles={MARKUP: Trouble(Kind.HUB, MARKUP, MARKUP)},
        routes={MARKUP: [BUSY]},
        hubs=[Hub(MARKUP, "open", 1, 0, 2, Answered(0, "unavailable", 503, 0.1)), Hub("b", "half_open", 1, 1, 0, None)],
        partitions=[Partition(MARKUP, 1, 1.0, 1, 1.0)],
        aside={("dead_letter", "rejected"): (7, [Aside(0, MARKUP, MARKUP)])},
        rebalances=[Rebalance(0, "lost", (MARKUP,), 0.5)],
        configuration=[(MARKUP, MARKUP)],
    )
    page = render(status, "nonce")
    assert "<img" not in page
    assert page.count("&lt;img src=x") >= 8
    assert "503" in page and "is being tried" in page
    assert page.count("<script") == 1 and '<script nonce="nonce">' in page
    assert "http://" not in page and "https://" not in page, "nothing from elsewhere"
    assert "nonce-nonce" in page_headers("nonce")["content-security-policy"]


def test_the_parts_that_change_are_those_of_the_page() -> None:
    """The script puts them in place by their ids."""
    parts = re.findall(r'id="(\w+)"[^>]* data-live', render(FLOWING, "n"))
    assert parts == re.findall(r'id="(\w+)"[^>]* data-live', main(FLOWING))
    assert len(parts) == len(set(parts)) == 9


def test_pictures_of_anything() -> None:
    """Nothing, one minute, gaps: paths without numbers that are none."""
    for minutes in ([], [IDLE], [BUSY], [BUSY, IDLE, BUSY, BUSY], [BUSY] * 60):
        for path in (bars(minutes), curve(minutes)):
            assert re.fullmatch(r"[MLVhvz0-9. -]*", path)
    assert curve([BUSY, IDLE, BUSY, BUSY]).count("M") == 2, "it breaks where nothing was delivered"
    assert bars([BUSY, IDLE, BUSY]).count("M") == 2


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (["leads[0]"], "leads[0]"),
        (["a[2]", "a[0]", "a[1]", "a[5]", "b-c[7]", "a[10]", "a[11]"], "a[0-2, 5, 10-11], b-c[7]"),
        ([], ""),
        (["<b>", "x[y]", "z["], "<b>, x[y], z["),
    ],
)
def test_partitions_in_short(names: list[str], text: str) -> None:
    """Sixty of them in a line, not in a screen."""
    assert in_short(names) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.0004, "0 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1 s"),
        (59.94, "59.9 s"),
        (90, "1.5 min"),
        (7200, "2 h"),
        (400_000, "5 d"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """For people."""
    assert duration(seconds) == text


def test_what_was_not_wanted_is_not_set_aside() -> None:
    """A route whose leads are filtered, or duplicates, is well."""
    metrics = Metrics()
    for outcome, reason in (("delivered", ""), ("filtered", "excluded"), ("duplicate", "delivered_before")):
        metrics.outcomes.labels("sales", outcome, reason).inc(5)
    metrics.outcomes.labels("sales", "dead_letter", "rejected").inc(2)
    metrics.outcomes.labels("sales", "parked", "hub_down").inc(9)  # waits, and comes back by itself
    assert (counted(metrics)["sales"].delivered, counted(metrics)["sales"].set_aside) == (5, 2)
