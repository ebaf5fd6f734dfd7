"""What a network and a server can do to a request, each over a real connection.

The class it ends in decides whether its leads may have arrived. Nothing raises, and nothing outlives the time-outs.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination
from connector.ucontact.client import UContact
from connector.ucontact.token import TokenFile
from tests.unit.ucontact.loops import Loop, on_both_loops, run
from tests.unit.ucontact.server import OK, LocalServer, reset

Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

HUB = Destination("sales")
LONG = 60.0
"""A time-out that no test waits for: what ends in time did not end by it."""
SHORT = 0.3
LARGE = [b'"' + b"x" * 1_000_000 + b'"']


class Server(LocalServer):
    """Hands each connection to ``handler`` and counts them."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(receive_buffer=4096)  # a large body does not fit in
        self.connections = 0
        self._handler = handler

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await self._handler(reader, writer)


@contextlib.asynccontextmanager
async def client(folder: Path, url: str, timeout: float = LONG, connections: int = 4) -> AsyncIterator[UContact]:
    """A client whose times are all ``timeout``."""
    token = folder / "token"
    token.write_text("t")
    api = UContact(url, TokenFile(token), timeout=timeout, connect_timeout=timeout, connections=connections)
    try:
        yield api
    finally:
        await api.aclose()


async def ask(folder: Path, handler: Handler, timeout: float, contacts: list[bytes]) -> Answer:
    """One request to such a server."""
    async with (
        Server(handler).listening() as server,
        client(folder, f"http://127.0.0.1:{server.port}", timeout) as api,
    ):
        return await api.post(HUB, contacts)


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """A whole request."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


def says(*parts: bytes, pause: float = 0.0) -> Handler:
    """Read the request, write ``parts``, and end the connection in order."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(pause)

    return handler


def drips(head: bytes, drop: bytes) -> Handler:
    """Read the request, then write ``head`` and ``drop`` after ``drop`` for ever."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(head)
        while True:
            writer.write(drop)
            await writer.drain()
            await asyncio.sleep(SHORT / 10)

    return handler


async def resets_after_the_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_request(reader)
    reset(writer)


async def resets_within_the_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    reset(writer)


async def reads_nothing(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.Event().wait()


async def answers_early(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    await writer.drain()
    writer.write_eof()
    while await reader.read(65536):  # as servers do that know their trade: a reset could overtake the answer
        pass


async def swallows(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


AMBIGUOUS, ACCEPTED = AnswerClass.AMBIGUOUS, AnswerClass.ACCEPTED
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
ENDS: dict[str, tuple[Handler, AnswerClass]] = {
    "nothing": (says(), AMBIGUOUS),
    "reset": (resets_after_the_request, AMBIGUOUS),
    "half the head": (says(HEAD), AMBIGUOUS),
    "half the status": (says(b"HTTP/1.1 20"), AMBIGUOUS),
    "head without body": (says(HEAD + b"\r\n"), AMBIGUOUS),
    "half the body": (says(HEAD + b"\r\n{", b" "), AMBIGUOUS),
    "chunks cut off": (says(CHUNKED + b"5\r\n{", b'"'), AMBIGUOUS),
    "chunks without the last": (says(CHUNKED + b"2\r\n{}\r\n"), AMBIGUOUS),
    "a chunk of no size": (says(CHUNKED + b"nonsense\r\n{}"), AMBIGUOUS),
    "a whole chunked answer": (says(CHUNKED + b"2\r\n{}\r\n0\r\n\r\n"), ACCEPTED),
    "garbage": (says(b"\x00\x15\x03\x01 no HTTP at all\r\n\r\n"), AMBIGUOUS),
    "a refusal cut off": (says(b"HTTP/1.1 400 No\r\ncontent-length: 10\r\n\r\n{"), AnswerClass.REJECTED),
    "a failure cut off": (says(b"HTTP/1.1 500 No\r\ncontent-length: 10\r\n\r\n"), AnswerClass.UNAVAILABLE),
    "a header of 1 MB": (says(HEAD + b"x: " + b"y" * 1_000_000 + b"\r\n\r\n0123456789"), AMBIGUOUS),
    "1 MB of headers": (says(HEAD, *[b"x: " + b"y" * 1000 + b"\r\n"] * 1000, b"\r\n0123456789"), AMBIGUOUS),
    "continue first": (says(b"HTTP/1.1 100 Continue\r\n\r\n", OK), ACCEPTED),
    "continue and no more": (says(b"HTTP/1.1 100 Continue\r\n\r\n"), AMBIGUOUS),
    "early hints first": (says(b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n" + OK), ACCEPTED),
    "in small pieces": (says(*[OK[at : at + 1] for at in range(len(OK))]), ACCEPTED),
    "until the end": (says(b"HTTP/1.1 200 OK\r\n\r\n{}"), ACCEPTED),
}


@on_both_loops
@pytest.mark.parametrize("what", ENDS)
def test_what_an_answer_can_be(tmp_path: Path, loop: Loop, what: str) -> None:
    """The request was read; then the server writes this and ends the connection."""
    handler, expected = ENDS[what]
    answer = run(loop, ask(tmp_path, handler, LONG, [b"{}"]))
    assert answer.kind is expected, answer
    assert (answer.status is None) is (expected is AMBIGUOUS) and answer.seconds > 0


LASTING: dict[str, Handler] = {
    "silence": swallows,
    "a head that drips": drips(b"HTTP/1.1 200 OK\r\nx: ", b"y"),
    "a body that drips": drips(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n", b"x"),
    "chunks that drip": drips(CHUNKED, b"1\r\nx\r\n"),
    "endless continue": drips(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@on_both_loops
@pytest.mark.parametrize("what", LASTING)
def test_what_does_not_end_is_ended(tmp_path: Path, loop: Loop, what: str) -> None:
    """Every piece comes in time, the whole never does."""
    assert run(loop, ask(tmp_path, LASTING[what], SHORT, [b"{}"])).kind is AMBIGUOUS


@on_both_loops
def test_a_body_that_nobody_takes_is_given_up(tmp_path: Path, loop: Loop) -> None:
    """The server accepts the connection and reads nothing: a part of the request lies in the kernel's buffers."""
    assert run(loop, ask(tmp_path, reads_nothing, SHORT, LARGE)).kind is AMBIGUOUS


