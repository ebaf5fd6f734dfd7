"""Times and positions as options take them."""

from __future__ import annotations

from datetime import datetime

import typer

from connector.kafka.peek import Position

_POSITION = "earliest, latest, an offset (-20: the last 20 of each partition) or a time such as 2026-03-08T09:30:00Z"


def instant_ms(text: str) -> int:
    """ISO 8601 with Z or an offset, as milliseconds since the epoch. Raises typer.BadParameter."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time such as 2026-03-08T09:30:00Z") from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} needs Z or an offset: 2026-03-08T09:30:00Z, 2026-03-08T06:30:00-03:00")
    return round(moment.timestamp() * 1000)


def position(text: str) -> Position:
    """Where to begin to read a topic. Raises typer.BadParameter."""
    if text in ("earliest", "latest"):
        return Position(at_end=text == "latest")
    if text.isascii() and text.removeprefix("-").isdecimal():
        return Position(int(text))
    try:
        return Position(time_ms=instant_ms(text))
    except typer.BadParameter:
        raise typer.BadParameter(f"{text!r} is none of {_POSITION}") from None
