"""A command in a terminal of its own, and what it wrote there when."""

from __future__ import annotations

import codecs
import fcntl
import os
import struct
import subprocess
import termios
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Of a terminal, in characters."""

    columns: int
    rows: int


@dataclass(frozen=True)
class Recording:
    """What came to a terminal: seconds since the start, and the text, in this order."""

    size: Size
    pieces: Sequence[tuple[float, str]]


def record(command: Sequence[str], size: Size) -> Recording:
    """Run a command to its end. Blocks. Raises RuntimeError where it does not end with 0."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size.rows, size.columns, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": ""}
    began = time.monotonic()
    pieces = []
    decoder = codecs.getincrementaldecoder("utf-8")()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        while data := _read(ours):
            pieces.append((time.monotonic() - began, decoder.decode(data)))
    os.close(ours)
    if process.returncode != 0:
        said = "".join(text for _, text in pieces)
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{said}")
    return Recording(size, pieces)


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # Linux says EIO when the other side is closed; others give no bytes
        return b""
