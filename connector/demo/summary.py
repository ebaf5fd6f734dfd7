"""The end of the demo: every lead accounted for, by the connector and by those who watched it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from connector.demo.program import Counts
from connector.leads.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Times:
    """Time to lead in milliseconds; None when nothing was delivered."""

    p50: int | None
    p99: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What went in, what the connector says became of it, and what the others say."""

    produced: int
    """Leads that the broker acknowledged to their producer."""
    counts: Counts
    times: Times
    sandbox: Mapping[str, Any]
    """Its own counts (``/_sandbox/stats``)."""
    dead_letter_records: int
    """Records on the dead-letter topic, as the broker says."""
    committed: int
    """Records below the group's committed offsets, as the broker says."""
    expected: Mapping[Outcome, int]
    """How the leads had to end, as their maker says."""
    exit_code: int | None
    """The connector's; None when it had to be killed."""
    seconds: float

    @property
    def waiting(self) -> int:
        """Leads read that have no outcome: the connector would read them again when it is started again."""
        return self.counts.read - self.counts.resolved

    def differences(self) -> list[str]:
        """What does not add up; empty when everything does."""
        counts, delivered = self.counts, self.counts.of(Outcome.DELIVERED)
        set_aside = counts.of(Outcome.DEAD_LETTER) + counts.of(Outcome.EXPIRED)
        found = []
        if counts.read != self.produced:
            found.append(f"{self.produced} leads were produced, the connector read {counts.read}")
        if counts.resolved != counts.read:
            found.append(f"{counts.read} leads were read, {counts.resolved} have an outcome")
        if self.sandbox["distinct"] != delivered:
            found.append(f"{delivered} leads count as delivered, the sandbox has {self.sandbox['distinct']}")
        if self.sandbox["duplicates"]:
            found.append(f"the sandbox got {self.sandbox['duplicates']} leads more than once")
        if self.dead_letter_records != set_aside:
            found.append(f"{set_aside} leads were set aside, the topic has {self.dead_letter_records}")
        # A commit never passes a lead without an outcome, so it only has to be level once all have one.
        if self.committed > counts.resolved or (not self.waiting and self.committed != counts.resolved):
            found.append(f"{counts.resolved} leads have an outcome, {self.committed} are committed")
        if self.exit_code != 0:
            ended = "had to be killed" if self.exit_code is None else f"ended with exit code {self.exit_code}"
            found.append(f"the connector {ended}")
        return found

    def as_json(self) -> dict[str, object]:
        """The summary for machines."""
        counts = self.counts
        return {
            "produced": self.produced,
            "read": counts.read,
            **{name: counts.of(outcome) for name, outcome in _NAMES.items()},
            "reasons": {name: counts.reasons(outcome) for name, outcome in _NAMES.items() if name != "delivered"},
            "waiting": self.waiting,
            "time_to_lead_ms": asdict(self.times),
            "sandbox": dict(self.sandbox),
            "dead_letter_records": self.dead_letter_records,
            "committed": self.committed,
            "expected": {name: self.expected.get(outcome, 0) for name, outcome in _NAMES.items()},
            "seconds": round(self.seconds, 3),
            "adds_up": not self.differences(),
            "differences": self.differences(),
        }


_NAMES = {
    "delivered": Outcome.DELIVERED,
    "dead_letters": Outcome.DEAD_LETTER,
    "expired": Outcome.EXPIRED,
    "filtered": Outcome.FILTERED,
    "duplicates": Outcome.DUPLICATE,
    "parked": Outcome.PARKED,
}
"""The summary's names of the outcomes."""


def render(summary: Summary) -> RenderableType:
    """The summary for people."""
    counts = summary.counts
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    table.add_column("summary", style="bold", no_wrap=True)
    table.add_column("leads", justify="right")
    table.add_column("what the others say", style="dim")
    sandbox = summary.sandbox
    beside = {
        "delivered": f"the sandbox: {sandbox['distinct']} people, {sandbox['duplicates']} of them twice, in"
        f" {sandbox['requests']} requests",
        "dead_letters": f"the broker: {summary.dead_letter_records} on the dead-letter topic, with the expired",
    }
    table.add_row("read", str(counts.read), f"the producer: {summary.produced} written")
    for name, outcome in _NAMES.items():
        table.add_row(f"  {name.replace('_', ' ')}", str(counts.of(outcome)), beside.get(name, ""))
        if outcome is Outcome.DEAD_LETTER:
            for reason, number in counts.reasons(outcome).items():
                table.add_row(Text(f"    {reason}", style="dim"), Text(str(number), style="dim"))
    if summary.waiting:
        table.add_row("  without outcome", str(summary.waiting), "read again when the connector is started again")
    table.add_row("together", str(counts.resolved), f"the broker: {summary.committed} committed")
    lines: list[RenderableType] = [table]
    if summary.times.p50 is not None:
        lines.append(Text(f"time to lead  p50 {summary.times.p50} ms  p99 {summary.times.p99} ms"))
    if differences := summary.differences():
        lines += [Text(f"does not add up: {each}", style="bold red") for each in differences]
    else:
        lines.append(Text("it adds up: every lead read has exactly one outcome", style="bold green"))
    return Group(*lines)
