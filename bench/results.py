"""What the runs gave, their medians and the ratio to the floor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

MIB: Final = 1024 * 1024


@dataclass(frozen=True)
class Run:
    """One drain of the topic: from the first lead to the last."""

    subject: str
    leads: int
    seconds: float
    cpu_seconds: float
    contact_bytes: int
    """JSON of all contacts, without what batches add: the same for everyone, or they did not do the same."""
    others: float
    """Cores that other processes of the machine took meanwhile."""
    requests: int | None = None
    peak_bytes: int | None = None

    @property
    def rate(self) -> float:
        """Leads a second."""
        return self.leads / self.seconds

    @property
    def cpu_per_million(self) -> float:
        """CPU seconds for a million leads."""
        return self.cpu_seconds / self.leads * 1e6


@dataclass(frozen=True)
class Summary:
    """The medians of a subject's runs."""

    subject: str
    runs: int
    rate: float
    cpu_per_million: float
    cpu_range: tuple[float, float]
    ratio: float | None
    """CPU over the floor's: the median of each round's own ratio, for rounds differ more than subjects do."""
    mean_batch: float | None
    peak_mib: float | None
    """The highest of all runs."""
    others: float


@dataclass(frozen=True)
class Stage:
    """One stage's cost a lead, in microseconds of CPU."""

    name: str
    median: float
    span: tuple[float, float]
    """The cheapest and the dearest round."""
    ratio: float
    """Over the floor: the median of each round's own ratio."""
    goal: float | None


def summarize(runs: Sequence[Run], floor: str) -> list[Summary]:
    """One summary a subject, in the order in which they first ran. The n-th runs of all subjects are one round."""
    by_subject: dict[str, list[Run]] = {}
    for run in runs:
        by_subject.setdefault(run.subject, []).append(run)
    return [_summary(subject, own, by_subject.get(floor, [])) for subject, own in by_subject.items()]


def _summary(subject: str, runs: list[Run], floors: list[Run]) -> Summary:
    def middle(value: Callable[[Run], float]) -> float:
        return median(map(value, runs))

    ratios = [run.cpu_per_million / floor.cpu_per_million for run, floor in zip(runs, floors, strict=False)]
    batches = [run.leads / run.requests for run in runs if run.requests]
    peaks = [run.peak_bytes for run in runs if run.peak_bytes]
    costs = [run.cpu_per_million for run in runs]
    return Summary(
        subject,
        len(runs),
        middle(lambda run: run.rate),
        median(costs),
        (min(costs), max(costs)),
        median(ratios) if ratios else None,
        median(batches) if batches else None,
        max(peaks) / MIB if peaks else None,
        middle(lambda run: run.others),
    )
