"""What is wrong now, for people: the first sentence of the status page, and `/readyz`. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from connector.telemetry.alarms import Alarm

MOST_NAMED = 5
"""Names that are listed before the same text; of more, how many."""


class Kind(StrEnum):
    """What a trouble is about. Values of a metric's label."""

    HUB = "hub"
    REFUSALS = "refusals"
    """A hub refuses nearly all leads."""
    KAFKA = "kafka"
    REGISTRY = "registry"
    TOPIC = "topic"
    """One that we write to."""
    PAUSE = "pause"
    """Of a route, as the configuration says."""
    CREDENTIALS = "credentials"
    """The token, a certificate."""
    FILE = "file"
    """The configuration, a list or a table."""

    @property
    def holds(self) -> bool:
        """Whether leads wait for its end. A changed file that cannot be used holds none: the one before serves."""
        return self not in (Kind.CREDENTIALS, Kind.FILE)


class Trouble(NamedTuple):
    """What it is about, what is the matter and what to do, and where the runbook says more."""

    kind: Kind
    text: str
    runbook: str = ""

    def __str__(self) -> str:
        return f"{self.text} (runbook: {self.runbook})" if self.runbook else self.text


def trouble(kind: Kind, alarm: Alarm, text: str = "") -> Trouble:
    """In the alarm's own words, or in others."""
    return Trouble(kind, text or alarm.advice, alarm.slug)


class Group(NamedTuple):
    """What is the matter with one thing, or with several."""

    names: str
    text: str
    runbook: str


def grouped(troubles: Mapping[str, Trouble]) -> list[Group]:
    """All of them; what is the matter with several is said once."""
    names: dict[tuple[str, str], list[str]] = {}
    for name, each in troubles.items():
        names.setdefault((each.text, each.runbook), []).append(name)
    return [Group(_named(those), *what) for what, those in names.items()]


def _named(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