@on_both_loops
def test_a_reset_within_the_body_is_ambiguous(tmp_path: Path, loop: Loop) -> None:
    """What has arrived until then, nobody can say."""
    assert run(loop, ask(tmp_path, resets_within_the_request, LONG, LARGE)).kind is AMBIGUOUS


@on_both_loops
def test_an_answer_before_the_body_was_read_counts(tmp_path: Path, loop: Loop) -> None:
    """413 as soon as the head is there: the batch is halved, not repeated."""
    assert run(loop, ask(tmp_path, answers_early, LONG, LARGE)).kind is AnswerClass.TOO_LARGE


@on_both_loops
@pytest.mark.parametrize(
    "url",
    [
        "http://there-is-no-such-host.invalid",
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "https://127.0.0.1:1",
        "http://a..b",
    ],
)
def test_what_cannot_be_reached_got_nothing(tmp_path: Path, loop: Loop, url: str) -> None:
    """No such name, or nobody listens; nor does a client send anything that is closed."""

    async def body() -> None:
        async with client(tmp_path, url) as api:
            assert (await api.post(HUB, [b"{}"])).kind is AnswerClass.UNAVAILABLE
        assert (await api.post(HUB, [b"{}"])).kind is AnswerClass.UNAVAILABLE

    run(loop, body())


@on_both_loops
def test_a_handshake_without_end_got_nothing(tmp_path: Path, loop: Loop) -> None:
    """Something accepts the connection and does not speak TLS."""

    async def body() -> Answer:
        async with (
            Server(swallows).listening() as server,
            client(tmp_path, f"https://127.0.0.1:{server.port}", SHORT) as api,
        ):
            return await api.post(HUB, [b"{}"])

    assert run(loop, body()).kind is AnswerClass.UNAVAILABLE


@on_both_loops
def test_a_connection_that_is_not_accepted_got_nothing(tmp_path: Path, loop: Loop) -> None:
    """The server's backlog is full: its kernel does not answer."""

    async def body() -> Answer:
        with contextlib.ExitStack() as open_:
            listener = open_.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            listener.listen(0)
            for _ in range(8):
                waiting = open_.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listener.getsockname())
            async with client(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}", SHORT) as api:
                return await api.post(HUB, [b"{}"])

    assert run(loop, body()).kind is AnswerClass.UNAVAILABLE


