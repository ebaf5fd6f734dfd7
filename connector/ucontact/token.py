"""The API token: read from a file, again when the file changes."""

from __future__ import annotations

import contextlib
from pathlib import Path


class TokenFile:
    """The bearer token in a file (a mounted secret). Reading blocks for the time of a small file's read.

    A file that is missing or empty for a moment (a secret being rotated) leaves the last good token in use.
    """

    def __init__(self, path: Path) -> None:
        """Raises OSError or ValueError when there is no usable token at the start."""
        self._path = path
        self._token = self._read()

    @property
    def value(self) -> str:
        """The token last read."""
        return self._token

    def reread(self) -> None:
        """Take the token that is in the file now."""
        with contextlib.suppress(OSError, ValueError):  # a secret that is being rotated: the old one stays in use
            self._token = self._read()

    def _read(self) -> str:
        token = self._path.read_text(encoding="utf-8").strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise ValueError(f"{self._path}: the token must be one line of printable ASCII without blanks")
        return token

    def __repr__(self) -> str:
        return f"TokenFile({str(self._path)!r})"
