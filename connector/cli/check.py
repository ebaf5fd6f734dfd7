"""``lead-connector check``."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson
import typer

from connector.cli.check_online import ask
from connector.cli.finding import Finding
from connector.cli.output import Output
from connector.cli.problems import examine_and_plan, show
from connector.cli.summary import Summary, as_text, summary
from connector.config import Problem

_HOUR = 3_600_000_000_000


@dataclass(slots=True)
class Report:
    """What a check found. ``problems`` are the configuration's, ``failures`` what is not as it should be online."""

    problems: list[Problem]
    unchecked: list[str] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    summary: Summary | None = None
    online: list[Finding] | None = None
    failures: list[Problem] = field(default_factory=list)

    @property
    def code(self) -> int:
        """The exit code: 2 for a configuration that cannot be used, or not with what it meets."""
        return 2 if self.problems or self.failures else 0


def check(config: Path, *, online: bool, replicas: int | None = None, output: Output) -> int:
    """Print what is wrong, or what the configuration will do. ``replicas`` are meant to run. Returns the exit code."""
    if replicas is not None and not online:
        raise typer.BadParameter("goes with --online: the brokers know the partitions", param_hint="--replicas")
    loaded, plan, problems, unchecked = examine_and_plan(config)
    report = Report(problems, unchecked)
    if loaded is not None and plan is not None:
        report.warnings = [*loaded.warnings, *plan.warnings]
        report.summary = summary(loaded, plan, _this_hour())
        if online:
            report.online = []
            for finding in ask(loaded, plan, lambda text: typer.echo(text, err=True), replicas):
                report.online.append(finding)
                report.failures += finding.failures
                report.warnings += finding.warnings
    if output is Output.JSON:
        typer.echo(_as_json(report))
    else:
        _print(config, report, "; nothing was asked online" if online else "")
    return report.code


def _this_hour() -> int:
    """Milliseconds since the epoch: within an hour, a configuration has the same samples."""
    return time.time_ns() // _HOUR * _HOUR // 1_000_000


def _print(config: Path, report: Report, asked: str) -> None:
    for warning in report.warnings:
        typer.echo(f"warning: {warning}", err=True)
    if report.problems:
        show(report.problems, report.unchecked, f"it would not start{asked}")
    if report.summary is None:
        return
    typer.echo(f"{config} has no mistakes\n\n{as_text(report.summary)}")
    if report.online is not None:
        typer.echo()
        for finding in report.online:
            # What failed is told below, with its place.
            typer.echo(f"FAILED  {finding.what}" if finding.failures else f"ok      {finding.what}: {finding.message}")
    for failure in report.failures:
        typer.echo(str(failure), err=True)
    if count := len(report.failures):
        typer.echo(f"{count} problem{'s' if count != 1 else ''} online", err=True)


def _as_json(report: Report) -> bytes:
    """The report as one object."""
    problems = [{"kind": "configuration", **asdict(each)} for each in report.problems]
    failures = [{"kind": "online", **asdict(each)} for each in report.failures]
    online = None
    if report.online is not None:
        online = [{"what": each.what, "ok": not each.failures, "message": each.message} for each in report.online]
    return orjson.dumps(
        {
            "ok": report.code == 0,
            "problems": problems + failures,
            "warnings": [asdict(each) for each in report.warnings],
            "unchecked": report.unchecked,
            "summary": report.summary,
            "online": online,
        },
        option=orjson.OPT_INDENT_2,
    )
