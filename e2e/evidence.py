"""What the ledger says of a case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one case."""

    leads: int
    """Written to Kafka, all acknowledged."""
    lost: int
    """Never accepted by the API."""
    duplicated: int
    """Acceptances beyond the first of a lead."""
    silence: float
    """Seconds: the longest time without an acceptance, from before anything happened."""
    slowest: float
    """Seconds from the event to the acceptance, of the lead that took longest."""
    examples: tuple[str, ...]
    """Some of the leads that were lost or duplicated."""


def look(entries: Sequence[Mapping[str, Any]], prefix: str, written: int, calm: int) -> Outcome:
    """`entries` are those of the case, in the ledger's order; leads are PREFIX-1 to PREFIX-`written`. So many as `calm`
    were accepted before anything happened: their start is no time without delivery."""
    times = Counter(each["lead"] for each in entries)
    expected = {f"{prefix}-{number}" for number in range(1, written + 1)}
    lost = expected - set(times)
    again = {lead: count - 1 for lead, count in times.items() if count > 1}
    accepted = sorted(each["accepted_at"] for each in entries)[calm:]
    gaps = [later - earlier for earlier, later in pairwise(accepted)]
    waited = [each["accepted_at"] - each["contact"]["data"]["at"] for each in entries]
    return Outcome(
        leads=written,
        lost=len(lost),
        duplicated=sum(again.values()),
        silence=round(max(gaps, default=0) / 1000, 1),
        slowest=round(max(waited, default=0) / 1000, 1),
        examples=tuple(sorted(lost | set(again))[:5]),
    )
