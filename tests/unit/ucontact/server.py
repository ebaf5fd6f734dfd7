"""What the servers of these tests have in common: they listen, attend to each connection and leave none behind."""

from __future__ import annotations

import abc
import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator
from typing import Self

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class LocalServer(abc.ABC):
    """Attends to each connection in a task of its own; one that breaks off is no failure of the test."""

    def __init__(self, *, receive_buffer: int | None = None) -> None:
        """``receive_buffer``: bytes that the kernel holds of what was not read yet (None: its own choice)."""
        self.port = 0
        self._receive_buffer = receive_buffer
        self._tasks: set[asyncio.Task[None]] = set()

    @abc.abstractmethod
    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak with one client. The connection is closed afterwards."""

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[Self]:
        """Listen on a free port of 127.0.0.1."""
        sock = socket.create_server(("127.0.0.1", 0))
        if self._receive_buffer is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        self.port = sock.getsockname()[1]
        listener = await asyncio.start_server(self._connected, sock=sock)
        try:
            yield self
        finally:
            listener.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._attend(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.attend(reader, writer)
        finally:
            writer.close()


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection as a crash does."""
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
