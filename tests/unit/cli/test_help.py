"""Every command's help has examples that work, and every command line in a page is one that the program takes."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connector.cli.app import app
from connector.cli.examples import EXAMPLES
from connector.cli.reference import commands
from tests.unit.cli.support import ROOT, Ran, configuration
from tests.unit.markdown import Page
from tests.unit.test_docs_links import PAGES

LOCAL = (
    "check -c connector.yaml",
    "preview -c connector.yaml --input leads.json",
    "preview -c connector.yaml --input leads.json --diff changed.yaml",
    "config schema > connector.schema.json",
)
"""These need nothing on the network. The others are run by tests/integration/test_help_examples.py."""
_PROGRAM = "lead-connector "
_ENDS = re.compile(r"\s(?:[|>&#]|$)")


def _ran(*arguments: str) -> Ran:
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "80", "NO_COLOR": "1", "TERM": "dumb"})
    return Ran(result.exit_code, result.stdout, result.stderr)


def _lines() -> list[str]:
    """Every command line of every page: in fences for a shell, and after a prompt."""
    found: dict[str, None] = {}
    for path in PAGES:
        for fence in Page.read(path).fences:
            for line in fence.text.replace("\\\n", " ").splitlines():
                line = line.removeprefix("$ ").strip()
                if line.startswith(_PROGRAM):
                    found[_ENDS.split(line + " ")[0].removeprefix(_PROGRAM)] = None
    return list(found)


def test_every_command_has_one_to_three_examples() -> None:
    """And nothing else has."""
    assert set(EXAMPLES) == set(commands())
    assert {len(each) for each in EXAMPLES.values()} <= {1, 2, 3}
    assert all(example.split(" >")[0].startswith(name) for name, told in EXAMPLES.items() for example in told)


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_help_shows_them(name: str) -> None:
    """On a terminal of 80 columns, as lines that can be copied."""
    ran = _ran(*name.split(), "--help")
    assert ran.code == 0, ran.err
    shown = re.sub(r" \\\s*\n\s+", " ", ran.out)
    for example in EXAMPLES[name]:
        assert f" lead-connector {example}" in shown


@pytest.mark.parametrize("line", sorted({*_lines(), *(each for told in EXAMPLES.values() for each in told)}))
def test_the_program_takes_every_line(line: str) -> None:
    """It is read to its end before help is given."""
    ran = _ran(*shlex.split(line.split(" >")[0]), "--help")
    assert ran.code == 0, ran.err


def test_what_needs_no_network_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With files of these names."""
    configuration(tmp_path).rename(tmp_path / "connector.yaml")
    (tmp_path / "changed.yaml").write_bytes((tmp_path / "connector.yaml").read_bytes())
    (tmp_path / "leads.json").write_bytes((ROOT / "examples" / "leads.json").read_bytes())
    monkeypatch.chdir(tmp_path)
    for example in LOCAL:
        ran = _ran(*shlex.split(example.split(" >")[0]))
        assert ran.code == 0, ran.err
        assert ran.out or ran.err
