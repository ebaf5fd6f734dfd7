"""What a recording looked like, moment by moment: pyte is the terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

import pyte

from pictures.recording import Recording, Size
from pictures.svg import Frame, Row, Run

_SWITCH = re.compile("\x1b\\[\\?1049([hl])")
_LINK = re.compile("\x1b\\]8;[^\x1b\x07]*(?:\x1b\\\\|\x07)")
_STYLE = re.compile("\x1b\\[([0-9;]*)m")
_NAMED = {"3a3a3a": "faint"}
"""What rich draws the rest of a bar with. Other colours without a name are drawn as text is."""


class _Terminal:
    """With a second screen for programs that take the whole of it, which pyte does not have."""

    def __init__(self, size: Size) -> None:
        self._screens = [pyte.Screen(size.columns, size.rows), pyte.Screen(size.columns, size.rows)]
        self._streams = [pyte.Stream(screen) for screen in self._screens]
        self._now = 0

    def feed(self, text: str) -> None:
        text = _STYLE.sub(_dim_as_blink, _LINK.sub("", text))
        for at, part in enumerate(_SWITCH.split(text)):
            if at % 2:
                self._now = int(part == "h")
                self._screens[1].reset()
            else:
                self._streams[self._now].feed(part)

    def rows(self) -> tuple[Row, ...]:
        screen = self._screens[self._now]
        return tuple(_row(screen.buffer[number], screen.columns) for number in range(screen.lines))


def _dim_as_blink(found: re.Match[str]) -> str:
    """pyte does not know dim, and nothing here blinks."""
    return "\x1b[" + ";".join("5" if each == "2" else each for each in found[1].split(";")) + "m"


@dataclass(frozen=True)
class _Style:
    colour: str
    bold: bool
    dim: bool


def _row(line: dict[int, pyte.screens.Char], columns: int) -> Row:
    cells = [line[column] for column in range(columns)]
    runs: list[Run] = []
    column = 0
    for style, group in groupby(cells, lambda cell: _Style(_NAMED.get(cell.fg, cell.fg), cell.bold, cell.blink)):
        text = "".join(cell.data for cell in group)
        runs.extend(
            Run(column + piece.start(), piece[0], style.colour, style.bold, style.dim)
            for piece in re.finditer(r"\S+(?: \S+)*", text)
        )
        column += len(text)
    return tuple(runs)


def frames(recording: Recording, every: float, hold: float) -> list[Frame]:
    """What was to be seen, at most one picture in ``every`` seconds; the last one stays for ``hold``."""
    seen = list(_moments(recording, every))
    ends = [start for start, _ in seen[1:]] + [seen[-1][0] + hold]
    return [Frame(end - start, rows) for (start, rows), end in zip(seen, ends, strict=True)]


def _moments(recording: Recording, every: float) -> Iterator[tuple[float, tuple[Row, ...]]]:
    terminal = _Terminal(recording.size)
    shown: tuple[Row, ...] = ()
    due = every
    for at, text in recording.pieces:
        if at >= due:
            if (rows := terminal.rows()) != shown and any(rows):
                yield due - every, (shown := rows)
            due = at - at % every + every
        terminal.feed(text)
    yield due, terminal.rows()
