"""``python -m pictures FILE COMMAND…``: runs the command in a terminal, and writes what was to be seen."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from pictures.recording import Size, record
from pictures.screen import frames
from pictures.svg import drawing

SIZE = Size(columns=110, rows=34)
EVERY, HOLD = 0.75, 8.0
"""Seconds between two pictures, at least, and for which the last one stays."""


def main(file: str, *command: str) -> None:
    """Record, draw, write."""
    recording = record(command, SIZE)
    shown = frames(recording, EVERY, HOLD)
    told = "\n".join("".join(f"{run.text} " for run in row) for row in shown[-1].rows if row)
    title = f"$ {shlex.join(command)}"
    text = drawing(shown, SIZE.columns, title, f"A recorded run in a terminal. In the end it shows:\n{told}")
    Path(file).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
