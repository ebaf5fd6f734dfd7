"""What the demo is asked to do, as frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Broker(StrEnum):
    """Which Kafka the demo runs on."""

    EMBEDDED = "embedded"
    """librdkafka's mock cluster, in this process and in memory."""
    APACHE = "apache"
    """A real Apache Kafka, brought as for the tests (``testbed.provision``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The demo's options. Times in seconds."""

    leads: int = 1000
    """Leads that come at ``rate``; afterwards they trickle, unless ``exit_when_done``."""
    seconds: float | None = None
    """Ends after this time at the latest."""
    exit_when_done: bool = False
    """Ends when every lead has its outcome."""
    summary: Path | None = None
    """File for the summary as JSON."""
    broker: Broker = Broker.EMBEDDED
    rate: float = 60.0
    """Leads a second, on average; 0 is as fast as it goes."""
    seed: int = 1
    """The same seed makes the same people and mistakes in the same order."""
    port: int | None = None
    """The sandbox's port; None takes 8090, or any free one when that is taken."""
    keep: bool = False
    """Leaves the folder with configuration, log and ledger behind."""
