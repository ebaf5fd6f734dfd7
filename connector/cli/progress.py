"""A bar on a terminal while topics are read; nothing anywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from connector.repair.ports import Progress as Reading


@contextmanager
def bars() -> Iterator[Callable[[str], Reading]]:
    """Gives a bar for each thing that is read, by its description; they are gone in the end."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:

        def bar(what: str) -> Reading:
            task = progress.add_task(what, total=None)

            def read(offsets: int, total: int | None = None) -> None:
                progress.update(task, advance=offsets, total=total)

            return read

        yield bar
