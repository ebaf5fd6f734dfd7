"""How times and counts are put in words. Pure."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime


def moment(time_ms: int) -> str:
    """Milliseconds since the epoch as ISO 8601 in UTC; ``?`` for what no calendar has: anybody may have written it."""
    try:
        text = datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, ValueError, OSError):
        return "?"
    return text.replace("+00:00", "Z")


def number(count: int, what: str) -> str:
    """``1 letter``, ``2,000 letters``."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def each(counts: Counter[str]) -> str:
    """``missing_field 8, rejected 4``: most first."""
    return ", ".join(
        f"{name} {count:,}" for name, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    )
