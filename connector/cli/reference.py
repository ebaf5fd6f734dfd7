"""``docs/options.md``: every command with its options and examples, as ``--help`` has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import typer
import typer.main

from connector.cli.app import app
from connector.cli.examples import EXAMPLES

HEAD = """# Options of every command

Made from the code by `make docs`; `lead-connector COMMAND --help` says the same. What the commands do, print and
return: [commands](commands.md), [repair](repair.md).
"""


def commands() -> dict[str, Any]:
    """Each command that does something, by its name such as ``dlq list``. Typer gives its objects no public type."""
    return dict(_commands(typer.main.get_command(app), ""))


def _commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield name, command
    else:
        for each, below in inner.items():
            yield from _commands(below, f"{name} {each}".strip())


def page() -> str:
    """The page, in Markdown."""
    lines = [HEAD]
    for name, command in commands().items():
        lines += [f"## `{name}`", "", str(command.help), "", "| option | |", "|---|---|"]
        context = typer.Context(command, info_name=name)
        lines += [_row(*each) for parameter in command.params if (each := parameter.get_help_record(context))]
        lines += ["", "```sh", *(f"lead-connector {each}" for each in EXAMPLES[name]), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def _row(option: str, told: str) -> str:
    return f"| `{_cell(option)}` | {_cell(told)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").strip()
