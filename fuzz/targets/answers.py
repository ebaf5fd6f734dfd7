"""The API's answers as the client classifies them, and as it reads them from the transport."""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkstemp

import httpx2

from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination
from connector.ucontact.answers import EXCERPT, classify
from connector.ucontact.client import LONGEST_ANSWER, UContact
from connector.ucontact.token import TokenFile
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source, choices, chunk

LONGEST = 2_048
STATUSES = (200, 201, 204, 301, 400, 401, 403, 404, 408, 413, 422, 429, 500, 502, 503, 504)
NAMES = (
    "retry-after",
    "Retry-After",
    "content-type",
    "content-length",
    "transfer-encoding",
    "content-encoding",
    "date",
)
NOW = datetime(2026, 1, 15, 15, 0, tzinfo=UTC)
WORDS = (
    b"Sun, 22 Nov 2026 12:01:00 GMT", b"Sunday, 22-Nov-26 12:01:00 GMT", b"Sun Nov 22 12:01:00 2026", b"-0000",
    b"+9999",
    b"999999999999", b"0", b"chunked", b"gzip", b"<title>400 The SSL certificate error</title>", b"99999", b"1e400",
)  # fmt: skip


def one(data: bytes) -> None:
    """Every answer is of one class, a success only by a status that says so, with a wait that can be waited."""
    source = Source(data)
    number = source.number()
    status = STATUSES[number % len(STATUSES)] if number < 128 else source.number(2) % 1_000
    headers = [(source.pick(NAMES), source.chunk()) for _ in range(source.number() % 4)]
    broken = source.number()
    body = source.stretched()
    with bounded():
        plain = {name.lower(): content.decode("latin-1") for name, content in headers}
        _check(classify(status, plain, body, frozenset({"0"}), NOW, 0.1), status)
        if status >= 200:  # what comes before is no answer, for whatever reads HTTP
            _check(_posted(status, headers, body, broken), status)


def _check(answer: Answer, status: int) -> None:
    if answer.kind is AnswerClass.ACCEPTED:
        claim(200 <= status < 300, f"{status} passes for a success")
    if answer.kind is AnswerClass.UNAUTHORIZED:
        claim(status in (401, 403), f"{status} passes for a refused token")
    wait = answer.retry_after
    claim(wait is None or 0 <= wait < 1e12, f"a wait of {wait} s")
    claim(len(answer.excerpt) <= EXCERPT, "a long excerpt")


class _Transport(httpx2.AsyncBaseTransport):
    """Answers as it is told. ``broken``: after so many bytes of the body, times 16, the connection is."""

    def __init__(self, status: int, headers: list[tuple[str, bytes]], body: bytes, broken: int) -> None:
        self._status = status
        self._headers = headers
        self._body = body
        self._broken = broken

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        headers = [(name.encode(), content) for name, content in self._headers]
        return httpx2.Response(self._status, headers=headers, stream=_Stream(self._body, self._broken, request))


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, body: bytes, broken: int, request: httpx2.Request) -> None:
        self._body = body
        self._broken = broken
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        whole = self._broken == 0
        body = self._body if whole else self._body[: self._broken * 16]
        for start in range(0, len(body), 8192):
            claim(start <= LONGEST_ANSWER + 8192, "more is read of an answer than is looked at")
            yield body[start : start + 8192]
        if not whole:
            raise httpx2.ReadError("cut off", request=self._request)


def _posted(status: int, headers: list[tuple[str, bytes]], body: bytes, broken: int) -> Answer:
    client = UContact(
        "http://api",
        TokenFile(token_file()),
        timeout=5,
        connect_timeout=1,
        connections=1,
        transport=_Transport(status, headers, body, broken),
        now=lambda: NOW,
    )
    return runner().run(client.post(Destination("hub"), [b"{}"]))


@cache
def runner() -> asyncio.Runner:
    return asyncio.Runner()


@cache
def token_file() -> Path:
    handle, name = mkstemp(prefix="fuzz-token-")
    os.write(handle, b"token")
    os.close(handle)
    atexit.register(Path(name).unlink)
    return Path(name)


def seeds() -> Iterable[bytes]:
    """Answers as they come."""
    for place in range(len(STATUSES)):
        yield choices(place, 0, 0) + AS_IT_IS + b'{"status":"ok"}'
        yield choices(place, 1, 0) + chunk(b"30") + choices(0) + AS_IT_IS + b"0"
        yield (
            choices(place, 1, 0)
            + chunk(b"Sun, 22 Nov 2026 12:01:00 GMT")
            + choices(1)
            + AS_IT_IS
            + b"<html>"
            + bytes(40)
        )
    yield choices(4, 0, 0) + AS_IT_IS + b"<title>400 The SSL certificate error</title>"
    yield choices(0, 0, 0, 6, 0, 1) + b"a"
