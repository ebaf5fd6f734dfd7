"""Times and positions as options take them."""

from __future__ import annotations

import re
from datetime import datetime

import typer

from connector.kafka.peek import Position

_EXAMPLE = "2026-03-08T09:30:00Z"
_OFFSET = re.compile(r"-?[0-9]{1,18}")


def instant_ms(text: str, option: str) -> int:
    """ISO 8601 with Z or an offset, as milliseconds since the epoch. Raises typer.BadParameter for ``option``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a time such as {_EXAMPLE}", param_hint=option) from None
    if moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} needs Z or an offset, as in {_EXAMPLE}", param_hint=option)
    return round(moment.timestamp() * 1000)


def position(text: str, option: str) -> Position:
    """Where to begin to read a topic. Raises typer.BadParameter for ``option``."""
    if text in ("earliest", "latest"):
        return Position(at_end=text == "latest")
    if _OFFSET.fullmatch(text):
        return Position(int(text))
    if text[:4].isdecimal():
        return Position(time_ms=instant_ms(text, option))
    raise typer.BadParameter(f"{text!r} is none of earliest, latest, an offset, a time ({_EXAMPLE})", param_hint=option)
