"""What goes out on the wire, and what a fault puts in its place. No I/O but the sending itself."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import formatdate
from math import ceil
from typing import TypeAlias

import orjson
from starlette.types import Send

from sandbox.contacts import Problem
from sandbox.faults import Status, Throttle

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """The connection ends without one. ``status`` is DROPPED or CLIENT_LEFT."""

    status: str


Reply: TypeAlias = "Answer | NoAnswer"


def error(status: int, message: str, problems: list[Problem] | None = None, **headers: str) -> Answer:
    """A JSON error. Header names come with underscores for hyphens."""
    value = {"error": message, "problems": [problem.as_json() for problem in problems or []]}
    names = tuple((name.replace("_", "-"), text) for name, text in headers.items())
    return Answer(status, orjson.dumps(value), headers=names)


def status_answer(spec: Status) -> Answer:
    """What the fault ``status`` answers."""
    if spec.body is None:
        return error(spec.status, f"status {spec.status}, as a fault asked")
    if isinstance(spec.body, str):
        return Answer(spec.status, spec.body.encode(), "text/plain; charset=utf-8")
    return Answer(spec.status, orjson.dumps(spec.body))


def throttle_answer(spec: Throttle, now: float) -> Answer:
    """What the fault ``throttle`` answers; ``now`` in epoch seconds."""
    value = str(spec.retry_after)
    if spec.form == "http-date":
        value = formatdate(ceil(now + spec.retry_after), usegmt=True)
    return error(spec.status, "too many requests", Retry_After=value)


async def send_answer(answer: Answer, send: Send) -> None:
    """Hands the answer to the server."""
    # These two have no body by definition (RFC 9110, 15.3.5 and 15.4.5).
    body = b"" if answer.status in (204, 304) else answer.body
    headers = [(b"content-type", answer.content_type.encode()), (b"content-length", str(len(body)).encode())]
    headers += [(name.lower().encode(), value.encode()) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
