"""GET on the loopback interface, with the standard library: the demo looks at the connector from outside."""

from __future__ import annotations

import http.client
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
