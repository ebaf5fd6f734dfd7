"""What is wrong with a configuration, where, and the way out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pydantic_core import PydanticCustomError

KeyPath: TypeAlias = "tuple[str | int, ...]"
"""The way to a value: ("routes", 0, "hub")."""


def dotted(path: Sequence[str | int]) -> str:
    """Write a path as people do: ``routes[0].contact.clientIds``. A key with a dot in it stands in brackets."""
    text = ""
    for part in path:
        if isinstance(part, int) or part == "" or set(part) & set(".[] "):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands: a file with line and column (both from 1), or an environment variable without them."""

    file: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake (or, among the warnings, one remark).

    ``file`` is the configuration file as it was named, or the environment variable; ``line`` and ``column`` count
    from 1 and are None where there is no line to show. ``path`` is dotted (``routes[0].hub``), empty for the whole
    file. ``message`` and ``hint`` are plain sentences without the full stop at the end; neither quotes a secret.
    """

    file: str
    line: int | None
    column: int | None
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        head = str(Place(self.file, self.line, self.column))
        text = ": ".join(part for part in (head, self.path, self.message) if part)
        return f"{text}. {self.hint}" if self.hint else text


class ConfigurationError(Exception):
    """The configuration cannot be used. ``problems`` holds all of them: file order, then the environment."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = sorted(
            problems, key=lambda problem: (problem.line is None, problem.line or 0, problem.column or 0)
        )
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem before its place is looked up. ``at_key`` points at the key itself and not at its value."""

    path: KeyPath
    message: str
    hint: str = ""
    at_key: bool = False


def refuse(message: str, hint: str = "") -> PydanticCustomError:
    """Make the exception that a validator raises to say something in our own words."""
    return PydanticCustomError("refused", "{message}", {"message": message, "hint": hint})


def quote(value: object) -> str:
    """Show a scalar in a message: short, on one line, control characters escaped."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        text = ascii(value) if not value.isprintable() else f"'{value}'"
    elif isinstance(value, dict):
        return "a section"
    elif isinstance(value, (list, tuple)):
        return "a list"
    else:
        text = str(value)
    return text if len(text) <= 60 else f"{text[:56]}…'"
