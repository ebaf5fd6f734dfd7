"""How the commands show what is wrong with a configuration."""

from __future__ import annotations

from pathlib import Path

import typer

from connector.config import ConfigurationError, Loaded, Problem, load
from connector.plan import Plan, make_plan


def load_and_plan(path: Path) -> tuple[Loaded, Plan]:
    """Load a configuration and compile it. Prints every problem and exits 2 if there are any."""
    try:
        loaded = load(path)
        plan = make_plan(loaded)
    except ConfigurationError as error:
        show(error.problems)
        raise typer.Exit(2) from None
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
    return loaded, plan


def show(problems: list[Problem]) -> None:
    """One line each on standard error, then their number."""
    for problem in problems:
        typer.echo(str(problem), err=True)
    count = len(problems)
    typer.echo(f"{count} problem{'s' if count != 1 else ''} in the configuration; nothing was started", err=True)