@on_both_loops
def test_a_request_that_waited_for_a_connection_in_vain_was_not_sent(tmp_path: Path, loop: Loop) -> None:
    """The only connection is taken by a request that hangs: that one may have arrived, the other one has not."""

    async def body() -> None:
        got = asyncio.Event()

        async def handler(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            got.set()
            await asyncio.Event().wait()

        async with (
            Server(handler).listening() as server,
            client(tmp_path, f"http://127.0.0.1:{server.port}", LONG, connections=1) as api,
        ):
            first = asyncio.create_task(api.post(HUB, [b"{}"]))
            await got.wait()
            api._extensions["timeout"] = {**api._extensions["timeout"], "pool": SHORT}
            assert (await api.post(HUB, [b"{}"])).kind is AnswerClass.UNAVAILABLE
            assert not first.done()
            first.cancel()
            await asyncio.gather(first, return_exceptions=True)

    run(loop, body())


@on_both_loops
def test_an_idle_connection_that_ended_is_not_used(tmp_path: Path, loop: Loop) -> None:
    """Its end has come, and the loop, which is busy, has not seen it: the request goes onto a new connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    first_ended = threading.Event()

    def serve() -> None:
        for _ in range(2):
            connection, _ = listener.accept()
            with connection:
                received = b""
                while not received.endswith(b"]}"):
                    received += connection.recv(65536)
                connection.sendall(OK)
            first_ended.set()

    async def body() -> list[AnswerClass]:
        async with client(tmp_path, f"http://127.0.0.1:{listener.getsockname()[1]}") as api:
            first = await api.post(HUB, [b"{}"])
            assert first_ended.wait(30)
            return [first.kind, (await api.post(HUB, [b"{}"])).kind]

    server = threading.Thread(target=serve, daemon=True)
    server.start()
    with listener:
        assert run(loop, body()) == [ACCEPTED, ACCEPTED]
        server.join(30)


@on_both_loops
@pytest.mark.parametrize("seen", [False, True], ids=["in the kernel", "seen by the loop"])
def test_an_answer_that_nobody_asked_for_is_not_taken_for_the_next_one(tmp_path: Path, loop: Loop, seen: bool) -> None:
    """A second 200 on an idle connection: the next lead would be lost, were it believed."""

    async def body() -> None:
        requests = 0
        ask_more, wrote = asyncio.Event(), asyncio.Event()

        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal requests
            await read_request(reader)
            requests += 1
            writer.write(OK)
            await ask_more.wait()
            writer.write(OK)
            await writer.drain()
            wrote.set()
            await reader.read()

        async with (
            Server(handler).listening() as server,
            client(tmp_path, f"http://127.0.0.1:{server.port}") as api,
        ):
            assert (await api.post(HUB, [b"{}"])).kind is ACCEPTED
            ask_more.set()
            await wrote.wait()
            if seen:
                await asyncio.sleep(0.05)
            assert (await api.post(HUB, [b"{}"])).kind is ACCEPTED
            assert (requests, server.connections) == (2, 2)

    run(loop, body())


@on_both_loops
@pytest.mark.parametrize("crash", [False, True], ids=["end", "reset"])
def test_an_end_that_crosses_a_request_is_ambiguous(tmp_path: Path, loop: Loop, crash: bool) -> None:
    """The server gives up an idle connection just as the next request comes."""

    async def body() -> None:
        async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await read_request(reader)
            writer.write(OK)
            await reader.readexactly(1)
            if crash:
                reset(writer)

        async with (
            Server(handler).listening() as server,
            client(tmp_path, f"http://127.0.0.1:{server.port}") as api,
        ):
            assert (await api.post(HUB, [b"{}"])).kind is ACCEPTED
            assert (await api.post(HUB, [b"{}"])).kind is AMBIGUOUS
            assert server.connections == 1

    run(loop, body())


@on_both_loops
def test_whatever_a_server_writes_is_an_answer_of_some_class(tmp_path: Path, loop: Loop) -> None:
    """Answers with bytes changed, left out and doubled: `post` never raises."""
    chance = random.Random(20261122)
    whole = [
        OK,
        CHUNKED + b"2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 503 Wait\r\nretry-after: 5\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 429 Wait\r\nretry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-encoding: gzip\r\n\r\nxx",
        b"HTTP/1.1 101 Switching\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n\x81\x05",
        b"HTTP/1.1 302 Found\r\nlocation: http://[/\r\nset-cookie: \xff=;;\r\ncontent-length: 0\r\n\r\n",
    ]

    def spoilt() -> bytes:
        answer = bytearray(chance.choice(whole))
        for _ in range(chance.randint(0, 4)):
            at = chance.randrange(len(answer))
            match chance.randrange(4):
                case 0:
                    answer[at] = chance.randrange(256)
                case 1:
                    del answer[at : at + chance.randint(1, 5)]
                case 2:
                    answer[at:at] = answer[at : at + chance.randint(1, 20)]
                case _:
                    answer[at:at] = chance.choice([b"\r\n", b"\x00", b": ", b"9" * 30, b"\r\n\r\n"])
            answer = answer or bytearray(b"x")
        return bytes(answer)

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await says(spoilt())(reader, writer)

    async def body() -> None:
        async with (
            Server(handler).listening() as server,
            client(tmp_path, f"http://127.0.0.1:{server.port}", connections=8) as api,
        ):
            for _ in range(75):
                for answer in await asyncio.gather(*[api.post(HUB, [b"{}"]) for _ in range(8)]):
                    assert isinstance(answer, Answer)

    run(loop, body())
