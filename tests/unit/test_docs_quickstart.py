"""`docs/quickstart.md`: its commands exist and its configurations are accepted, so that a new user gets to the end."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.cli.app import app

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "quickstart.md").read_text("utf-8")
CONFIGURATION, REAL = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [
    shlex.split(line.removesuffix("&"))[1:]
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.startswith("lead-connector ")
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with the files that the page has one write."""
    for name in ("schemas", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "connector.yaml").write_text(CONFIGURATION, "utf-8")
    (tmp_path / "token").write_text("trial", "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_commands_exist_with_their_options(command: list[str]) -> None:
    """The line is read to its end before help is given."""
    result = CliRunner().invoke(app, [*command, "--help"])
    assert result.exit_code == 0, result.output


def test_what_needs_no_network_works_as_it_stands(folder: Path) -> None:
    """The check, and the preview of the leads in the file."""
    done = 0
    for command in COMMANDS:
        if "--online" not in command and (command[0] == "check" or ("--input" in command and command[0] == "preview")):
            result = CliRunner().invoke(app, command)
            assert result.exit_code == 0, result.output
            done += 1
    assert done == 2


def test_the_real_one_is_accepted_too(folder: Path) -> None:
    """The trial's line for uContact replaced by the real one."""
    path = folder / "connector.yaml"
    path.write_text(re.sub(r"^ucontact: .*$", REAL.strip(), CONFIGURATION, flags=re.MULTILINE), "utf-8")
    result = CliRunner().invoke(app, ["check", "-c", "connector.yaml"])
    assert result.exit_code == 0, result.output
    assert "https://acme.ucontactcloud.com/" in result.output
