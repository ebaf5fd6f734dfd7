"""The programs that are measured: how they are configured, started and asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import yaml

from bench.paths import READER, ROOT, WORK
from bench.sink import LISTENING
from testbed.process import Process

LIMIT = 60.0
"""Seconds for a program to start or to stop: far more than it takes, machines are shared."""

CONTACT: Mapping[str, Any] = {
    "clientIds": "person.phones",
    "timezone": ["person.timezone", "phone", "America/Montevideo"],
    "scheduleDate": "schedule.at",
    "priority": "priority",
    "data": {"id": "eventId", "name": "{{ person.firstName }} {{ person.lastName }}", "campaign": "source.campaignId"},
}
"""The mapping that is measured; `bench.floor.contact` is the same by hand."""


def python(name: str, *arguments: str) -> Process:
    """A Python module as a process, its output in a log file of that name."""
    paths = filter(None, (str(ROOT), os.environ.get("PYTHONPATH")))
    return Process(
        name, [sys.executable, "-m", *arguments], WORK / f"{name}.log", environ={"PYTHONPATH": os.pathsep.join(paths)}
    )


class Sink:
    """The sink as a process. A context manager."""

    def __init__(self) -> None:
        self._process = python("sink", "bench.sink")
        self.url = ""
        self._http = httpx2.Client(timeout=LIMIT)

    def __enter__(self) -> Sink:
        self._process.start()
        self._process.wait_ready(lambda: LISTENING in self._process.log_text(), limit=LIMIT)
        self.url = self._process.log_text().partition(LISTENING)[2].split()[0]
        return self

    def __exit__(self, *_exception: object) -> None:
        self._http.close()
        self._process.stop()

    def reset(self, latency_ms: float, *, record: bool = False) -> None:
        """Forget everything, and answer after this time from now on."""
        parameters = {"latency_ms": str(latency_ms)} | ({"record": "1"} if record else {})
        self._http.post(f"{self.url}/reset", params=parameters).raise_for_status()

    def stats(self) -> dict[str, int]:
        """Counts, see `bench.sink.Arrivals.stats`."""
        answer: dict[str, int] = self._http.get(f"{self.url}/stats").raise_for_status().json()
        return answer

    def recorded(self) -> dict[int, int]:
        """When each lead arrived, in nanoseconds since the epoch, by its number."""
        return {int(k): v for k, v in self._http.get(f"{self.url}/arrivals").raise_for_status().json().items()}


def connector(
    *, bootstrap: str, registry: str, topic: str, sink: str, launch: Sequence[str] = ("connector",)
) -> tuple[Process, str]:
    """A connector in a fresh group, not started yet, and that group. ``launch`` is the module and arguments to start
    it by."""
    group = f"bench-{uuid4()}"
    token = WORK / "token"
    token.write_text("bench", encoding="utf-8")
    configuration = {
        "kafka": {"bootstrap_servers": bootstrap, "group_id": group, "topics": [topic]},
        "schemas": {"registry": {"url": registry}, "reader": str(READER)},
        "ucontact": {"base_url": sink, "token_file": str(token)},
        "routes": [
            {
                "name": "all",
                "when": "not source.isTest",
                "hub": "sales",
                "channel": "telephony",
                "contact": dict(CONTACT),
            }
        ],
        "delivery": {"batch": {"max_leads": 50, "linger": "100ms"}, "max_in_flight": 8},
        "dead_letters": {"topic": f"{topic}.dead"},
        "telemetry": {"listen": "127.0.0.1:0", "log_format": "json"},
    }
    file: Path = WORK / "connector.yaml"
    file.write_text(yaml.safe_dump(configuration, sort_keys=False), encoding="utf-8")
    return python("connector", *launch, "run", "-c", str(file)), group
