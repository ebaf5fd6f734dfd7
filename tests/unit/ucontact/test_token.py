"""What a token says of its own end."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from connector.ucontact.token import TokenFile, expiry


def jwt(claims: bytes) -> str:
    """A JSON Web Token with these claims; nobody checks its signature."""
    return ".".join(urlsafe_b64encode(part).decode().rstrip("=") for part in (b'{"alg":"none"}', claims, b"signature"))


@pytest.mark.parametrize(
    ("token", "end"),
    [
        (jwt(b'{"exp":1893456000}'), 1893456000),
        (jwt(b'{"sub":"leads","exp":1893456000.5}'), 1893456000.5),
        (jwt(b'{"sub":"leads"}'), None),
        (jwt(b'{"exp":"soon"}'), None),
        (jwt(b'{"exp":true}'), None),
        (jwt(b'{"exp":-1}'), None),
        (jwt(b'{"exp":1e999}'), None),
        (jwt(b"[1893456000]"), None),
        (jwt(b"not JSON"), None),
        ("a.\u00e9.c", None),
        ("a.b", None),
        ("5f0c11aa", None),
        ("..", None),
    ],
)
def test_the_end_of_a_token(token: str, end: float | None) -> None:
    """What a JWT claims; of any other text nothing is known, and nothing is raised."""
    assert expiry(token) == end


def test_the_end_is_that_of_the_token_in_use(tmp_path: Path) -> None:
    """Also after a change."""
    file = tmp_path / "token"
    file.write_text("opaque")
    token = TokenFile(file)
    assert token.expires_at is None
    file.write_text(jwt(b'{"exp":1893456000}'))
    token.reread()
    assert token.expires_at == 1893456000
