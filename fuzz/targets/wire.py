"""The bytes of an API's answer, read by the real transport from a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from functools import cache

from connector.leads.answer import AnswerClass
from connector.leads.mapped import Destination
from connector.ucontact.client import UContact
from connector.ucontact.token import TokenFile
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source
from fuzz.targets import answers

LONGEST = 2_048
WORDS = (
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 503 no\r\n", b"content-length: ", b"transfer-encoding: chunked\r\n", b"\r\n\r\n",
    b"0\r\n\r\n", b"ffffffffffffffff\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 101 \r\n\r\n",
    b"connection: close\r\n",
    b"content-encoding: gzip\r\n", b"retry-after: ", b"location: http://a\r\n", b"set-cookie: a=b\r\n", b"\0",
)  # fmt: skip


def one(data: bytes) -> None:
    """Whatever a server says, it is an answer of one class, and a success only where the bytes say 2xx."""
    said = Source(data).stretched()
    with bounded():
        kind = answers.runner().run(_bed().post(said))
    if kind is AnswerClass.ACCEPTED:
        claim(said.lstrip()[:5].upper() == b"HTTP/", "what is no HTTP passes for a success")
    claim(kind is not AnswerClass.ACCEPTED or b" 2" in said, "a success that nobody said")


class _Bed:
    """A server that says what it is told, once for each connection, and closes it; and a client of it."""

    def __init__(self, port: int) -> None:
        self.said = b""
        token = TokenFile(answers.token_file())
        self._client = UContact(f"http://127.0.0.1:{port}", token, timeout=5, connect_timeout=5, connections=1)

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            await reader.readuntil(b'{"leads":[{}]}')
            writer.write(self.said)
            await writer.drain()
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    async def post(self, said: bytes) -> AnswerClass:
        self.said = said
        return (await self._client.post(Destination("hub"), [b"{}"])).kind


@cache
def _bed() -> _Bed:
    beds: list[_Bed] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await beds[0].handle(reader, writer)

    async def start() -> int:
        server = await asyncio.start_server(handle, "127.0.0.1", 0)
        return int(server.sockets[0].getsockname()[1])

    beds.append(_Bed(answers.runner().run(start())))
    return beds[0]


def seeds() -> Iterable[bytes]:
    """Answers as servers write them."""
    for status in answers.STATUSES:
        yield AS_IT_IS + b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\n{}" % status
    yield AS_IT_IS + b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    yield AS_IT_IS + b"HTTP/1.1 429 X\r\nretry-after: 3\r\nconnection: close\r\n\r\nslow down"
    yield AS_IT_IS + b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}"
