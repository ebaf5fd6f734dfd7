"""Suppression lists in files."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from connector.leads.suppression import Entries, NotAList, read_entries
from connector.reread import RereadFile

LARGEST = 64 * 1024 * 1024
"""Bytes of a list, which are in memory while it is read: some four million phone numbers."""


class SuppressionFile(RereadFile[Entries]):
    """The entries of a list in a file; implements ``leads.suppression.Listed``.

    An empty file is taken for a mistake, and a list without entries has a comment: a file that is being written is
    empty at first.
    """

    what = "suppression list"

    def __init__(self, path: Path) -> None:
        """Blocks for the reading of the file; raises Unusable when that cannot be done."""
        super().__init__(path, _read, LARGEST)

    def __contains__(self, text: str, /) -> bool:
        return text in self.content


def _read(content: bytes, pause: Callable[[], None]) -> Entries:
    if not content:
        raise NotAList("the file is empty; a list without entries has a comment (# …)")
    return read_entries(BytesIO(content), pause)
