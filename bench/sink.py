"""A fast stand-in for the API, in a process of its own: ``python -m bench.sink``.

HTTP/1.1 with keep-alive on a bare protocol, so that the sink takes as little of the machine as can be. Answers 200 to
every POST, after a delay if told. Leads are counted when their request has arrived, before the delay, each by its
number (`bench.data.event_id`): what is missing or came twice is known exactly.

``POST /reset?latency_ms=20&record=1`` forgets everything; with ``record`` it keeps when each lead arrived.
``GET /stats`` and ``GET /arrivals`` tell. Any other POST is a request of the connector's.
"""

from __future__ import annotations

import asyncio
import re
import time
from typing import Final, cast
from urllib.parse import parse_qs, urlsplit

import orjson
import uvloop

from bench.data import ID_PREFIX

_NUMBER = re.compile(
    rb'"id":"' + ID_PREFIX.encode() + rb'(\d{12})"'
)  # quotes inside a text are escaped: no other match
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
_END: Final = b"\r\n\r\n"
_ENVELOPE: Final = len(b'{"leads":[]}')
_ACCEPTED: Final = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"
LISTENING: Final = "listening on "


class Arrivals:
    """What has arrived since the last reset. Instants are nanoseconds of the monotonic clock, as `time.monotonic_ns`
    gives them to every process of this machine."""

    def __init__(self, latency: float = 0.0, *, record: bool = False) -> None:
        """``latency`` is in seconds."""
        self.latency = latency
        self._seen = bytearray()
        self._recorded: dict[int, int] | None = {} if record else None
        self._distinct = self._leads = self._requests = self._bytes = self._first = self._last = 0

    def take(self, body: bytes) -> None:
        """A request has arrived."""
        self._last = time.monotonic_ns()
        self._first = self._first or self._last
        numbers = [int(number) for number in _NUMBER.findall(body)]
        self._requests += 1
        self._leads += len(numbers)
        # Without what the batch adds: the same leads weigh the same however they were batched.
        self._bytes += len(body) - _ENVELOPE - max(0, len(numbers) - 1)
        seen = self._seen
        for number in numbers:
            if number >= len(seen):
                seen.extend(bytes(number + 1_000_000 - len(seen)))
            if not seen[number]:
                seen[number] = 1
                self._distinct += 1
        if self._recorded is not None:
            now = time.time_ns()
            for number in numbers:
                self._recorded.setdefault(number, now)

    def stats(self) -> dict[str, int]:
        """Counts so far."""
        return {
            "leads": self._leads,
            "distinct": self._distinct,
            "requests": self._requests,
            "contact_bytes": self._bytes,
            "first_ns": self._first,
            "last_ns": self._last,
        }

    def recorded(self) -> dict[str, int]:
        """When each lead first arrived, in nanoseconds since the epoch, by its number."""
        return {str(number): at for number, at in (self._recorded or {}).items()}


class Server:
    """What the connections share."""

    def __init__(self) -> None:
        self.arrivals = Arrivals()

    def control(self, method: str, target: str) -> bytes | None:
        """The whole answer to a request of the benchmark's; None when it is one of the connector's."""
        url = urlsplit(target)
        match method, url.path:
            case "POST", "/reset":
                asked = parse_qs(url.query)
                latency = float(asked.get("latency_ms", ["0"])[0]) / 1000
                self.arrivals = Arrivals(latency, record="record" in asked)
                return _ACCEPTED
            case "GET", "/stats":
                return _answer(orjson.dumps(self.arrivals.stats()))
            case "GET", "/arrivals":
                return _answer(orjson.dumps(self.arrivals.recorded()))
            case "POST", _:
                return None
            case _:
                return b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


class Connection(asyncio.Protocol):
    """One connection. Requests without a content-length are taken to have no body (our clients always send one)."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are not of that class

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (head_end := self._buffer.find(_END)) >= 0:
            length = _LENGTH.search(self._buffer, 0, head_end + 2)
            start = head_end + len(_END)
            end = start + (int(length[1]) if length else 0)
            if len(self._buffer) < end:
                return
            line = bytes(self._buffer[: self._buffer.index(b"\r\n")])
            body = bytes(self._buffer[start:end])
            del self._buffer[:end]
            self._handle(line, body)

    def _handle(self, line: bytes, body: bytes) -> None:
        method, target, _version = line.decode("ascii").split(" ")
        answer = self._server.control(method, target)
        if answer is not None:
            self._write(answer)
            return
        arrivals = self._server.arrivals
        arrivals.take(body)
        if arrivals.latency:
            asyncio.get_running_loop().call_later(arrivals.latency, self._write, _ACCEPTED)
        else:
            self._write(_ACCEPTED)

    def _write(self, answer: bytes) -> None:
        if self._transport is not None:
            self._transport.write(answer)


def _answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


async def serve() -> None:
    """Serve on a free port of the loopback interface until the process is ended; the address goes to stdout."""
    state = Server()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(state), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    print(f"{LISTENING}http://127.0.0.1:{port}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())
