"""The views: lines without a terminal, a screen that fits with one."""

from __future__ import annotations

import io
from collections import Counter

import pytest
from rich.console import Console

from connector.demo.arrivals import Arrival
from connector.demo.program import Counts
from connector.demo.progress import Links, Progress
from connector.demo.view import LineView, LiveView, make_view

LINKS = Links(broker="a broker", sandbox="http://sandbox", connector="http://connector", configuration="/a/file.yaml")
ARRIVAL = Arrival("sales", "Ana [bold]Paz", "UY", "google", "2026-11-23 12:45 America/Montevideo", 9)


def progress(state: str = "leads come in", warnings: tuple[str, ...] = ()) -> Progress:
    """A moment with something of everything."""
    outcomes = Counter({("delivered", ""): 40, ("dead_letter", "rejected"): 1, ("dead_letter", "undecodable"): 2})
    return Progress(
        seconds=61.2,
        state=state,
        made=50,
        wanted=100,
        counts=Counts(45, outcomes),
        p50=9,
        p99=31,
        hubs={"sales": 30, "social": 10},
        latest=[ARRIVAL] * 8,
        warnings=warnings,
    )


def test_a_line_has_all_the_numbers() -> None:
    """Leads in, delivered, dead letters with reasons, time to lead; no colour codes."""
    output = io.StringIO()
    view = make_view(Console(file=output, width=200), LINKS)
    assert isinstance(view, LineView)
    with view:
        view.show(progress())
    assert output.getvalue() == (
        "01:01 leads come in: in 50, read 45, delivered 40, dead letters 3 (undecodable 2, rejected 1), "
        "on their way 7, time to lead p50 9 ms p99 31 ms\n"
    )


def test_lines_come_with_news_and_not_with_every_look() -> None:
    """A warning and a new state are written at once; the same state again is not."""
    output = io.StringIO()
    with LineView(Console(file=output, width=200)) as view:
        view.show(progress())
        view.show(progress(warnings=("the API is away",)))
        view.show(progress("the connector stops"))
    lines = output.getvalue().splitlines()
    assert [line.split(":")[0] for line in lines] == ["01", "connector", "01"]
    assert "the API is away" in lines[1] and "the connector stops" in lines[2]


@pytest.mark.parametrize(("width", "height"), [(120, 50), (80, 24), (60, 12), (40, 10)])
def test_the_screen_fits_the_terminal(width: int, height: int) -> None:
    """What matters most comes first, whole parts are left out; the frame is closed."""
    console = Console(file=io.StringIO(), force_terminal=True, width=width, height=height, color_system=None)
    view = LiveView(console, LINKS)
    with console.capture() as shown:
        console.print(view.drawn(progress(warnings=("the API is away",))))
    lines = shown.get().splitlines()
    assert len(lines) <= height
    assert lines[0].startswith("╭─ lead-connector demo · 01:01 ·") and lines[-1].startswith("╰")
    assert any("delivered" in line for line in lines)
    if height == 50:
        assert any("http://sandbox" in line for line in lines) and any("the API is away" in line for line in lines)
        assert any("Ana [bold]Paz" in line for line in lines)
