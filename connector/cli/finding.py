"""What `check --online` asks, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.config import Loaded, Problem


@dataclass(frozen=True, slots=True)
class Finding:
    """What was asked, and what came of it. With ``failures`` it is not as it should be."""

    what: str
    message: str
    failures: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = field(default=())


def failed(loaded: Loaded, what: str, path: tuple[str | int, ...], message: str, hint: str) -> Finding:
    """One thing that is not as it should be, with its place in the configuration."""
    return Finding(what, message, (loaded.problem(path, message, hint),))


def warned(loaded: Loaded, what: str, path: tuple[str | int, ...], message: str, hint: str) -> Finding:
    """One thing that works, but hardly as meant."""
    return Finding(what, message, warnings=(loaded.problem(path, message, hint),))


def number(count: int, what: str) -> str:
    """``1 partition``, ``2 partitions``."""
    return f"{count} {what}{'' if count == 1 else 's'}"
