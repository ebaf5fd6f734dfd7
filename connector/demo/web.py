"""GET on the loopback interface, with the standard library: the demo looks at the connector from outside."""

from __future__ import annotations

import http.client
import os
from urllib.parse import urlsplit

_TIMEOUT = 5.0


def get(url: str) -> bytes | None:
    """The body of a good answer; None when nobody answers, or badly. Blocks up to 5 s."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}" if parts.query else parts.path)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
    return body if answer.status == 200 else None


def no_proxy_for_loopback() -> None:
    """Keeps this process and those it starts from asking a proxy for what runs in here."""
    for name in ("no_proxy", "NO_PROXY"):
        before = os.environ.get(name)
        os.environ[name] = f"{before},127.0.0.1" if before else "127.0.0.1"
