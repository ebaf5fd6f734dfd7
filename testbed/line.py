"""What happens on the way between two sockets; the inside of `testbed.proxy`. Everything runs on one event loop."""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto

_CHUNK = 64 * 1024
_QUEUED_CHUNKS = 64  # per connection and direction; beyond them senders wait, as they do on a full line
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: close() sends RST


class Fault(Enum):
    """What is wrong with a line."""

    NONE = auto()
    CUT = auto()
    FROZEN = auto()
    ANSWERS_HELD = auto()
    ANSWERS_DROPPED = auto()


class Way(Enum):
    """A direction, by what clients send and get."""

    REQUESTS = auto()
    ANSWERS = auto()


_HELD = {Fault.FROZEN: set(Way), Fault.ANSWERS_HELD: {Way.ANSWERS}}


class Line:
    """The state that all connections of a proxy share."""

    def __init__(self) -> None:
        self.fault = Fault.NONE
        self.delay = 0.0  # seconds, each way
        self._changed = asyncio.Event()  # set, and replaced, by every change

    def change(self, fault: Fault, delay: float) -> None:
        """From now on it is so, for what is under way too."""
        self.fault, self.delay = fault, delay
        self._changed.set()
        self._changed = asyncio.Event()

    async def passes(self, way: Way, arrived: float) -> bool:
        """Wait until what arrived then (the loop's time) may go on; False when it gets lost instead."""
        while True:
            changed = self._changed
            if self.fault is Fault.ANSWERS_DROPPED and way is Way.ANSWERS:
                return False
            if way in _HELD.get(self.fault, ()):
                await changed.wait()
                continue
            remaining = arrived + self.delay - asyncio.get_running_loop().time()
            if remaining <= 0:
                return True
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), remaining)


class Link:
    """A client's connection and the one to the target for it."""

    def __init__(self, line: Line, client: socket.socket) -> None:
        """Takes `client` over; nothing happens yet."""
        self.incomplete = False  # an answer was swallowed: what follows would make no sense, and is swallowed too
        self._line = line
        self._client = client
        self._target = socket.socket()
        self._broken = False
        for each in (self._client, self._target):
            each.setblocking(False)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def run(self, target: Callable[[], tuple[str, int] | None]) -> None:
        """Connect to `target()` as soon as the line lets anything through, and pass on until both sides have ended.

        Ends early when one side breaks, or there is no target.
        """
        loop = asyncio.get_running_loop()
        try:
            await self._line.passes(Way.REQUESTS, loop.time())
            if (address := target()) is None:
                raise ConnectionRefusedError("no target")
            await loop.sock_connect(self._target, address)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(Way.REQUESTS, self._client, self._target))
                group.create_task(self._pass_on(Way.ANSWERS, self._target, self._client))
        except* OSError:
            self._broken = True

    def close(self, *, reset: bool) -> None:
        """Let both sockets go: with RST if wanted, or if one side broke."""
        for each in (self._client, self._target):
            if reset or self._broken:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            each.close()

    async def _pass_on(self, way: Way, source: socket.socket, sink: socket.socket) -> None:
        queue = asyncio.Queue[tuple[float, bytes | None]](_QUEUED_CHUNKS)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._read(source, queue))
            group.create_task(self._write(way, queue, sink))

    async def _read(self, source: socket.socket, queue: asyncio.Queue[tuple[float, bytes | None]]) -> None:
        """Take what comes, with its time. The end (b"" in order, None by an error) waits its turn like bytes."""
        loop = asyncio.get_running_loop()
        data: bytes | None = b"more"
        while data:
            try:
                data = await loop.sock_recv(source, _CHUNK)
            except OSError:
                data = None
            await queue.put((loop.time(), data))

    async def _write(self, way: Way, queue: asyncio.Queue[tuple[float, bytes | None]], sink: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        data: bytes | None = b"more"
        while data:
            arrived, data = await queue.get()
            passed = await self._line.passes(way, arrived)
            self.incomplete = self.incomplete or not passed
            if self.incomplete and way is Way.ANSWERS:
                continue
            if data is None:
                raise ConnectionResetError("by the source")
            try:
                await loop.sock_sendall(sink, data)
                if not data:
                    sink.shutdown(socket.SHUT_WR)
            except OSError:
                # That the sink is gone is news for the source, and goes as everything does that way.
                back = Way.REQUESTS if way is Way.ANSWERS else Way.ANSWERS
                if await self._line.passes(back, loop.time()):
                    raise
                self.incomplete = True
                return
