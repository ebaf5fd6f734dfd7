"""The results for people, and for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import confluent_kafka
import orjson
from rich import box
from rich.console import Console
from rich.table import Table

from bench.paths import OUT, RESULTS
from bench.quiet import Quiet, Spread
from bench.results import MIB, Run, Stage, Summary


def show_drains(console: Console, summaries: Sequence[Summary], leads: int) -> None:
    """Print the medians."""
    runs = max(summary.runs for summary in summaries)
    table = _table(
        console, f"Drain of {leads:,} leads, medians of {runs}" if runs > 1 else f"Drain of {leads:,} leads, one run"
    )
    for column in ("leads/s", "CPU s/million", "(range)", "times floor", "peak MiB", "mean batch", "others' cores"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in summaries:
        low, high = each.cpu_range
        table.add_row(
            each.subject,
            f"{each.rate:,.0f}",
            f"{each.cpu_per_million:.1f}",
            f"{low:.1f} to {high:.1f}",
            _or_none(each.ratio, ".2f"),
            _or_none(each.peak_mib, ".0f"),
            _or_none(each.mean_batch, ".1f"),
            f"{each.others:.2f}",
        )
    console.print(table)


def show_memory(console: Console, run: Run) -> None:
    """Print what a large backlog took."""
    table = _table(console, f"Memory with {run.leads:,} leads waiting")
    for column in ("peak MiB", "leads/s", "CPU s/million", "mean batch"):
        table.add_column(column, justify="right", no_wrap=True)
    peak, batch = (run.peak_bytes or 0) / MIB, run.leads / (run.requests or 1)
    table.add_row(run.subject, f"{peak:.0f}", f"{run.rate:,.0f}", f"{run.cpu_per_million:.1f}", f"{batch:.1f}")
    console.print(table)


def show_quiet(console: Console, quiet: Quiet) -> None:
    """Print how long single leads took."""
    table = _table(console, f"Quiet topic: {quiet.leads} single leads, ms after the producer's call")
    for column in ("median", "p99", "longest"):
        table.add_column(column, justify="right", no_wrap=True)
    for name, spread in (
        ("at the sink", quiet.sink),
        ("at a plain consumer", quiet.plain),
        ("difference, lead by lead", quiet.added),
    ):
        table.add_row(name, *_milliseconds(spread))
    console.print(table)
    console.print(f"connector: {quiet.cpu_percent:.1f} % of a core; others: {quiet.others:.2f} cores")


def show_stages(console: Console, stages: Sequence[Stage]) -> None:
    """Print the cost of each stage."""
    table = _table(console, "Stages, µs of CPU a lead, medians")
    for column in ("µs/lead", "(range)", "times floor", "goal"):
        table.add_column(column, justify="right", no_wrap=True)
    for each in stages:
        low, high = each.span
        table.add_row(
            each.name,
            f"{each.median:.2f}",
            f"{low:.2f} to {high:.2f}",
            f"{each.ratio:.2f}",
            _or_none(each.goal, ".0f"),
        )
    console.print(table)


def save(parts: dict[str, Any]) -> None:
    """Write ``out/bench.json``: the parts that ran, each as it is, with what they ran on."""
    OUT.mkdir(exist_ok=True)
    everything = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "lead-connector": version("lead-connector"),
        "librdkafka": confluent_kafka.libversion()[0],
        **parts,
    }
    RESULTS.write_bytes(orjson.dumps(everything, option=orjson.OPT_INDENT_2, default=_plain) + b"\n")


def _plain(value: object) -> Any:
    if isinstance(value, Stage):
        return asdict(value)
    if isinstance(value, Run):
        return {**asdict(value), "rate": value.rate, "cpu_per_million": value.cpu_per_million}
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _table(console: Console, title: str) -> Table:
    console.print(f"\n{title}\n", highlight=False)  # a table's own title would wrap at the table's width
    table = Table(box=box.MARKDOWN)
    table.add_column("", no_wrap=True)
    return table


def _milliseconds(spread: Spread) -> list[str]:
    return [f"{value:.1f}" for value in (spread.median, spread.p99, spread.longest)]


def _or_none(value: float | None, form: str) -> str:
    return "" if value is None else format(value, form)
