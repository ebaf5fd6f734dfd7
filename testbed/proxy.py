"""A TCP proxy on loopback that fails on order: a cut cable, a black hole, lost answers, a slow line."""

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress

from testbed.line import Fault, Line, Link
from testbed.opened import Opened
from testbed.ports import LOOPBACK, free_ports

_PORT_ATTEMPTS = 10


class TcpProxy(Opened):
    """Passes connections on to a target that may be set later. A context manager; works in a thread of its own.

    One of `cut`, `freeze`, `freeze_answers`, `drop_answers` is in force at a time, the last one ordered, beside
    `delay`; `heal` ends everything. Orders may come from any thread, block for a moment, and hold when they return:
    what a side sends afterwards meets them. What it sent before may still come through, in part too.

    `target`, a host and a port, may be changed at any time and counts for connections made from then on. A connection
    that the target does not take (or for which there is none) is reset once made; the target itself would refuse it.
    """

    def __init__(self, target_host: str | None = None, target_port: int | None = None, *, port: int = 0) -> None:
        """Nothing listens yet. `port` 0 means a free one, below the range of outgoing connections."""
        self.target = None if target_host is None or target_port is None else (target_host, target_port)
        self._given_port = port
        self._port = 0
        self._line = Line()
        self._listener: socket.socket | None = None
        self._links: dict[asyncio.Task[None], Link] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port that clients connect to; the same from entering to the end, also while cut."""
        return self._port

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"{LOOPBACK}:{self._port}"

    @property
    def connections(self) -> int:
        """How many connections of clients are open now."""
        return len(self._links)

    def open(self) -> None:
        """Listen, with no fault. Raises OSError when the port given is taken; `close` ends the thread then too."""
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="testbed-proxy", daemon=True)
        self._thread.start()
        self._run(self._bind())

    def cut(self) -> None:
        """Reset all connections (RST, to both sides) and refuse new ones until `heal`."""
        self._run(self._order(Fault.CUT))

    def freeze(self) -> None:
        """Pass nothing on in either direction: not bytes, not the end of a connection.

        Connections stay open and new ones are accepted. What is sent meanwhile is kept, and passed on by `heal`.
        """
        self._run(self._order(Fault.FROZEN))

    def freeze_answers(self) -> None:
        """`freeze` from the target to the clients only: requests still arrive."""
        self._run(self._order(Fault.ANSWERS_HELD))

    def drop_answers(self) -> None:
        """Swallow what the target sends, the end of a connection too: requests arrive and seem unanswered.

        `heal` resets the connections on which something was swallowed.
        """
        self._run(self._order(Fault.ANSWERS_DROPPED))

    def delay(self, seconds: float) -> None:
        """Pass everything on this much later, in both directions: a round trip takes twice that. 0 ends it.

        A long line, not a narrow one: 4 MiB may be under way per connection and direction.
        """
        self._run(self._order(None, seconds))

    def heal(self) -> None:
        """End every fault, the delay too. Raises OSError when somebody took the port while the proxy was cut."""
        self._run(self._order(Fault.NONE, 0.0))

    def close(self) -> None:
        """Reset all connections and end the thread. Does nothing when there is none."""
        if self._loop is None or self._thread is None:
            return
        self._run(self._order(Fault.CUT))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._loop = self._thread = None

    def _run(self, order: Coroutine[None, None, None]) -> None:
        if self._loop is None:
            order.close()
            raise RuntimeError("the proxy has not been entered")
        asyncio.run_coroutine_threadsafe(order, self._loop).result()

    # From here on everything runs on the loop's thread.

    async def _bind(self) -> None:
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            self._port = self._given_port or free_ports(1)[0]
            try:
                await self._order(Fault.NONE, 0.0)
            except OSError:
                if self._given_port or attempt == _PORT_ATTEMPTS:
                    raise
            else:
                return

    async def _order(self, fault: Fault | None, delay: float | None = None) -> None:
        fault = self._line.fault if fault is None else fault
        if fault is Fault.CUT:
            self._deafen()
        elif self._listener is None:
            self._listen()
        self._line.change(fault, self._line.delay if delay is None else delay)
        if fault is Fault.CUT:
            await self._reset(lambda _: True)
        elif fault is Fault.NONE:
            await self._reset(lambda link: link.incomplete)

    async def _reset(self, which: Callable[[Link], bool]) -> None:
        tasks = [task for task, link in self._links.items() if which(link)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _listen(self) -> None:
        listener = socket.create_server((LOOPBACK, self._port), backlog=128)
        listener.setblocking(False)
        self._listener = listener
        asyncio.get_running_loop().add_reader(listener, self._accept, listener)

    def _deafen(self) -> None:
        if self._listener is not None:
            asyncio.get_running_loop().remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionAbortedError):  # the client may be gone again
            link = Link(self._line, listener.accept()[0])
            task = asyncio.get_running_loop().create_task(link.run(lambda: self.target))
            self._links[task] = link
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._links.pop(task).close(reset=task.cancelled())
