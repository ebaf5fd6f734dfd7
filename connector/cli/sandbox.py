"""``lead-connector sandbox``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.parts import require


def sandbox(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes any free one.")] = 8090,
    directory: Annotated[
        Path, typer.Option(file_okay=False, help="For the ledger and the database; made when it is missing.")
    ] = Path("sandbox-data"),
    hub: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=KIND[@ZONE]",
            help="A hub, its kind (telephony, predictive, broadcast, preview, sms, whatsapp, email) and its time zone; "
            "may be repeated.",
            show_default="one of each kind",
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="File with the token to ask for.", show_default="any token will do"),
    ] = None,
) -> None:
    """The uContact sandbox alone, until SIGTERM or Ctrl-C."""
    require("sandbox", "sandbox")
    from sandbox.ledger import LedgerError
    from sandbox.server import DEFAULT_HUBS, SandboxSettings, run

    try:
        kinds, zones = _hubs(hub or [])
        settings = SandboxSettings(
            directory=directory,
            host=host,
            port=port,
            token=None if token_file is None else token_file.read_text(encoding="utf-8").strip(),
            hubs=kinds or dict(DEFAULT_HUBS),
            timezones=zones,
        )
    except (OSError, ValueError) as error:
        typer.echo(f"sandbox: {error}", err=True)
        raise typer.Exit(2) from None
    try:
        run(settings, lambda url: typer.echo(f"sandbox listening on {url}"))
    except (OSError, LedgerError) as error:
        typer.echo(f"sandbox: {error}", err=True)
        raise typer.Exit(1) from None


def _hubs(texts: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Hub name to kind, and to zone where one is given. Raises ValueError."""
    kinds: dict[str, str] = {}
    zones: dict[str, str] = {}
    for text in texts:
        name, equals, kind = text.rpartition("=")
        if not equals:
            raise ValueError(f"--hub {text}: must be NAME=KIND")
        if name in kinds:
            raise ValueError(f"--hub {text}: hub {name!r} is given twice")
        kinds[name], at, zone = kind.partition("@")
        if at:
            zones[name] = zone
    return kinds, zones
