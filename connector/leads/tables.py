"""A table in a file: what stands for a value (``campaign | lookup('campaigns')``).

Two columns of text, which files have as CSV, or as a YAML or JSON object. No message quotes what is in the table.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from io import StringIO
from typing import Protocol

from connector.leads.values import absent, text

MAX_CELL = 10_000
"""Characters of a key or value."""
SLICE = 200
"""Entries read between two pauses: well below a millisecond."""
_SEPARATORS = ",;\t"
_HEADER = re.compile(rf'("?)key\1([{_SEPARATORS}])("?)value\3')


class Table(Protocol):
    """What the filter ``lookup`` asks."""

    def get(self, key: str, /) -> str | None:
        """What stands for the key, or None."""


class NotATable(ValueError):
    """The content is no table; the message begins with the line and tells nothing of what is in it."""


def lookup_in(tables: Mapping[str, Table]) -> Callable[[object, object], str | None]:
    """The filter over these tables by their names."""

    def lookup(value: object, table: object) -> str | None:
        """What stands for a value in a table, or None. Text, whole numbers and the like are found by their text, which
        must be exactly the key's."""
        if absent(value):
            return None
        if not isinstance(table, str) or table not in tables:
            raise ValueError("no such table")
        return tables[table].get(text(value))

    return lookup


def read_csv(content: bytes, pause: Callable[[], object] = lambda: None) -> dict[str, str]:
    """A table of two columns below the header ``key,value`` (or with ``;`` or a tab between). Raises NotATable, and
    what ``pause`` raises, which is called now and then."""
    lines = StringIO(_text(content), newline="")
    header = _HEADER.fullmatch(lines.readline().strip())
    if header is None:
        raise NotATable("line 1: the header is key,value (or key;value)")
    return collected(_rows(lines, header[2]), pause)


def _rows(lines: Iterable[str], separator: str) -> Iterator[tuple[int, str, str]]:
    """Number of the line, key and value of each row below the header."""
    rows = csv.reader(lines, delimiter=separator, strict=True)
    begin = 2
    try:
        for row in rows:
            line, begin = begin, rows.line_num + 2
            if len(row) == 2:
                yield line, row[0].strip(), row[1].strip()
            elif row:
                raise NotATable(f"line {line}: {len(row)} cells, not 2 (one with {separator!r} in it needs quotes)")
    except csv.Error as error:
        raise NotATable(f"line {begin}: {error}") from None


def entry_text(value: object, line: int) -> str:
    """The text of a value that is text or a whole number. Raises NotATable."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    raise NotATable(f"line {line}: the value must be text or a whole number (write it in quotes)")


def collected(entries: Iterable[tuple[int, str, str]], pause: Callable[[], object]) -> dict[str, str]:
    """The table of entries with their lines. Raises NotATable, and what ``pause`` raises."""
    table: dict[str, str] = {}
    lines: dict[str, int] = {}
    for count, (line, key, value) in enumerate(entries, 1):
        if not key:
            raise NotATable(f"line {line}: the key is empty")
        if len(key) > MAX_CELL or len(value) > MAX_CELL:
            raise NotATable(f"line {line}: more than {MAX_CELL:,} characters")
        if key in table:
            raise NotATable(f"line {line}: this key was given before, on line {lines[key]}")
        table[key], lines[key] = value, line
        if count % SLICE == 0:
            pause()
    if not table:
        raise NotATable("line 1: the table has no entry")
    return table


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    # Not chained: the decoder's exception carries the bytes.
    raise NotATable(f"line {line}: not UTF-8 text")
