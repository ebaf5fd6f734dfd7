"""Suppression lists in files: read again when they change, and kept when that cannot be done."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import structlog

from connector.leads.suppression import SLICE
from connector.reporting import Reporting
from connector.reread import keep_current
from connector.suppression import LARGEST, SuppressionFile
from connector.telemetry.health import Health
from connector.telemetry.metrics import Metrics
from connector.watched import Unusable

ENTRY = "ana@example.com"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A list with one entry."""
    file = tmp_path / "list"
    file.write_text(f"# all\n{ENTRY}\n")
    return file


def replaced(path: Path, content: bytes) -> None:
    """As one replaces a file in one step."""
    other = path.with_name("new")
    other.write_bytes(content)
    other.replace(path)


def pipe(path: Path) -> None:
    """A pipe, into which nobody writes."""
    path.unlink()
    os.mkfifo(path)


def directory(path: Path) -> None:
    """A directory of the file's name."""
    path.unlink()
    path.mkdir()


def test_a_change_counts_when_two_looks_have_seen_it(path: Path) -> None:
    """A file that is being written is another at each look."""
    file = SuppressionFile(path)
    assert ENTRY in file and len(file) == 1 and not file.look()
    for content in (b"bea@example.com\n", b"bea@example.com\ncaro@example.com\n"):
        replaced(path, content)
        assert not file.look() and ENTRY in file
    assert file.look()
    assert (ENTRY in file, "bea@example.com" in file, "Caro@example.com" in file) == (False, True, True)
    assert not file.look()


def test_a_link_that_is_pointed_elsewhere_is_a_change(tmp_path: Path) -> None:
    """As Kubernetes changes what it mounts."""
    for name in ("one", "two"):
        (tmp_path / name).write_text(f"{name}@example.com\n")
    link = tmp_path / "list"
    link.symlink_to("one")
    file = SuppressionFile(link)
    (tmp_path / "next").symlink_to("two")
    (tmp_path / "next").replace(link)
    assert not file.look() and file.look() and "two@example.com" in file


@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink,
        lambda path: replaced(path, b""),
        lambda path: replaced(path, b"secret@example.com\ncaf\xe9"),
        lambda path: os.truncate(path, LARGEST + 1),
        pipe,
        directory,
    ],
    ids=["gone", "empty", "latin-1", "too large", "pipe", "directory"],
)
def test_a_file_that_cannot_be_used_changes_nothing(path: Path, spoil: Callable[[Path], object]) -> None:
    """The last good entries stay; it is told at each look, without an entry, and at a start it is an error."""
    file = SuppressionFile(path)
    spoil(path)
    told = []
    for _ in range(4):
        try:
            assert not file.look()
        except Unusable as error:
            told.append(str(error))
    assert len(told) >= 3 and len(set(told)) == 1 and told[0].startswith(f"{path}: ")
    assert "secret" not in told[0] and ENTRY in file
    with pytest.raises(Unusable):
        SuppressionFile(path)
    path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    path.write_text("bea@example.com\n")
    assert not file.look() and file.look() and "bea@example.com" in file


def test_a_reading_ends_when_the_file_is_closed(path: Path) -> None:
    """So that a process that ends does not wait for a million lines."""
    file = SuppressionFile(path)
    replaced(path, b"a\n" * SLICE * 3)
    assert not file.look()
    file.close()
    with pytest.raises(Unusable, match="the process ends"):
        file.look()
    assert ENTRY in file


def test_what_is_told_while_a_list_changes(path: Path) -> None:
    """A new content once; a file that cannot be used once for each text, with what to do; and when it is mended."""
    health, metrics = Health(), Metrics()
    reporting = Reporting(metrics, health, lambda: 0)

    async def until(condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                await asyncio.sleep(0)

    async def run(told: Sequence[object]) -> None:
        file = SuppressionFile(path)
        watching = asyncio.create_task(keep_current([file], reporting, every=0.001))
        path.unlink()
        await until(lambda: health.troubles)
        replaced(path, f"{ENTRY}\nbea@example.com\n".encode())
        await until(lambda: "bea@example.com" in file and not health.troubles)
        await until(lambda: len(told) == 2)
        watching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await watching

    with structlog.testing.capture_logs() as told:
        asyncio.run(run(told))
    trouble, read = told
    assert trouble["log_level"] == "warning" and "correct the file" in str(trouble["do"])
    assert trouble["error"] == f"{path}: there is no such file"
    assert (read["log_level"], read["file"], read["entries"]) == ("info", str(path), 2)
    assert metrics.registry.get_sample_value("file_reloads_total", {"what": "suppression list"}) == 1
    assert "example.com" not in repr(told)


def test_reading_is_done_in_a_thread(path: Path) -> None:
    """The event loop goes on meanwhile."""
    threads: list[int] = []

    class Noted(SuppressionFile):
        def look(self) -> bool:
            threads.append(threading.get_ident())
            return super().look()

    async def run() -> None:
        watching = asyncio.create_task(
            keep_current([Noted(path)], Reporting(Metrics(), Health(), lambda: 0), every=0.001)
        )
        async with asyncio.timeout(30):
            while not threads:
                await asyncio.sleep(0)
        watching.cancel()

    asyncio.run(run())
    assert threading.get_ident() not in threads
