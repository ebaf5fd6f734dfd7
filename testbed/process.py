"""Programs that live as long as we say, and never longer than this process."""

import atexit
import os
import re
import resource
import signal
import subprocess
import sys
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from testbed.launcher import launch
from testbed.waiting import until

# Asks the kernel for SIGKILL when the parent goes, then becomes the program. A wrapper, as code between fork and exec
# is unsafe in a process with threads. The parent may be gone before the request is made, so it is compared afterwards.
_GUARD = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent process is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""

_WRONG = re.compile(r"\b(ERROR|FATAL)\b|(Exception|Error)\b(?!\.)")


class Process:
    """One program in a process group of its own, its output appended to a file, signalled by its own id only.

    Not for use by several threads at once. Signals wait until the kernel has acted on them.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        log: Path,
        *,
        environ: Mapping[str, str] | None = None,
        output: Path | None = None,
    ) -> None:
        """`command` is the program's path and arguments; `environ` is added to this process's environment.

        stdout and stderr go to `output`, such as `/dev/full`, instead of the log, which then stays empty.
        """
        self.name = name
        self.log = log
        self._command = list(command)
        self._output = output or log
        self._environ = {**os.environ, **(environ or {})}
        self._popen: subprocess.Popen[bytes] | None = None
        self._log_start = 0

    @property
    def running(self) -> bool:
        """Whether the program has been started and has not ended (a frozen one runs)."""
        return self._popen is not None and self._popen.poll() is None

    @property
    def pid(self) -> int:
        """The id of the running program. Raises RuntimeError when it does not run."""
        return self._alive().pid

    def start(self) -> None:
        """Start the program; returns at once. Raises RuntimeError when it runs already, OSError when it cannot."""
        if self.running:
            raise RuntimeError(f"{self.name} runs already")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        command = self._command
        if sys.platform == "linux":
            command = [sys.executable, "-I", "-S", "-c", _GUARD, str(os.getpid()), *command]
        with self._output.open("ab") as output:
            self._popen = launch(
                lambda: subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=self._environ,
                    process_group=0,  # so that Ctrl-C reaches only us, and we decide the order
                )
            )
        _started.add(self)

    def stop(self, *, limit: float = 60) -> None:
        """SIGTERM and wait; SIGKILL after `limit` seconds. Does nothing when the program does not run."""
        if not self.running:
            return
        popen = self._alive()
        popen.terminate()
        popen.send_signal(signal.SIGCONT)  # a frozen program could not obey
        try:
            popen.wait(limit)
        except subprocess.TimeoutExpired:
            self.kill()

    def wait(self, *, limit: float) -> int:
        """Block until the program ends by itself; return its exit code (minus the signal's number when killed).

        Raises RuntimeError when it was never started, subprocess.TimeoutExpired after `limit` seconds.
        """
        if self._popen is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._popen.wait(limit)

    def kill(self) -> None:
        """SIGKILL, and wait until the program is gone. Does nothing when it does not run."""
        if self.running:
            popen = self._alive()
            popen.kill()
            popen.wait()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal and do not wait. Raises RuntimeError when the program does not run."""
        self._alive().send_signal(number)

    def freeze(self) -> None:
        """SIGSTOP: the program keeps its sockets and does nothing. Raises RuntimeError when it does not run."""
        self._alive().send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT after `freeze`. Raises RuntimeError when the program does not run."""
        self._alive().send_signal(signal.SIGCONT)

    def limit_file_size(self, limit: int | None) -> None:
        """Let the running program write no file beyond `limit` bytes, a stand-in for a full disk; None lifts it.

        Such a write fails with EFBIG, or is cut short at the limit; the signal SIGXFSZ is ignored, as Python programs
        do by themselves. Files that are longer already can still be read. The log counts too. The next start is without
        a limit. Raises RuntimeError when the program does not run. Linux only.
        """
        _, most = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (most if limit is None else limit, most))

    @property
    def resident_bytes(self) -> int:
        """The memory that the running program has now (VmRSS). Raises RuntimeError when it does not run. Linux only."""
        return self._status("VmRSS")

    @property
    def peak_resident_bytes(self) -> int:
        """The most memory it has had since it was started (VmHWM). Raises RuntimeError. Linux only."""
        return self._status("VmHWM")

    @property
    def open_files(self) -> int:
        """How many file descriptors the running program has open. Raises RuntimeError. Linux only."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def log_text(self) -> str:
        """All that the program wrote since it was last started."""
        if not self.log.exists():
            return ""
        with self.log.open("rb") as file:
            file.seek(self._log_start)
            return file.read().decode(errors="replace")

    def log_tail(self, lines: int = 40) -> str:
        """For error messages: the log's path, what went wrong, and the last `lines` lines since the last start."""
        text = self.log_text().splitlines()
        # A server that gives up shuts down in a hundred lines, after the one that says why.
        wrong = [line for line in text[:-lines] if _WRONG.search(line)][:lines]
        return "\n".join([f"--- {self.log}", *wrong, "...", *text[-lines:]])

    def wait_ready(self, ready: Callable[[], object], *, limit: float) -> None:
        """Block until `ready()` is truthy.

        Raises ProcessDiedError at once when the program ends first, TimeoutError after `limit` seconds; both show the
        end of the log.
        """

        def check() -> bool:
            if not self.running:
                raise ProcessDiedError(f"{self.name} ended while it started\n{self.log_tail()}")
            return bool(ready())

        until(check, limit=limit, what=f"{self.name} ready", interval=0.1, details=self.log_tail)

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return int(value.split()[0]) * 1024
        raise RuntimeError(f"{self.name} is ending: the kernel tells no {name} of it")

    def _alive(self) -> subprocess.Popen[bytes]:
        if self._popen is None or self._popen.poll() is not None:
            raise RuntimeError(f"{self.name} does not run")
        return self._popen


class ProcessDiedError(RuntimeError):
    """A program ended by itself before it was ready; the message holds the end of its log."""


_started: "weakref.WeakSet[Process]" = weakref.WeakSet()


@atexit.register
def _kill_all() -> None:
    # For systems without the guard above; and a process that leaves in order leaves nothing behind even for a moment.
    for process in list(_started):
        process.kill()
