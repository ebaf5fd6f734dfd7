"""The processes of a case: the API's sandbox, which may be killed, and instrumented connectors."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx2

from testbed.ports import LOOPBACK, accepts, free_ports
from testbed.process import Process
from tests.chaos.evidence import Run
from tests.chaos.observer import sample
from tests.chaos.session import SESSION
from tests.integration.bed import LIMIT, ROOT, Connector, Sandbox

BUFFER = 2000
"""``delivery.buffer.max_leads`` unless a case changes it."""
_RETRY = {"initial": "50ms", "max": "500ms"}


def with_defaults(protocol: str, changes: Mapping[str, Any]) -> dict[str, Any]:
    """A case's changes to the configuration, on top of what all cases share."""
    return {
        **changes,
        "kafka": {"group_protocol": protocol, "session_timeout": f"{SESSION}s", **changes.get("kafka", {})},
        "delivery": {"drain_timeout": "10s", "retry": _RETRY, **changes.get("delivery", {})},
        "telemetry": {"log_level": "info", **changes.get("telemetry", {})},
    }


class Api(Sandbox):
    """The sandbox at an address that stays its own when it is killed and started again."""

    def __init__(self, folder: Path, hubs: Mapping[str, str]) -> None:
        self.folder = folder / "sandbox"
        [self._port] = free_ports(1)
        self.url = f"http://{LOOPBACK}:{self._port}"
        command = [sys.executable, "-m", "sandbox", "--port", str(self._port), "--directory", str(self.folder)]
        for name, kind in hubs.items():
            command += ["--hub", f"{name}={kind}"]
        command += ["--seed", "1", "--call-rate", "0"]
        self._process = Process("sandbox", command, folder / "sandbox.log", environ={"PYTHONPATH": str(ROOT)})
        self._http = httpx2.Client(base_url=self.url, timeout=60)
        self.start()

    def start(self) -> None:
        """Start it with the ledger that is there, and without faults; wait until it serves."""
        self._process.start()
        self._process.wait_ready(lambda: accepts(self._port), limit=LIMIT)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def freeze(self) -> None:
        """SIGSTOP: it accepts connections and answers nothing."""
        self._process.freeze()

    def thaw(self) -> None:
        """SIGCONT."""
        self._process.thaw()

    def fill_disk(self, room: int) -> None:
        """From now on its files take so many bytes more than the ledger has, and no more, until it is killed."""
        self._process.limit_file_size((self.folder / "ledger.jsonl").stat().st_size + room)

    def accepted(self) -> int:
        """Leads accepted so far, each as often as it was."""
        return int(self.stats()["accepted"])


class Member(Connector):
    """A connector with instruments: one member of the group, started as often as the case likes.

    Each start is a ``Run`` with a trace and a log of its own.
    """

    def __init__(self, folder: Path, *, name: str, mutation: str | None, instruments: Sequence[str], **how: Any):
        """``instruments`` are arguments of ``tests.chaos.program``; ``how`` as in Connector."""
        super().__init__(folder, name=name, **how)
        self.name = name
        self.runs: list[Run] = []
        self.frozen = False
        self._folder = folder
        self._instruments = list(instruments)
        if mutation is not None:
            self._instruments += ["--mutation", mutation]

    def start(self, *, ready: bool = True, crash_at: str | None = None, output: Path | None = None) -> Member:
        """As Connector.start; with ``crash_at`` (``step:count``) not waited for: it may end before it is ready. With
        ``output`` it has no log that tells its address, so ``telemetry.listen`` must."""
        label = f"{self.name}-{len(self.runs) + 1}"
        trace = self._folder / f"{label}.trace"
        command = [sys.executable, "-m", "tests.chaos.program", "--trace", str(trace), *self._instruments]
        if crash_at is not None:
            command += ["--crash-at", crash_at]
        command += ["run", "-c", str(self.file)]
        log, environ = self._folder / f"{label}.log", {"PYTHONPATH": str(ROOT)}
        self.process = Process(label, command, log, environ=environ, output=output)
        buffer = self.config["delivery"].get("buffer", {}).get("max_leads", BUFFER)
        self.runs.append(Run(label, trace, buffer))
        self._admin = ""
        if output is not None:
            self.process.start()
            self._admin = f"http://{self.config['telemetry']['listen']}/"
        elif crash_at is None:
            super().start(ready=ready)
        else:
            self.process.start()
        return self

    def wait_crash(self, limit: float = LIMIT) -> None:
        """Wait until it has killed itself."""
        code = self.process.wait(limit=limit)
        self._over("killed", code)
        assert code == -9, f"it ended with {code} before it reached its step\n{self.process.log_tail()}"

    def kill(self) -> None:
        """SIGKILL. Does nothing when it does not run."""
        if self.process.running:
            super().kill()
            self._over("killed", -9)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        code = super().stop()
        self.frozen = False
        self._over("stopped", code)
        return code

    def freeze(self) -> None:
        """SIGSTOP."""
        self.frozen = True
        self.process.freeze()

    def thaw(self) -> None:
        """SIGCONT."""
        self.process.thaw()
        self.frozen = False

    def sample(self) -> None:
        """Note what it says of itself, if it runs and answers."""
        if not self.runs or self.frozen:
            return
        try:
            pid = self.process.pid
        except RuntimeError:
            return  # it does not run; other threads end it at any moment
        run = self.runs[-1]
        if not self._admin:
            if not (started := self.events("started")):
                return
            self._admin = started[-1]["admin"]
        if (found := sample(self._admin, pid)) is not None:
            run.samples.append(found)

    def assert_alive(self) -> None:
        """It runs, if it was started and the case has not ended it."""
        if self.runs and self.runs[-1].ended is None:
            assert self.process.running, f"{self.name} has ended by itself\n{self.process.log_tail()}"

    def finish(self) -> None:
        """Stop it if it runs; what has ended by itself is noted as such."""
        if not self.runs:
            return
        if self.frozen:
            self.thaw()
        if self.process.running:
            self.stop()
        elif self.runs[-1].ended is None:
            self._over("died", self.process.wait(limit=LIMIT))

    def _over(self, how: str, code: int) -> None:
        run = self.runs[-1]
        run.ended, run.how, run.code = time.monotonic(), how, code
