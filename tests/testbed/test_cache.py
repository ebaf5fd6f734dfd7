"""The cache folder is the project's own, and one process at a time fills it."""

import subprocess
import sys
from pathlib import Path

import pytest

from testbed.cache import cache_folder, exclusive
from testbed.jars import java, kafka_classpath

LIMIT = 120  # seconds


def test_the_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TESTBED_CACHE wins."""
    monkeypatch.setenv("TESTBED_CACHE", str(tmp_path / "x"))
    assert cache_folder() == tmp_path / "x"


def test_a_project_keeps_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From anywhere inside this project it is the project's; another project's folder is left alone."""
    inside = tmp_path / "project" / "deep" / "inside"
    inside.mkdir(parents=True)
    monkeypatch.delenv("TESTBED_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "users"))
    monkeypatch.chdir(inside)
    settings = tmp_path / "project" / "pyproject.toml"
    settings.write_text('[project]\nname = "something-else"\n', encoding="utf-8")
    assert cache_folder() == tmp_path / "users" / "lead-connector" / "testbed"
    settings.write_text('[project]\nname = "lead-connector"\n', encoding="utf-8")
    assert cache_folder() == tmp_path / "project" / ".cache" / "testbed"


def test_the_lock_keeps_other_processes_out(tmp_path: Path) -> None:
    """Another process waits, says so, and goes on when the lock is let go."""
    code = (
        "import sys; from pathlib import Path; from testbed.cache import exclusive\n"
        "with exclusive(Path(sys.argv[1])): print('in', flush=True)"
    )
    lock = tmp_path / "some.lock"
    with exclusive(lock):
        other = subprocess.Popen(
            [sys.executable, "-c", code, str(lock)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert other.stderr is not None
        assert "waiting for another process that holds some.lock" in other.stderr.readline()
        assert other.poll() is None
    out, _ = other.communicate(timeout=LIMIT)
    assert out == "in\n"
    assert other.returncode == 0


def test_everything_of_kafka_is_one_version() -> None:
    """No dependency's own table of versions has put an older Kafka on the class path."""
    kafka = [jar.name for jar in kafka_classpath() if "/org/apache/kafka/" in jar.as_posix()]
    assert {name.rpartition("-")[2] for name in kafka} == {"4.3.0.jar"}
    assert java().exists()
