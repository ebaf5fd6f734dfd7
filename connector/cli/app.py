"""The commands by name. Each command's module is imported when it is called: ``--help`` stays quick."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

import connector
from connector.cli.demo import demo
from connector.cli.sandbox import sandbox

ConfigFile = Annotated[
    Path, typer.Option("--config", "-c", help="The configuration file (YAML).", metavar="FILE", show_default=False)
]

app = typer.Typer(
    name="lead-connector",
    help="Lead events from Kafka to uContact, committed only after a successful POST.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
config_app = typer.Typer(help="About the configuration.", no_args_is_help=True)
app.add_typer(config_app, name="config")


def main() -> None:
    """Run the command line; exits the process."""
    app()


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


@app.command()
def run(config: ConfigFile) -> None:
    """Run the connector until SIGTERM."""
    from connector.cli.run import run as command

    raise typer.Exit(command(config))


app.command()(demo)
app.command()(sandbox)


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration, for editors."""
    import orjson

    from connector.config import json_schema

    typer.echo(orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2))
