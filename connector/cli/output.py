"""How a command shows its results."""

from __future__ import annotations

from enum import StrEnum


class Output(StrEnum):
    """For people, or for programs."""

    TEXT = "text"
    JSON = "json"
