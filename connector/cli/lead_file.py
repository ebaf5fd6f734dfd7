"""Leads out of a file of JSON: one on each line, one after another over several lines, or in one list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import NamedTuple

_BLANK = " \t\r\n"
_DECODER = json.JSONDecoder()


class FileLead(NamedTuple):
    """One lead's own bytes, as they stand in the file, and the line (from 1) on which they begin."""

    line: int
    value: bytes


def leads(content: bytes) -> Iterator[FileLead]:
    """Take a file apart. What is not JSON comes as it is, for the decoder to say what is wrong with it.

    A broken line is a broken lead, and the next line is another. What begins with ``{`` alone on its line is a lead
    over several lines; broken, it reaches to the next line that begins with ``{``. A broken list ends the file.
    """
    # Bytes that are not UTF-8 survive as surrogates, so that the decoder sees them as they were.
    text = _Text(content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogateescape"))
    lines = _Lines(text)
    position = first = _after_blanks(text, 0)
    while position < len(text):
        end = _value_end(text, position)
        # Broken, a list is one only where the file begins with it: further down it is any broken line.
        if text[position] == "[" and (end is not None or position == first):
            yield from (_lead(text, lines, *span) for span in _items(text, position))
            position = len(text) if end is None else end
        else:
            if end is None or not _line_ends(text, end):
                end = _broken_end(text, position)
            yield _lead(text, lines, position, end)
            position = end
        position = _after_blanks(text, position)


def _items(text: str, start: int) -> Iterator[tuple[int, int]]:
    """The spans of a list's items; where the list breaks, the rest of the text is one."""
    position = _after_blanks(text, start + 1)
    if text[position : position + 1] == "]":
        return
    while True:
        end = _value_end(text, position)
        after = None if end is None else _after_blanks(text, end)
        if end is None or after is None or text[after : after + 1] not in ("]", ","):
            yield position, len(text)
            return
        yield position, end
        if text[after] == "]":
            return
        position = _after_blanks(text, after + 1)


def _value_end(text: str, start: int) -> int | None:
    try:
        return _DECODER.raw_decode(text, start)[1]
    except (ValueError, RecursionError):
        return None


def _broken_end(text: str, start: int) -> int:
    end = _line_end(text, start)
    if text[start:end].strip(_BLANK) == "{":
        following = text.find("\n{", end)
        return len(text) if following < 0 else following
    return end


def _lead(text: str, lines: _Lines, start: int, end: int) -> FileLead:
    return FileLead(lines.of(start), text[start:end].rstrip(_BLANK).encode("utf-8", "surrogateescape"))


def _line_ends(text: str, position: int) -> bool:
    return not text[position : _line_end(text, position)].strip(_BLANK)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _after_blanks(text: str, position: int) -> int:
    while position < len(text) and text[position] in _BLANK:
        position += 1
    return position


class _Text(str):
    """Text of which ``json``, where it does not parse, does not count the lines from the beginning each time: a file of
    200,000 broken lines would take half an hour."""

    __slots__ = ()

    def count(self, *_args: object) -> int:
        """Nobody asks for the line of the error."""
        return 0


class _Lines:
    """Line numbers of positions, which must be asked for in order."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1

    def of(self, position: int) -> int:
        self._line += str.count(self._text, "\n", self._position, position)
        self._position = position
        return self._line
