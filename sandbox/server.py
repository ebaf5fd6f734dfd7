"""Runs a sandbox: in this thread until a signal (``run``), or beside other work (``SandboxServer``)."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from types import TracebackType

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from sandbox.api import api_routes
from sandbox.connection import SandboxProtocol
from sandbox.control import ControlError, control_error, control_routes, http_error
from sandbox.core import Sandbox
from sandbox.settings import DEFAULT_HUBS, Endpoint, HubKind, SandboxSettings

__all__ = ["DEFAULT_HUBS", "Endpoint", "HubKind", "SandboxServer", "SandboxSettings", "run"]

_GRACE_SECONDS = 5
"""How long requests that are being answered may take when the sandbox is asked to stop."""
_KEEP_ALIVE_SECONDS = 300
"""Longer than any client keeps a connection: the sandbox closes one only when a fault says so."""


def run(settings: SandboxSettings, ready: Callable[[str], None] | None = None) -> None:
    """Runs a sandbox until SIGTERM or SIGINT, which it takes when called in the main thread. Blocks.

    ``ready`` is called with the base URL once requests are served. Raises OSError when the address cannot be bound,
    LedgerError when the directory is in use or its ledger damaged, and the error that ended the background work.
    """
    _serve(settings, lambda server: ready(server.url) if ready is not None else None)


class SandboxServer:
    """A sandbox in a thread of this process, serving from construction until ``close``. Also a context manager."""

    def __init__(self, settings: SandboxSettings) -> None:
        """Blocks until requests are served. Raises what ``run`` raises."""
        self._started: SimpleQueue[_Server | None] = SimpleQueue()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(settings,), name="sandbox", daemon=True)
        self._thread.start()
        server = self._started.get()
        if server is None:
            self._thread.join()
            raise self._error or RuntimeError("the sandbox ended before it served")
        self._server = server
        self.url = server.url
        """The base URL, without a slash at its end."""

    @property
    def running(self) -> bool:
        """Whether it still serves; False after ``close``, and when an error has ended it (which ``close`` raises)."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Stops and blocks until files and sockets are let go. Raises the error that ended the sandbox, if one did.

        Any thread; a second call does nothing.
        """
        self._server.should_exit = True
        self._thread.join()
        error, self._error = self._error, None
        if error is not None:
            raise error

    def __enter__(self) -> SandboxServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _run(self, settings: SandboxSettings) -> None:
        try:
            _serve(settings, self._started.put)
        except BaseException as error:  # noqa: BLE001 - carried to the thread that constructs or closes
            self._error = error
        finally:
            self._started.put(None)


class _Server(uvicorn.Server):
    """uvicorn's server with the sandbox's background work beside it, and signals that mean a clean end."""

    def __init__(self, config: uvicorn.Config, sandbox: Sandbox, ready: Callable[[_Server], None]) -> None:
        super().__init__(config)
        self.url = ""
        self.failure: BaseException | None = None
        self._sandbox = sandbox
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._sandbox.background.start(self._failed)
        self._ready(self)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # First, or requests that hang by a fault would hold up the end.
        self._sandbox.faults.close()
        await super().shutdown(sockets)
        await self._sandbox.background.stop()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a signal that has been obeyed is not raised again: the process goes on to exit 0."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _failed(self, error: BaseException) -> None:
        self.failure = error
        self.should_exit = True


def _serve(settings: SandboxSettings, ready: Callable[[_Server], None]) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.create_server((settings.host, settings.port), family=family, backlog=2048) as listener:
        sandbox = Sandbox(settings)
        try:
            app = Starlette(
                routes=[*api_routes(sandbox), *control_routes(sandbox)],
                exception_handlers={ControlError: control_error, HTTPException: http_error},
            )
            app.router.redirect_slashes = False
            config = uvicorn.Config(
                app,
                http=SandboxProtocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
            server = _Server(config, sandbox, ready)
            host = f"[{settings.host}]" if family == socket.AF_INET6 else settings.host
            server.url = f"http://{host}:{listener.getsockname()[1]}"
            server.run(sockets=[listener])
        finally:
            sandbox.close()
        if server.failure is not None:
            raise server.failure
