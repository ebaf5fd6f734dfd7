"""The API client over real connections to a server that does as it is told."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination
from connector.ucontact.client import UContact, url_problem
from connector.ucontact.token import TokenFile

Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
SILENCE = b"silence"
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Server:
    """Reads whole requests and answers each by the script's next word."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.answers: list[bytes] = []
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []

    async def close(self) -> None:
        """Close every connection that is still open."""
        for writer in self._writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                answer = self.answers.pop(0) if self.answers else OK
                if answer is SILENCE:
                    await reader.read()
                    break
                writer.write(answer)
                await writer.drain()
                if not answer.startswith(b"HTTP/1.1 2") or b"connection: close" in answer:
                    break
        writer.close()


@contextlib.asynccontextmanager
async def serving(tmp_path: Path, timeout: float = 20.0) -> AsyncIterator[tuple[Server, UContact, Path]]:
    """A server and a client of it."""
    server = Server()
    listener = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    token = tmp_path / "token"
    token.write_text("secret-1\n")
    api = UContact(
        f"http://127.0.0.1:{port}/", TokenFile(token), timeout=timeout, connect_timeout=timeout, connections=4
    )
    try:
        yield server, api, token
    finally:
        await api.aclose()
        listener.close()
        await server.close()


def run(tmp_path: Path, test: Callable[[Server, UContact, Path], Awaitable[None]], timeout: float = 20.0) -> None:
    """Run a test body against a fresh pair."""

    async def body() -> None:
        async with serving(tmp_path, timeout) as (server, api, token):
            await test(server, api, token)

    asyncio.run(body())


def test_the_request_is_as_documented(tmp_path: Path) -> None:
    """Path with the hub percent-encoded, bearer token, JSON body with leads; one connection is used again."""

    async def body(server: Server, api: UContact, _token: Path) -> None:
        for _ in range(2):
            answer = await api.post(Destination("Ventas día/1"), [b'{"clientIds":["1"]}', b'{"clientIds":["2"]}'])
            assert answer.kind is AnswerClass.ACCEPTED
        head, sent = server.requests[0].split(b"\r\n\r\n", 1)
        assert head.startswith(b"POST /api/dialer/id/Ventas%20d%C3%ADa%2F1/freshLeads HTTP/1.1\r\n")
        assert b"bearer secret-1" in head.lower() and b"content-type: application/json" in head.lower()
        assert sent == b'{"leads":[{"clientIds":["1"]},{"clientIds":["2"]}]}'
        assert server.connections == 1

    run(tmp_path, body)


def test_a_401_makes_the_token_be_read_again(tmp_path: Path) -> None:
    """The next request has the new token; one that is unusable for a moment changes nothing."""
    refusal = b"HTTP/1.1 401 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"

    async def body(server: Server, api: UContact, token: Path) -> None:
        server.answers = [refusal]
        token.write_text("secret-2")
        assert (await api.post(Destination("sales"), [b"{}"])).kind is AnswerClass.UNAUTHORIZED
        assert len(server.requests) == 1, "it is not the client that sends again"
        assert (await api.post(Destination("sales"), [b"{}"])).kind is AnswerClass.ACCEPTED
        assert b"Bearer secret-2" in server.requests[-1]
        token.write_text("")
        server.answers = [refusal]
        assert (await api.post(Destination("sales"), [b"{}"])).kind is AnswerClass.UNAUTHORIZED
        assert (await api.post(Destination("sales"), [b"{}"])).kind is AnswerClass.ACCEPTED
        assert b"Bearer secret-2" in server.requests[-1]

    run(tmp_path, body)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\nconnection: close\r\n\r\ncut off",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
    ],
)
def test_a_request_that_got_no_whole_answer_is_ambiguous(tmp_path: Path, answer: bytes) -> None:
    """The connection dropped after the request, in the middle of an answer, or spoke no HTTP."""

    async def body(server: Server, api: UContact, _token: Path) -> None:
        server.answers = [answer]
        result = await asyncio.wait_for(api.post(Destination("sales"), [b"{}"]), 60)
        assert result.kind is AnswerClass.AMBIGUOUS
        assert result.status is None and result.excerpt
        assert len(server.requests) == 1, "it is not the client that sends again"

    run(tmp_path, body, timeout=1.0)


