"""Programs that outlive the process that starts them, and are ended by their recorded ids only."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from testbed.waiting import until


class Daemons:
    """Programs whose ids and logs lie in a folder: another process may find and end them."""

    def __init__(self, folder: Path) -> None:
        """`folder` gets `pid/NAME` and `log/NAME.log`."""
        self._pids = folder / "pid"
        self._logs = folder / "log"
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, command: Iterable[object], *, environ: Mapping[str, str] | None = None) -> None:
        """Start a program if it does not run. Does not wait. Raises OSError when it cannot be started."""
        if self.alive(name):
            return
        self._pids.mkdir(parents=True, exist_ok=True)
        self._logs.mkdir(parents=True, exist_ok=True)
        with self.log(name).open("ab") as log:
            child = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environ or {})},
                start_new_session=True,
            )
        self._children[name] = child
        (self._pids / name).write_text(json.dumps({"pid": child.pid, "began": _began(child.pid)}), "utf-8")

    def alive(self, name: str) -> bool:
        """Whether it runs, whoever started it."""
        return self._running(name) is not None

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal if it runs."""
        if (pid := self._running(name)) is not None:
            os.kill(pid, number)

    def stop(self, name: str, *, limit: float = 20) -> None:
        """SIGTERM, SIGKILL after `limit` seconds; returns when it is gone. Does nothing when it does not run."""
        self.signal(name, signal.SIGTERM)
        try:
            until(lambda: not self.alive(name), limit=limit, what=f"{name} to end")
        except TimeoutError:
            self.signal(name, signal.SIGKILL)
            until(lambda: not self.alive(name), limit=limit, what=f"{name} to be gone")
        if (child := self._children.pop(name, None)) is not None:
            child.wait()  # it is gone; only its end has to be read
        (self._pids / name).unlink(missing_ok=True)

    def log(self, name: str) -> Path:
        """Where its output is kept."""
        return self._logs / f"{name}.log"

    def tails(self) -> str:
        """The ends of all logs, for error messages."""
        parts = []
        for log in sorted(self._logs.glob("*.log")):
            lines = log.read_text("utf-8", errors="replace").splitlines()[-12:]
            parts += [f"--- {log}", *(line[:400] for line in lines)]
        return "\n".join(parts)

    def _running(self, name: str) -> int | None:
        """The id, if it is still that of the program: ids are used again."""
        if (child := self._children.get(name)) is not None and child.poll() is not None:
            return None
        file = self._pids / name
        if not file.exists():
            return None
        noted = json.loads(file.read_text("utf-8"))
        return noted["pid"] if noted["began"] == _began(noted["pid"]) else None


def _began(pid: int) -> str | None:
    """When a process was started, in the kernel's ticks; None when it is gone or only waits to be buried."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return None
    return None if state == "Z" else rest[18]
