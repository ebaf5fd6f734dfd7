"""The commands by name. Each command's module is imported when it is called: ``--help`` stays quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import connector
from connector.cli import letters_app
from connector.cli.demo import demo
from connector.cli.examples import examples
from connector.cli.options import ConfigFile
from connector.cli.output import Output
from connector.cli.sandbox import sandbox
from connector.cli.termination import end_on_sigterm
from connector.leads.outcome import Outcome

app = typer.Typer(
    name="lead-connector",
    help="Lead events from Kafka to uContact, committed only after a successful POST.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="About the configuration.", no_args_is_help=True)
app.add_typer(letters_app.dlq, name="dlq")
app.add_typer(letters_app.review, name="review")
app.add_typer(config_app, name="config")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lead-connector {connector.__version__}")
        raise typer.Exit


@app.callback()
def common(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Options before the command."""


@app.command(epilog=examples("run"))
def run(config: ConfigFile) -> None:
    """Run the connector until SIGTERM."""
    end_on_sigterm(0)  # until the service takes the signal over: nothing is read yet, so nothing has to be finished
    from connector.cli.run import run as command

    raise typer.Exit(command(config))


@app.command(epilog=examples("check"))
def check(
    config: ConfigFile,
    online: Annotated[
        bool, typer.Option("--online", help="Also ask the brokers, the registry and the API whether all is there.")
    ] = False,
    replicas: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="With --online: is there a partition for each of so many?", show_default=False
        ),
    ] = None,
    output: Annotated[Output, typer.Option(help="How to print the result.")] = Output.TEXT,
) -> None:
    """List everything that is wrong with a configuration, or what it will do."""
    from connector.cli.check import check as command

    raise typer.Exit(command(config, online=online, replicas=replicas, output=output))


@app.command(epilog=examples("preview"))
def preview(
    config: ConfigFile,
    file: Annotated[
        Path | None,
        typer.Option("--input", metavar="FILE", help="Leads as JSON; - is standard input.", show_default=False),
    ] = None,
    topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Leads that are on this topic.", show_default=False)
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="POSITION",
            help="Where to begin on the topic: earliest, latest (what comes from now on), an offset"
            " (-20: the last 20 of each partition), or a time.",
            show_default="earliest",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, max=10**15, metavar="N", help="Most leads.", show_default="50 of a topic, all of a file"),
    ] = None,
    batch: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Most leads in a request: those that follow one another to a hub.",
            show_default="1",
        ),
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Preview as if it were this time (ISO 8601).", show_default="the clock's"),
    ] = None,
    as_topic: Annotated[
        str | None,
        typer.Option(metavar="TOPIC", help="The topic that a file's leads count as.", show_default="the first named"),
    ] = None,
    diff: Annotated[
        Path | None,
        typer.Option(
            metavar="OTHER",
            help="Print instead what this configuration would change for the same leads.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[Output, typer.Option(help="json prints one object a line.")] = Output.TEXT,
) -> None:
    """Print the exact requests that leads would become, and why others would not be sent. Sends nothing."""
    from connector.cli.preview import preview as command

    raise typer.Exit(
        command(
            config,
            file=file,
            topic=topic,
            start=start,
            limit=limit,
            batch=batch,
            now=now,
            as_topic=as_topic,
            diff=diff,
            output=output,
        )
    )


@app.command(epilog=examples("roundtrip"))
def roundtrip(
    config: ConfigFile,
    file: Annotated[
        Path,
        typer.Option(
            "--input",
            metavar="FILE",
            help="A lead as JSON. The text $ID in it becomes a new id, $NOW the time.",
            show_default=False,
        ),
    ],
    topic: Annotated[
        str | None, typer.Option(metavar="TOPIC", help="Topic to write to.", show_default="the first named")
    ] = None,
    timeout: Annotated[str, typer.Option(metavar="TIME", help="How long to wait for the receipt.")] = "60s",
    expect: Annotated[
        list[Outcome] | None, typer.Option(help="Outcome that is a success.", show_default="delivered and filtered")
    ] = None,
) -> None:
    """Write one lead to a topic that is read, and wait for its receipt. The lead is real: it is delivered."""
    from connector.cli.roundtrip import roundtrip as command

    outcomes = expect or [Outcome.DELIVERED, Outcome.FILTERED]
    raise typer.Exit(command(config, file=file, topic=topic, timeout=timeout, expect=outcomes))


@app.command(epilog=examples("trace"))
def trace(
    config: ConfigFile,
    lead: Annotated[str, typer.Argument(metavar="LEAD_ID", help="The lead's id (lead.id of the configuration).")],
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="Look from here on: a time, or earliest.", show_default="7 days ago"
        ),
    ] = None,
    output: Annotated[Output, typer.Option(help="json prints one object a line.")] = Output.TEXT,
) -> None:
    """Say what became of a lead: delivered when and to which hub, set aside why, or where it waits."""
    from connector.cli.trace import command

    raise typer.Exit(command(config, lead, start=start, output=output))


@app.command(epilog=examples("reconcile"))
def reconcile(
    config: ConfigFile,
    start: Annotated[str, typer.Option("--from", metavar="TIME", help="Events written at this time or later.")],
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Events written before it.", show_default="now")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, max=100_000, metavar="N", help="Most leads listed.")] = 50,
    output: Annotated[Output, typer.Option(help="json prints one object a line.")] = Output.TEXT,
) -> None:
    """Add up events against the outcomes in their receipts. Exit code 1: some have none."""
    from connector.cli.reconcile import command

    raise typer.Exit(command(config, start=start, end=end, limit=limit, output=output))


app.command(epilog=examples("demo"))(demo)
app.command(epilog=examples("sandbox"))(sandbox)


@config_app.command("schema", epilog=examples("config schema"))
def config_schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    import orjson

    from connector.config import json_schema

    typer.echo(orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2))
