"""Completion in bash, zsh and fish: what each asks the program, and what it gets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connector.cli.reference import commands

VARIABLE = "_LEAD_CONNECTOR_COMPLETE"
SHELLS = ("bash", "zsh", "fish")
BASH = """
complete() { :; }
eval "$(_LEAD_CONNECTOR_COMPLETE=source_bash lead-connector)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_lead_connector_completion lead-connector
printf '%s\\n' "${COMPREPLY[@]}"
"""


def _environment(**more: str) -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}", **more}


def _answer(shell: str, line: str) -> str:
    """What the program says when this shell has this line, the cursor at its end."""
    if shell == "bash":
        command = ["bash", "--norc", "--noprofile", "-c", BASH, "bash", *line.split(" ")]
        environment = _environment()
    else:
        command = ["lead-connector"]
        asked = {VARIABLE: f"complete_{shell}", "_TYPER_COMPLETE_ARGS": line}
        environment = _environment(**asked, _TYPER_COMPLETE_FISH_ACTION="get-args")
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("lead-connector ", {name.split()[0] for name in commands()}),
        ("lead-connector pre", {"preview"}),
        ("lead-connector dlq ", {"list", "show", "replay", "discard"}),
        ("lead-connector check --o", {"--online", "--output"}),
        ("lead-connector demo --broker ", {"embedded", "apache"}),
    ],
)
def test_commands_options_and_values_are_offered(shell: str, line: str, offered: set[str]) -> None:
    """As the command line has them now."""
    answer = _answer(shell, line)
    assert {word for word in offered if word in answer} == offered
    assert "roundtrip" in offered or "roundtrip" not in answer


@pytest.mark.parametrize("shell", SHELLS)
def test_where_a_file_goes_the_shell_offers_files(shell: str) -> None:
    """The program leaves it to the shell."""
    assert _answer(shell, "lead-connector run -c conn").strip() == {"zsh": "_files"}.get(shell, "")


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_gets_its_script(shell: str) -> None:
    """For where `--install-completion` has nothing to write to, or cannot tell which shell it is."""
    asked = _environment(**{VARIABLE: f"source_{shell}"})
    done = subprocess.run(["lead-connector"], env=asked, capture_output=True, text=True, timeout=60, check=True)
    assert VARIABLE in done.stdout and "lead-connector" in done.stdout
