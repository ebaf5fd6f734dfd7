"""The connector as a program of its own: started, watched through its metrics and its log, stopped as in production."""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from prometheus_client.parser import text_string_to_metric_families

from connector.demo.web import get
from connector.leads.outcome import Outcome
from testbed.process import Process

_START = 60.0
_STOP = 45.0
"""Longer than the connector's own deadlines: drain 20 s, leaving the group 10 s."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What the connector says of itself (`connector.telemetry.metrics`)."""

    read: int = 0
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By outcome and reason."""

    def of(self, outcome: Outcome) -> int:
        """Records with this outcome."""
        return sum(number for (name, _), number in self.outcomes.items() if name == outcome)

    def reasons(self, outcome: Outcome) -> dict[str, int]:
        """Records with this outcome by reason, the most frequent first."""
        return {reason: number for (name, reason), number in self.outcomes.most_common() if name == outcome}

    @property
    def resolved(self) -> int:
        """Records with any outcome."""
        return self.outcomes.total()


def parse_counts(exposition: str) -> Counts:
    """The counts in Prometheus' text format."""
    read, outcomes = 0, Counter[tuple[str, str]]()
    for family in text_string_to_metric_families(exposition):
        for sample in family.samples:
            if sample.name == "leads_read_total":
                read = int(sample.value)
            elif sample.name == "leads_outcome_total" and sample.value:
                outcomes[sample.labels["outcome"], sample.labels["reason"]] += int(sample.value)
    return Counts(read, outcomes)


class ConnectorProgram:
    """``lead-connector run`` with a configuration. One thread."""

    def __init__(self, configuration: Path, log: Path, url: str) -> None:
        """``url`` is where the configuration lets it listen."""
        command = [sys.executable, "-m", "connector", "run", "-c", str(configuration)]
        self._process = Process("the connector", command, log)
        self._log = log
        self._log_read = 0
        self.url = url
        self.counts = Counts()
        """As of the last ``look``."""

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process.running

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def start(self) -> None:
        """Start it. Raises OSError. Ends with this process, however that ends."""
        self._process.start()

    def wait_ready(self) -> None:
        """Block until it has joined the group. Raises ProcessDiedError and TimeoutError, with the end of its log."""
        self._process.wait_ready(lambda: get(f"{self.url}/readyz") is not None, limit=_START)

    def look(self) -> Counts:
        """Ask it for its counts; the last known ones when it does not answer."""
        body = get(f"{self.url}/metrics")
        if body is not None:
            self.counts = parse_counts(body.decode())
        return self.counts

    def stop(self, meanwhile: Callable[[], None]) -> int | None:
        """SIGTERM, and look at the counts until it has ended. Gives its exit code, None when it had to be killed."""
        stopping = threading.Thread(target=self._process.stop, kwargs={"limit": _STOP}, name="stop")
        stopping.start()
        while stopping.is_alive():
            self.look()
            meanwhile()
            stopping.join(0.05)
        code = self._process.wait(limit=_STOP)
        return code if code >= 0 else None

    def kill(self) -> None:
        """End it at once, if it still runs."""
        self._process.kill()

    def warnings(self) -> list[str]:
        """What it has logged since the last call as warning or worse, a line each for people."""
        with self._log.open("rb") as file:
            file.seek(self._log_read)
            text = file.read()
        whole = text.rfind(b"\n") + 1
        self._log_read += whole
        return [line for raw in text[:whole].splitlines() if (line := _for_people(raw)) is not None]

    def log_tail(self) -> str:
        """The end of its log."""
        return self._process.log_tail(15)


def _for_people(raw: bytes) -> str | None:
    """A line of the log; None for what is no news. What is not JSON (a crash at the very start) is shown as it is."""
    try:
        line = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw.decode(errors="replace") or None
    if not isinstance(line, dict) or line.get("level") not in {"warning", "error", "critical"}:
        return None
    if "outcome" in line:  # a lead set aside: what about it matters more than that it was
        return f"{line['outcome'].replace('_', ' ')} ({line.get('reason')}): {line.get('message')}"
    which = [str(line[key]) for key in ("hub", "answer", "status") if line.get(key) is not None]
    said = f"{line['event']} ({', '.join(which)})" if which else str(line["event"])
    return f"{said}: {line['error']}" if line.get("error") else said
