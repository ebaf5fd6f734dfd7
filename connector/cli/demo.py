"""``lead-connector demo``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from connector.cli.parts import require
from connector.demo.options import Broker, Options

_DEFAULT = Options()


def demo(
    leads: Annotated[
        int, typer.Option(min=1, metavar="N", help="Leads that come at full rate; afterwards they trickle.")
    ] = _DEFAULT.leads,
    seconds: Annotated[
        float | None, typer.Option(min=0, metavar="S", help="End after this time.", show_default=False)
    ] = None,
    exit_when_done: Annotated[
        bool, typer.Option("--exit-when-done", help="End when every lead has its outcome; no trickle.")
    ] = False,
    summary: Annotated[
        Path | None,
        typer.Option(metavar="FILE", dir_okay=False, help="Write the summary there, as JSON.", show_default=False),
    ] = None,
    broker: Annotated[
        Broker,
        typer.Option(
            help="embedded: librdkafka's mock cluster in this process; apache: a real Kafka, as in the tests."
        ),
    ] = _DEFAULT.broker,
    rate: Annotated[
        float, typer.Option(min=0, metavar="R", help="Leads a second, on average; 0 as fast as it goes.")
    ] = _DEFAULT.rate,
    seed: Annotated[int, typer.Option(help="Another seed, other people and mistakes.")] = _DEFAULT.seed,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65_535, help="The sandbox's port; 0 any free one.", show_default="8090, else any free one"
        ),
    ] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep the folder with configuration, log and the sandbox's ledger.")
    ] = False,
) -> None:
    """Broker, sandbox, registry, leads and connector in one go, with a live view and a summary that adds up."""
    if summary is not None and not summary.absolute().parent.is_dir():
        raise typer.BadParameter(f"{summary.absolute().parent} is no folder", param_hint="--summary")
    require("demo", "sandbox", "testbed")
    from connector.demo.run import run

    options = Options(
        leads=leads,
        seconds=seconds,
        exit_when_done=exit_when_done,
        summary=summary,
        broker=broker,
        rate=rate,
        seed=seed,
        port=port,
        keep=keep,
    )
    raise typer.Exit(run(options))
