"""What an installation may be without: the connector's image has neither sandbox nor test bed."""

from __future__ import annotations

from importlib.util import find_spec

import typer


def require(command: str, *packages: str) -> None:
    """Say what to do, and exit with 2, when `command` needs a package of ours that is not installed."""
    absent = [name for name in packages if find_spec(name) is None]
    if not absent:
        return
    one = len(absent) == 1
    typer.echo(
        f"{command}: this installation has no {' and no '.join(absent)}, as the connector's image leaves "
        f"{'it' if one else 'them'} out. Use "
        + ("the image of the sandbox (docs/image.md), or " if command == "sandbox" else "")
        + "a checkout of the project: make install.",
        err=True,
    )
    raise typer.Exit(2)
