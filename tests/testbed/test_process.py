"""Child processes live as long as the test bed says."""

import errno
import os
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from testbed.process import Process, ProcessDiedError
from testbed.waiting import until

LIMIT = 60.0  # seconds
_SLEEPS = "import time; print('up', flush=True); time.sleep(3600)"

# Lets a file grow, and says each time that this begins to work or to fail.
_WRITES = """
import errno, os, time
last = ""
while True:
    now = "OK"
    try:
        with open(os.environ["FILE"], "ab") as file:
            file.write(bytes(1000))
    except OSError as error:
        now = errno.errorcode[error.errno]
    if now != last:
        print(now, flush=True)
    last = now
    time.sleep(0.001)
"""


def _python(code: str, folder: Path, *, environ: Mapping[str, str] | None = None) -> Process:
    return Process("a program", [sys.executable, "-c", code], folder / "log", environ=environ)


@pytest.fixture
def sleeper(tmp_path: Path) -> Process:
    """A program that has said `up` and now sleeps for an hour."""
    process = _python(_SLEEPS, tmp_path)
    process.start()
    process.wait_ready(lambda: "up" in process.log_text(), limit=LIMIT)
    return process


def test_the_log_of_the_last_start_is_kept_apart(sleeper: Process) -> None:
    """A second start appends to the file, and is read by itself."""
    sleeper.kill()
    assert not sleeper.running
    assert sleeper.log_text() == "up\n"
    sleeper.start()
    sleeper.wait_ready(lambda: "up" in sleeper.log_text(), limit=LIMIT)
    assert sleeper.log_text() == "up\n"
    assert sleeper.log.read_text(encoding="utf-8") == "up\nup\n"
    sleeper.stop()


def test_a_frozen_program_can_be_stopped(sleeper: Process) -> None:
    """SIGTERM to a frozen program would wait for ever; it is thawed to obey."""
    sleeper.freeze()
    sleeper.stop(limit=LIMIT)
    assert sleeper.wait(limit=LIMIT) == -signal.SIGTERM


def test_a_program_that_does_not_listen_is_killed(tmp_path: Path) -> None:
    """After its limit `stop` uses SIGKILL."""
    deaf = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_SLEEPS}"
    process = _python(deaf, tmp_path)
    process.start()
    process.wait_ready(lambda: "up" in process.log_text(), limit=LIMIT)
    process.stop(limit=0.2)
    assert process.wait(limit=LIMIT) == -signal.SIGKILL


def test_a_program_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    """The end of a worker thread is not the end of what it started."""
    process = _python(_SLEEPS, tmp_path)
    worker = threading.Thread(target=process.start)
    worker.start()
    worker.join()
    process.wait_ready(lambda: "up" in process.log_text(), limit=LIMIT)
    assert process.running
    process.kill()


def test_an_early_end_is_told_with_its_reason(tmp_path: Path) -> None:
    """A program that ends instead of getting ready raises at once, and the reason survives a long farewell."""
    process = _python("print('java.net.BindException: no port'); print('bye\\n' * 500); raise SystemExit(3)", tmp_path)
    process.start()
    with pytest.raises(ProcessDiedError, match="BindException: no port"):
        process.wait_ready(lambda: False, limit=LIMIT)


def test_it_has_a_process_group_of_its_own(sleeper: Process) -> None:
    """Ctrl-C on the terminal does not reach it."""
    assert os.getpgid(sleeper.pid) == sleeper.pid
    sleeper.kill()


def test_a_program_that_does_not_run_cannot_be_frozen(tmp_path: Path) -> None:
    """Signals never go to an id that may belong to somebody else by now."""
    process = _python("", tmp_path)
    with pytest.raises(RuntimeError, match="does not run"):
        process.freeze()
    process.start()
    until(lambda: not process.running, limit=LIMIT, what="the end")
    with pytest.raises(RuntimeError, match="does not run"):
        process.thaw()


if sys.platform == "linux":

    def test_output_may_go_to_a_full_disk(tmp_path: Path) -> None:
        """A program whose output goes to a full device is told so, and the log stays empty."""
        code = f"import os, sys\ntry: os.write(1, b'up')\nexcept OSError as error: sys.exit(error.errno)\n{_SLEEPS}"
        process = Process("a program", [sys.executable, "-c", code], tmp_path / "log", output=Path("/dev/full"))
        process.start()
        assert process.wait(limit=LIMIT) == errno.ENOSPC
        assert process.log_text() == ""

    def test_files_can_be_kept_from_growing(tmp_path: Path) -> None:
        """Beyond the limit writes fail and the program lives; without the limit they succeed again."""
        file = tmp_path / "file"
        process = _python(_WRITES, tmp_path, environ={"FILE": str(file)})
        process.start()
        process.wait_ready(lambda: process.log_text() == "OK\n", limit=LIMIT)
        process.limit_file_size(100_000)
        process.wait_ready(lambda: process.log_text() == "OK\nEFBIG\n", limit=LIMIT)
        assert file.stat().st_size == 100_000
        process.limit_file_size(None)
        process.wait_ready(lambda: process.log_text() == "OK\nEFBIG\nOK\n", limit=LIMIT)
        process.kill()

    def test_memory_and_files_are_told(sleeper: Process) -> None:
        """The kernel's own numbers, in bytes and descriptors."""
        assert 1_000_000 < sleeper.resident_bytes <= sleeper.peak_resident_bytes
        assert sleeper.open_files == 3
        sleeper.kill()
        with pytest.raises(RuntimeError, match="does not run"):
            _ = sleeper.resident_bytes
