"""The parts of the benchmark. Each brings its own topic, prints its table and returns what goes into the JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from bench import quiet
from bench.bed import Bed
from bench.drain import check_same, drain_connector, drain_floor
from bench.paths import OUT
from bench.results import Run, summarize
from bench.stages import LEADS, measure_stages
from bench.tables import show_drains, show_memory, show_quiet, show_stages


def drains(bed: Bed, leads: int, runs: int, latencies: Sequence[float]) -> dict[str, Any]:
    """Floor and connector in turn, so that what else the machine does meets all of them alike."""
    topic = bed.topic(leads)
    results: list[Run] = []
    for number in range(1, runs + 1):
        results.append(drain_floor(bootstrap=bed.bootstrap, topic=topic, leads=leads))
        _tell(bed, number, results[-1])
        for latency in latencies:
            results.append(_connector(bed, topic, leads, latency))
            _tell(bed, number, results[-1])
    check_same(results)
    summaries = summarize(results, "floor")
    show_drains(bed.console, summaries, leads)
    return {"drain": {"leads": leads, "runs": results, "summary": summaries}}


def memory(bed: Bed, leads: int, latency_ms: float) -> dict[str, Any]:
    """A large backlog: the peak of the connector's memory while it drains it."""
    run = _connector(bed, bed.topic(leads), leads, latency_ms)
    show_memory(bed.console, run)
    return {"memory": run}


def quiet_topic(bed: Bed, latency_ms: float) -> dict[str, Any]:
    """Single leads at a quiet pace."""
    result = quiet.measure(
        bed.sink,
        bootstrap=bed.bootstrap,
        registry=bed.registry,
        topic=bed.topic(),
        framer=bed.framer,
        latency_ms=latency_ms,
    )
    show_quiet(bed.console, result)
    return {"quiet_topic": result}


def profile(bed: Bed, leads: int, latency_ms: float) -> dict[str, Any]:
    """One drain under the profiler; what it costs itself is in the numbers."""
    file = OUT / "bench-profile.txt"
    run = _connector(bed, bed.topic(leads), leads, latency_ms, ("bench.profiled", str(file), str(leads)))
    bed.console.print(file.read_text(encoding="utf-8"), markup=False, highlight=False, soft_wrap=True)
    bed.console.print(f"also in {file.relative_to(OUT.parent)}")
    return {"profile": run}


def stages(console: Console, rounds: int) -> dict[str, Any]:
    """What each stage of a lead's way costs by itself. Needs no bed."""
    results = measure_stages(rounds)
    show_stages(console, results)
    return {"stages": {"leads": LEADS, "rounds": rounds, "stages": results}}


def _connector(bed: Bed, topic: str, leads: int, latency_ms: float, launch: Sequence[str] = ("connector",)) -> Run:
    return drain_connector(
        bed.sink,
        bootstrap=bed.bootstrap,
        registry=bed.registry,
        topic=topic,
        leads=leads,
        latency_ms=latency_ms,
        launch=launch,
    )


def _tell(bed: Bed, number: int, run: Run) -> None:
    line = f"run {number}: {run.subject}: {run.rate:,.0f} leads/s, {run.cpu_per_million:.1f} CPU s per million"
    bed.console.print(f"{line}, others {run.others:.2f} cores", highlight=False, soft_wrap=True)
