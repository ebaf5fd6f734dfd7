"""The HTTP side for operators: probes, metrics and the status page, on the service's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from connector.telemetry.health import Health
from connector.telemetry.metrics import Metrics
from connector.telemetry.page import main, page_headers, render
from connector.telemetry.status import Status

EVERY = 2.0
"""Seconds between two looks of a page that is open."""
WATCHERS = 20
"""Pages that may be open at a time: each costs a little of the event loop that delivers the leads."""


def build(metrics: Metrics, health: Health, refresh: Callable[[], None], status: Callable[[], Status]) -> Starlette:
    """The application. ``refresh`` brings gauges up to date before they are read, ``status`` says what the page shows;
    both are called on the event loop."""
    watching: set[object] = set()

    def probe(state: Callable[[], tuple[bool, dict[str, object]]]) -> Callable[[Request], Awaitable[Response]]:
        async def answer(_request: Request) -> Response:
            good, reasons = state()
            return JSONResponse({"ok": good, **reasons}, status_code=200 if good else 503)

        return answer

    async def expose(_request: Request) -> Response:
        refresh()
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    async def page(_request: Request) -> Response:
        nonce = secrets.token_urlsafe(16)
        return HTMLResponse(render(status(), nonce), headers=page_headers(nonce))

    async def changes() -> AsyncIterator[str]:
        while True:
            yield f"data: {json.dumps(main(status()))}\n\n"
            if health.draining:
                return  # a page that stays open must not keep a process from ending
            await asyncio.sleep(EVERY)

    async def events(_request: Request) -> Response:
        if len(watching) >= WATCHERS:
            return PlainTextResponse("too many pages are open\n", status_code=503)
        return _Watched(watching, changes())

    return Starlette(
        routes=[
            Route("/livez", probe(health.live)),
            Route("/readyz", probe(health.ready)),
            Route("/startupz", probe(health.started)),
            Route("/metrics", expose),
            Route("/events", events),
            Route("/", page),
        ]
    )


class _Watched(StreamingResponse):
    """Is in ``watching`` from before its first byte until it ends, however it ends."""

    def __init__(self, watching: set[object], content: AsyncIterator[str]) -> None:
        super().__init__(content, media_type="text/event-stream", headers={"cache-control": "no-store"})
        self._watching = watching

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._watching.add(self)
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._watching.discard(self)


class AdminServer:
    """Serves the application on an address bound at once. Lives on the event loop."""

    def __init__(self, app: Starlette, host: str, port: int) -> None:
        """Port 0 takes any free one. Raises OSError when the address cannot be had."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family, backlog=128)
        self._server = _Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
        )

    @property
    def address(self) -> str:
        """``host:port`` as bound."""
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def serve(self) -> None:
        """Answer until cancelled."""
        task = asyncio.ensure_future(self._server.serve(sockets=[self._socket]))
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            self._server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await task
            raise


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """Signals are the service's business."""
        yield
