"""How the commands show what is wrong with a configuration."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import typer

from connector.config import ConfigurationError, Loaded, Problem, examine
from connector.plan import ALL, Connection, Plan, draft_plan


def load_and_plan_both(
    path: Path, other: Path, *, connections: frozenset[Connection], others_connections: frozenset[Connection]
) -> tuple[tuple[Loaded, Plan], tuple[Loaded, Plan]]:
    """As ``load_and_plan`` without looking at files, for two configurations: the problems of both are printed."""
    found: list[tuple[Loaded, Plan]] = []
    for each, wanted in ((path, connections), (other, others_connections)):
        try:
            found.append(load_and_plan(each, check_files=False, connections=wanted))
        except typer.Exit:
            continue
    if len(found) < 2:
        raise typer.Exit(2)
    return found[0], found[1]


def remark(warning: Problem) -> None:
    """One line on standard error."""
    typer.echo(f"warning: {warning}", err=True)


def load_and_plan(
    path: Path,
    *,
    check_files: bool = True,
    connections: frozenset[Connection] = ALL,
    warn: Callable[[Problem], None] = remark,
) -> tuple[Loaded, Plan]:
    """Load a configuration and compile it. Prints every problem and exits 2 if there are any; ``warn`` gets what works,
    but hardly as meant.

    ``check_files`` and ``connections`` as for ``config.load`` and ``make_plan``: what the command does not need must
    not stop it.
    """
    loaded, plan, problems, unchecked = examine_and_plan(path, check_files=check_files, connections=connections)
    if loaded is None or plan is None:
        show(problems, unchecked)
        raise typer.Exit(2)
    for warning in (*loaded.warnings, *plan.warnings):
        warn(warning)
    return loaded, plan


def examine_and_plan(
    path: Path, *, check_files: bool = True, connections: frozenset[Connection] = ALL
) -> tuple[Loaded | None, Plan | None, list[Problem], list[str]]:
    """Whatever can be had of a configuration and its plan, every problem in file order, and what these kept from being
    checked. With problems there is no plan."""
    try:
        loaded, problems = examine(path, check_files=check_files)
    except ConfigurationError as error:
        return None, None, error.problems, []
    draft = draft_plan(loaded, connections=connections)
    # Some mistakes are seen by both: a file that is missing cannot be read either.
    known = [problem.path for problem in problems]
    problems += [each for each in draft.problems if not any(_same_place(each.path, path) for path in known)]
    if problems:
        return loaded, None, ConfigurationError(problems).problems, draft.unchecked
    return loaded, draft.plan, [], []


def show(problems: Sequence[Problem], unchecked: Sequence[str] = (), result: str = "nothing was started") -> None:
    """One line each on standard error, then their number, what was not checked, and ``result``."""
    for problem in problems:
        typer.echo(str(problem), err=True)
    count = len(problems)
    typer.echo(f"{count} problem{'s' if count != 1 else ''} in the configuration; {result}", err=True)
    if unchecked:
        typer.echo(f"checked when these are mended: {', '.join(unchecked)}", err=True)


def _same_place(one: str, other: str) -> bool:
    """Whether one place lies in the other."""
    shorter, longer = sorted((one, other), key=len)
    return longer == shorter or longer.startswith((f"{shorter}.", f"{shorter}["))
