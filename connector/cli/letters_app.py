"""The commands ``dlq …`` and ``review …`` by name; what they do is in ``letters.py``, imported when they are called."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from connector.cli.examples import examples
from connector.cli.options import ConfigFile
from connector.cli.output import Output

if TYPE_CHECKING:
    from connector.repair.selection import Selection

Places = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[POSITION]...",
        help="Letters by position (leads.dead/0/17, or 0/17), or by that of the record they were made of, as in the log"
        " (leads/3/88).",
        show_default=False,
    ),
]
Reasons = Annotated[
    list[str] | None, typer.Option("--reason", metavar="REASON", help="Set aside for this reason.", show_default=False)
]
Routes = Annotated[
    list[str] | None, typer.Option("--route", metavar="NAME", help="Mapped by this route.", show_default=False)
]
Hubs = Annotated[list[str] | None, typer.Option("--hub", metavar="NAME", help="For this hub.", show_default=False)]
Topics = Annotated[
    list[str] | None, typer.Option("--topic", metavar="TOPIC", help="Read from this topic.", show_default=False)
]
Lead = Annotated[str | None, typer.Option(metavar="ID", help="Of this lead, where it was mapped.", show_default=False)]
From = Annotated[
    str | None, typer.Option("--from", metavar="TIME", help="Set aside at this time or later.", show_default=False)
]
To = Annotated[str | None, typer.Option("--to", metavar="TIME", help="Set aside before it.", show_default=False)]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without a question.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what it would do, and write nothing.")]
All = Annotated[bool, typer.Option("--all", help="Every open letter: needed where nothing else says which.")]
OutputOption = Annotated[Output, typer.Option(help="json prints one object a line.")]
Limit = Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="Most letters shown, the newest.")]

_MANY = "Options that may be given several times take any of them; different options must all hold."

dlq = typer.Typer(help="Dead letters: look at them, send them again, or discard them.", no_args_is_help=True)
review = typer.Typer(
    help="Leads that may have arrived: look at them, then send them again or confirm them.", no_args_is_help=True
)


def _selection(
    places: list[str] | None,
    reasons: list[str] | None,
    routes: list[str] | None,
    hubs: list[str] | None,
    topics: list[str] | None,
    lead: str | None,
    from_: str | None,
    to: str | None,
    state: str | None = None,
) -> Callable[[str], Selection]:
    from connector.cli.letters import positions
    from connector.cli.moments import instant_ms
    from connector.repair.selection import OPEN, STATES, Selection

    if state is not None and state not in STATES:
        raise typer.BadParameter(f"{state!r} is none of {', '.join(STATES)}", param_hint="--state")
    from_ms = None if from_ is None else instant_ms(from_, "--from")
    to_ms = None if to is None else instant_ms(to, "--to")
    return lambda topic: Selection(
        state or OPEN,
        positions(places, topic),
        frozenset(reasons or ()),
        frozenset(routes or ()),
        frozenset(hubs or ()),
        frozenset(topics or ()),
        lead,
        from_ms,
        to_ms,
    )


def _named(every: bool, *given: object) -> None:
    """What cannot be taken back needs to be told which letters are meant."""
    if not every and not any(given):
        raise typer.BadParameter("say which letters: positions, filters, or --all")


def _add_common(app: typer.Typer, called: str, name: str) -> None:
    """``list`` and ``show``, which are the same for both."""

    @app.command(
        "list",
        help=f"Print the letters, and how many there are for each reason. {_MANY}",
        epilog=examples(f"{called} list"),
    )
    def list_letters(
        config: ConfigFile,
        places: Places = None,
        reason: Reasons = None,
        route: Routes = None,
        hub: Hubs = None,
        topic: Topics = None,
        lead: Lead = None,
        from_: From = None,
        to: To = None,
        state: Annotated[
            str, typer.Option(metavar="STATE", help="open, replayed, delivered, discarded, confirmed or all.")
        ] = "open",
        limit: Limit = 50,
        output: OutputOption = Output.TEXT,
    ) -> None:
        from connector.cli.letters import Kind
        from connector.cli.letters import list_letters as command

        selection = _selection(places, reason, route, hub, topic, lead, from_, to, state)
        raise typer.Exit(command(config, Kind(name), selection, limit, output))

    @app.command(
        help="Print one letter: why it was set aside, the lead (masked), what would become of it now. Sends nothing.",
        epilog=examples(f"{called} show"),
    )
    def show(
        config: ConfigFile,
        position: Annotated[
            str,
            typer.Argument(metavar="POSITION", help="leads.dead/0/17, or 0/17; or, as in the log, where it was read."),
        ],
        whole: Annotated[bool, typer.Option("--whole", help="Do not mask what is personal.")] = False,
        output: OutputOption = Output.TEXT,
    ) -> None:
        from connector.cli.letters import Kind
        from connector.cli.letters import show as command

        raise typer.Exit(command(config, Kind(name), position, output, whole=whole))


def _add_replay(app: typer.Typer, called: str, name: str, what: str) -> None:
    @app.command(
        called.split()[-1],
        help=f"{what} Says first what that would do, and asks. {_MANY}",
        epilog=examples(called),
    )
    def replay(
        config: ConfigFile,
        places: Places = None,
        reason: Reasons = None,
        route: Routes = None,
        hub: Hubs = None,
        topic: Topics = None,
        lead: Lead = None,
        from_: From = None,
        to: To = None,
        _every: Annotated[
            bool, typer.Option("--all", help="Every open letter: so it is where nothing else says which.")
        ] = False,
        yes: Yes = False,
        dry_run: DryRun = False,
    ) -> None:
        from connector.cli.letters import Kind
        from connector.cli.letters import replay as command

        selection = _selection(places, reason, route, hub, topic, lead, from_, to)
        raise typer.Exit(command(config, Kind(name), selection, yes=yes, dry_run=dry_run))


def _decide(
    config: Path, name: str, word: str, selection: Callable[[str], Selection], why: str | None, yes: bool
) -> None:
    from connector.cli.letters import Kind, decide
    from connector.kafka.decisions import Decision

    raise typer.Exit(decide(config, Kind(name), selection, Decision(word), why, yes=yes))


_add_common(dlq, "dlq", "dead_letters")
_add_replay(
    dlq,
    "dlq replay",
    "dead_letters",
    "Send open letters again, through the running connector with the mapping as it is now. Those that would be set "
    "aside again stay, and none is sent twice.",
)
_add_common(review, "review", "review")
_add_replay(
    review, "review resend", "review", "Send leads again that may have arrived: somebody looked, and they had not."
)


@dlq.command(epilog=examples("dlq discard"))
def discard(
    config: ConfigFile,
    why: Annotated[str, typer.Option("--because", metavar="TEXT", help="Why; kept with the decision.")],
    places: Places = None,
    reason: Reasons = None,
    route: Routes = None,
    hub: Hubs = None,
    topic: Topics = None,
    lead: Lead = None,
    from_: From = None,
    to: To = None,
    every: All = False,
    yes: Yes = False,
) -> None:
    """Decide that open letters shall not be sent. They stay on the topic, and are not open any more."""
    if not why.strip():
        raise typer.BadParameter("say why", param_hint="--because")
    _named(every, places, reason, route, hub, topic, lead, from_, to)
    _decide(
        config, "dead_letters", "discarded", _selection(places, reason, route, hub, topic, lead, from_, to), why, yes
    )


@review.command(epilog=examples("review confirm"))
def confirm(
    config: ConfigFile,
    places: Places = None,
    reason: Reasons = None,
    route: Routes = None,
    hub: Hubs = None,
    topic: Topics = None,
    lead: Lead = None,
    from_: From = None,
    to: To = None,
    why: Annotated[
        str | None, typer.Option("--because", metavar="TEXT", help="How it is known.", show_default=False)
    ] = None,
    every: All = False,
    yes: Yes = False,
) -> None:
    """Say that leads had arrived: somebody looked in uContact, and they are there. They are not sent again."""
    _named(every, places, reason, route, hub, topic, lead, from_, to)
    _decide(config, "review", "confirmed", _selection(places, reason, route, hub, topic, lead, from_, to), why, yes)
