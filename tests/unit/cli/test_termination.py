"""SIGTERM before there is anything that could drain."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from testbed.process import Process

_PROGRAM = """
import signal
from connector.cli.termination import end_on_sigterm
end_on_sigterm(7)
print("handled", flush=True)
signal.pause()
"""


def test_the_signal_ends_it_with_the_code(tmp_path: Path) -> None:
    """By a handler, which process 1 of a container needs."""
    process = Process("program", [sys.executable, "-c", _PROGRAM], tmp_path / "log")
    process.start()
    process.wait_ready(lambda: "handled" in process.log_text(), limit=60)
    process.stop()
    assert process.wait(limit=60) == 7


@pytest.mark.parametrize("module", ["typer", "asyncio", "confluent_kafka"])
def test_no_slow_import_comes_before_it(module: str) -> None:
    """What ``main`` needs to take the signal is there at once."""
    program = f"import sys, connector.cli; sys.exit({module!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_full_disk_is_said_in_a_line() -> None:
    """Where the result goes, nothing more may fit: that is a failure while running, and no defect."""
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "connector", "config", "schema"]
        ran = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (1, "lead-connector: cannot write: No space left on device\n")
