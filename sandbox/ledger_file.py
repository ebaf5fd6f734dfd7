"""The ledger's format, and reading it: JSON lines, one accepted lead each.

Each line has seq (1, 2, 3 ...), accepted_at (epoch milliseconds), hub, endpoint, request (id), index (in the request),
of (leads in the request), lead (identity), contact (as received) and, for lists, filename. ``of`` is what lets a start
after a crash tell a request whose lines did not all reach the disk: nobody was told it was accepted, so it is cut off.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


class LedgerError(Exception):
    """The ledger cannot be used: held by another sandbox, damaged before its end, or the disk refused a write."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted lead, one line of the ledger."""

    seq: int
    accepted_at: int
    hub: str
    endpoint: str
    request: str
    index: int
    of: int
    lead: str
    contact: dict[str, Any]
    filename: str | None = None

    def line(self) -> bytes:
        """The entry as it stands in the file, newline included."""
        value: dict[str, object] = {
            "seq": self.seq,
            "accepted_at": self.accepted_at,
            "hub": self.hub,
            "endpoint": self.endpoint,
            "request": self.request,
            "index": self.index,
            "of": self.of,
            "lead": self.lead,
            "contact": self.contact,
        }
        if self.filename is not None:
            value["filename"] = self.filename
        return orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE)


def read_ledger(path: Path) -> Iterator[Entry]:
    """Reads a ledger, also one that is being written: whole requests only, a torn end is left out. Blocks on the disk.

    Raises LedgerError when a line before the end is not an entry, or entries do not follow each other.
    """
    for entries, _ in read_requests(path):
        yield from entries


def read_requests(path: Path) -> Iterator[tuple[list[Entry], int]]:
    """The whole requests of a ledger, each with the file offset at which it ends. As ``read_ledger``."""
    offset, seq = 0, 0
    group: list[Entry] = []
    with path.open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                entry = Entry(**orjson.loads(line))
            except (orjson.JSONDecodeError, TypeError) as error:
                if file.read(1):
                    raise LedgerError(f"{path}: the line after seq {seq} is not a ledger entry: {error}") from error
                return
            in_step = entry.index == len(group) and (not group or entry.request == group[0].request)
            if entry.seq != seq + 1 or not in_step:
                raise LedgerError(f"{path}: seq {entry.seq}, index {entry.index} does not follow seq {seq}")
            seq, offset = entry.seq, offset + len(line)
            group.append(entry)
            if len(group) == entry.of:
                yield group, offset
                group = []
