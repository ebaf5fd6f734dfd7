"""Which class an answer is of (DESIGN.md, "Delivery side", answer classes). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from connector.leads.answer import Answer, AnswerClass

EXCERPT = 200
"""Characters of an answer's body that are kept."""
_PROXY_REFUSALS = (
    b"<title>400 The SSL certificate error</title>",
    b"<title>400 No required SSL certificate was sent</title>",
    b"<title>400 The plain HTTP request was sent to HTTPS port</title>",
)
"""nginx's own pages (ngx_http_special_response.c, 495 to 497): it finishes the TLS handshake and refuses the client's
certificate with a 400, in front of the API, which knows nothing of the request."""
_BY_STATUS = {
    400: AnswerClass.REJECTED,
    401: AnswerClass.UNAUTHORIZED,
    403: AnswerClass.UNAUTHORIZED,
    404: AnswerClass.UNKNOWN_HUB,
    408: AnswerClass.AMBIGUOUS,
    413: AnswerClass.TOO_LARGE,
    422: AnswerClass.REJECTED,
    429: AnswerClass.THROTTLED,
    502: AnswerClass.AMBIGUOUS,
    504: AnswerClass.AMBIGUOUS,
}


def classify(
    status: int, headers: Mapping[str, str], body: bytes, error_bodies: frozenset[str], now: datetime, seconds: float
) -> Answer:
    """An HTTP answer as the delivery side knows it.

    ``headers`` have case-insensitive names; ``error_bodies`` are the bodies that turn a 2xx into a refusal (older
    uContact versions answer 200 with ``0``); ``now`` is aware, for a Retry-After in the form of a date; ``seconds`` is
    what the request took. A status that nobody documents (3xx, other 4xx) says nothing about the leads, so it holds
    them as a failing server does.
    """
    text = body[: 4 * EXCERPT].decode("utf-8", "replace").strip()[:EXCERPT]
    retry_after = _seconds(headers.get("retry-after"), now)
    if 200 <= status < 300:
        refused = len(body) <= EXCERPT and text in error_bodies
        kind = AnswerClass.REJECTED if refused else AnswerClass.ACCEPTED
    elif status == 503 and retry_after is not None:
        kind = AnswerClass.THROTTLED
    elif status == 400 and any(page in body for page in _PROXY_REFUSALS):
        kind = AnswerClass.UNAVAILABLE
    else:
        kind = _BY_STATUS.get(status, AnswerClass.UNAVAILABLE)
    return Answer(kind, status, retry_after, text, seconds)


def _seconds(value: str | None, now: datetime) -> float | None:
    """Retry-After in seconds, from either form (RFC 9110, 10.2.3); None if absent or unreadable."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())
