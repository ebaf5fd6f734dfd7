"""What happened last, for people who look: bounded, and without anything personal."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

SAMPLES = 3
"""Leads that are remembered for each reason."""
REBALANCES = 10
HUBS = 1000


class Aside(NamedTuple):
    """A lead that was set aside: when (milliseconds since the epoch), where it stood, and why in words."""

    time_ms: int
    position: str
    message: str


class Rebalance(NamedTuple):
    """Partitions that came or went; ``time_ms`` as above, ``seconds`` that it took."""

    time_ms: int
    kind: str
    partitions: tuple[str, ...]
    seconds: float | None


class Answered(NamedTuple):
    """A hub's last answer: when, its class, its HTTP status where there was one, and its duration in seconds."""

    time_ms: int
    kind: str
    status: int | None
    seconds: float


class Recent:
    """Each method is called on one thread; what is kept may be read on any."""

    def __init__(self) -> None:
        self.aside: dict[tuple[str, str], tuple[int, deque[Aside]]] = {}
        """By outcome and reason: how many, and the last of them, newest first."""
        self.rebalances: deque[Rebalance] = deque(maxlen=REBALANCES)
        """Newest first."""
        self.answers: dict[str, Answered] = {}
        """By hub."""

    def set_aside(self, outcome: str, reason: str, aside: Aside) -> None:
        """A lead was set aside."""
        number, last = self.aside.get((outcome, reason), (0, deque(maxlen=SAMPLES)))
        last.appendleft(aside)
        self.aside[outcome, reason] = number + 1, last

    def rebalanced(self, rebalance: Rebalance) -> None:
        """Partitions came or went."""
        self.rebalances.appendleft(rebalance)

    def answered(self, hub: str, answered: Answered) -> None:
        """A hub answered. Of too many hubs, which events name, all are forgotten."""
        if len(self.answers) >= HUBS and hub not in self.answers:
            self.answers.clear()
        self.answers[hub] = answered
