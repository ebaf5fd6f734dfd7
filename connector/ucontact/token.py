"""The API token: read from a file, again when the file changes."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from math import isfinite
from pathlib import Path

import orjson

from connector.watched import Unusable, Watched


class TokenFile:
    """The bearer token in a file (a mounted secret). Looking and reading block for the time of a small file's.

    A file that is missing, empty or unreadable for a moment (a secret being rotated) leaves the last good token in use.
    """

    def __init__(self, path: Path) -> None:
        """Raises Unusable (a ValueError) when there is no usable token at the start."""
        self._path = path
        self._token = Watched([path], self._parse)

    @property
    def value(self) -> str:
        """The token last read."""
        return self._token.value

    @property
    def expires_at(self) -> float | None:
        """When it ends, in seconds since the epoch, where it says so itself (``expiry``)."""
        return expiry(self._token.value)

    def look(self) -> bool:
        """Read the file again if it has changed. Returns whether there is another token; raises Unusable."""
        return self._token.look()

    def reread(self) -> bool:
        """As ``look``, but read the file in any case: the API has refused the token that we have."""
        return self._token.look(even_if_unchanged=True)

    def _parse(self, contents: list[bytes]) -> str:
        token = contents[0].decode("latin-1").strip()
        if not token or not token.isascii() or not token.isprintable() or " " in token:
            raise Unusable(f"{self._path}: the token must be one line of printable ASCII without blanks")
        return token

    def __repr__(self) -> str:
        return f"TokenFile({str(self._path)!r})"


def expiry(token: str) -> float | None:
    """The end of a token's validity in seconds since the epoch: a JSON Web Token's claim ``exp`` (RFC 7519, 4.1.4).

    None for any other token, and where the claim is missing or no such number. The signature is the API's to check.
    """
    parts = token.split(".")
    if len(parts) != 3:
        return None
    claims = parts[1]
    try:
        content = orjson.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    except ValueError:
        return None
    end = content.get("exp") if isinstance(content, dict) else None
    if isinstance(end, bool) or not isinstance(end, int | float) or not isfinite(end) or end <= 0:
        return None
    return float(end)
