"""The guides are done as they are written: their files are made, and what needs no network is run.

A fence whose kind has a name behind the language (``yaml connector.yaml``) is a file of that name.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.cli.app import app
from tests.unit.markdown import Page

ROOT = Path(__file__).parents[2]
LOCAL = ("check", "preview", "config")
_NETWORK = {"--online", "--topic"}


def done(page: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Follow a guide in a folder; each command that was run, and what it printed."""
    for name in ("schemas", "examples"):
        (folder / name).symlink_to(ROOT / name)
    for fence in Page.read(ROOT / "docs" / page).fences:
        _, _, name = fence.kind.partition(" ")
        if name:
            (folder / name).write_text(fence.text, "utf-8")
        for line in fence.text.splitlines() if fence.kind == "sh" else ():
            words = shlex.split(line.split(" > ")[0])
            if words[:2] == ["printf", "trial"]:
                (folder / "token").write_text("trial", "utf-8")
            if words[0] == "lead-connector" and words[1] in LOCAL and not _NETWORK & set(words):
                result = CliRunner().invoke(app, words[1:])
                assert result.exit_code == 0, (line, result.output)
                yield line, result.output


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty one to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_new_platform(folder: Path) -> None:
    """What the page says that its events become."""
    (_, checked), (_, shown) = done("new-platform.md", folder)
    assert "has no mistakes" in checked
    assert '"scheduleDate": "2026-03-09 09:30:00"' in shown and "missing_field" in shown and "tests" in shown
    assert "1 in 1 request" in shown and "2 set aside" in shown


def test_a_new_hub(folder: Path) -> None:
    """The difference is the lead from Spain alone."""
    (_, checked), (_, shown) = done("new-hub.md", folder)
    assert "Ventas%20Espa%C3%B1a" in checked
    assert 'hub: "sales" -> "Ventas España"' in shown
    assert "6 the same, 1 changed, 0 newly set aside, 0 newly sent" in shown


def test_an_upgrade(folder: Path) -> None:
    """The same version before and after: no difference."""
    (folder / "connector.yaml").write_bytes((ROOT / "examples" / "google-and-meta.yaml").read_bytes())
    (_, before), (_, after) = done("upgrade.md", folder)
    assert before == after and before.count('"kind":"request"') > 1


def test_the_index_names_every_page() -> None:
    """Those in English and those in Spanish."""
    index = {link.target.partition("#")[0] for link in Page.read(ROOT / "docs" / "README.md").links}
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")} - {"README.md"}
    assert pages - index == set()