def test_no_answer_in_time_is_ambiguous(tmp_path: Path) -> None:
    """A server that reads and keeps silent."""

    async def body(server: Server, api: UContact, _token: Path) -> None:
        server.answers = [SILENCE]
        assert (await api.post(Destination("sales"), [b"{}"])).kind is AnswerClass.AMBIGUOUS

    run(tmp_path, body, timeout=0.3)


def test_an_answer_that_drips_does_not_last_for_ever(tmp_path: Path) -> None:
    """Every byte in time, the whole never done."""

    over = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        writer.close()
        over.set()

    async def body() -> Answer:
        listener = await asyncio.start_server(drip, "127.0.0.1", 0)
        token = tmp_path / "token"
        token.write_text("t")
        port = listener.sockets[0].getsockname()[1]
        api = UContact(f"http://127.0.0.1:{port}", TokenFile(token), timeout=0.3, connect_timeout=0.3, connections=1)
        answer = await asyncio.wait_for(api.post(Destination("sales"), [b"{}"]), 60)
        await api.aclose()
        await asyncio.wait_for(over.wait(), 60)
        listener.close()
        return answer

    assert asyncio.run(body()).kind is AnswerClass.AMBIGUOUS


def test_what_never_left_is_not_ambiguous(tmp_path: Path) -> None:
    """Nobody listens: nothing was sent, so sending again cannot call anybody twice."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    token = tmp_path / "token"
    token.write_text("t")

    async def body() -> Answer:
        api = UContact(f"http://127.0.0.1:{port}", TokenFile(token), timeout=5, connect_timeout=5, connections=1)
        try:
            return await api.post(Destination("sales"), [b"{}"])
        finally:
            await api.aclose()

    assert asyncio.run(body()).kind is AnswerClass.UNAVAILABLE


def test_waiting_for_a_connection_in_vain_is_not_ambiguous(tmp_path: Path) -> None:
    """The pool is taken by a request that hangs: the second one was never sent."""

    async def body(server: Server, api: UContact, _token: Path) -> None:
        server.answers = [SILENCE] * 4
        hanging = [asyncio.create_task(api.post(Destination("sales"), [b"{}"])) for _ in range(4)]
        while len(server.requests) < 4:
            await asyncio.sleep(0.01)
        api._extensions["timeout"] = {**api._extensions["timeout"], "pool": 0.05}
        assert (await api.post(Destination("sales"), [b"{}"])).kind is AnswerClass.UNAVAILABLE
        for task in hanging:
            task.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)

    run(tmp_path, body)


def test_a_huge_answer_is_not_read_to_its_end(tmp_path: Path) -> None:
    """The status counts; a body without end costs neither memory nor the leads."""

    async def body(server: Server, api: UContact, _token: Path) -> None:
        server.answers = [b"HTTP/1.1 200 OK\r\ncontent-length: 900000\r\nconnection: close\r\n\r\n" + b"x" * 900_000]
        answer = await api.post(Destination("sales"), [b"{}"])
        assert answer.kind is AnswerClass.ACCEPTED and len(answer.excerpt) <= 200

    run(tmp_path, body)


def test_the_token_is_checked_and_never_shown(tmp_path: Path) -> None:
    """A token that would break the header is refused at the start; its text is in no repr."""
    token = tmp_path / "token"
    for bad in ("", " \n", "two words", "line\r\nbreak: x", "café"):
        token.write_text(bad)
        with pytest.raises(ValueError, match="one line of printable ASCII"):
            TokenFile(token)
    token.write_text("s3cret")
    assert "s3cret" not in repr(TokenFile(token))


@pytest.mark.parametrize(
    "url",
    ["http://[v1.x]", "http://a..b", "http://.a", f"http://{'a' * 64}.b", "http://1.2.3.4.5", "http://999999999999"],
)
def test_a_host_that_the_client_cannot_take_is_found_at_the_start(url: str) -> None:
    """Or every lead would count as sent and not answered, for ever, though nothing ever left."""
    assert url_problem(url).startswith("no request can be made to it")


@pytest.mark.parametrize(
    "url", ["http://localhost:8090", "http://[::1]:80/x", "http://127.0.0.1", "http://ünï.example.", "https://a_b-c.d"]
)
def test_a_host_that_the_client_takes_is_no_problem(url: str) -> None:
    """Names, with a dot at the end too, international ones, and addresses of both kinds."""
    assert url_problem(url) == ""
