"""Tables in files: CSV, YAML and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from connector.config.yaml_nodes import Unreadable
from connector.config.yaml_tree import parse
from connector.leads.tables import NotATable, collected, entry_text, read_csv
from connector.reread import RereadFile

LARGEST = 4 * 1024 * 1024
"""Bytes of a table. YAML and JSON have at most a quarter of it (``yaml_tree.MAX_BYTES``)."""

Contents: TypeAlias = "dict[str, str]"


class TableFile(RereadFile[Contents]):
    """A table in a file, whose name says how it is written; implements ``leads.tables.Table``."""

    what = "table"

    def __init__(self, path: Path) -> None:
        """Blocks for the reading of the file; raises Unusable when that cannot be done."""
        super().__init__(path, _READERS.get(path.suffix.lower(), _unknown), LARGEST)

    def get(self, key: str, /) -> str | None:
        """What stands for the key, or None."""
        return self.content.get(key)


def _read_yaml(content: bytes, pause: Callable[[], None]) -> Contents:
    try:
        document = parse(content)
    except Unreadable as error:
        raise NotATable(f"line {error.line}: {error.message}") from None
    for mistake in document.mistakes:
        raise NotATable(f"line {mistake.line}: {mistake.finding.message}")
    entries = document.root.value
    if not isinstance(entries, dict):
        raise NotATable(f"line {document.root.line}: a table has a key and a value on each line (key: value)")

    def each() -> Iterator[tuple[int, str, str]]:
        for key, entry in entries.items():
            yield entry.line, key, entry_text(entry.node.value, entry.line)

    return collected(each(), pause)


def _read_json(content: bytes, pause: Callable[[], None]) -> Contents:
    """JSON is YAML, save for tabs, which stand between its values only."""
    return _read_yaml(content.replace(b"\t", b" "), pause)


def _unknown(_content: bytes, _pause: Callable[[], None]) -> Contents:
    raise NotATable("a table is a file named .csv, .yaml, .yml or .json")


_READERS = {".csv": read_csv, ".json": _read_json, ".yaml": _read_yaml, ".yml": _read_yaml}
