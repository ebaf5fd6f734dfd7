"""What became of one request: the closed vocabulary between the API client and delivery.

It lives with the lead types because the client (which produces it) and delivery (which decides on it) know
nothing of each other. Classes: DESIGN.md, "Delivery side", answer classes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AnswerClass(StrEnum):
    """The class of an answer decides what happens to the leads of the request."""

    ACCEPTED = "accepted"
    """2xx and the success predicate holds: delivered."""
    REJECTED = "rejected"
    """400, 422 or an error body: bisect, dead-letter the lead that cannot go alone."""
    TOO_LARGE = "too_large"
    """413: halve and remember."""
    UNAUTHORIZED = "unauthorized"
    """401, 403: the token is re-read; hold, never dead-letter."""
    UNKNOWN_HUB = "unknown_hub"
    """404: hold, or dead-letter when the hub's name came from the event."""
    THROTTLED = "throttled"
    """429, 503 with Retry-After: wait as told."""
    UNAVAILABLE = "unavailable"
    """The request certainly had no effect, or a 5xx: retry with back-off for as long as it takes."""
    AMBIGUOUS = "ambiguous"
    """The request was sent and no answer came (read time-out, dropped connection, 502, 504)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One request's result.

    ``retry_after`` is in seconds (None where the API gave none). ``excerpt`` is at most 200 characters of the body, or
    the name of the transport error; it may quote a lead and is not for the log above DEBUG. ``seconds`` is the
    request's duration.
    """

    kind: AnswerClass
    status: int | None = None
    retry_after: float | None = None
    excerpt: str = ""
    seconds: float = 0.0
