"""The HTTP side for operators: probes and metrics, on the service's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from connector.telemetry.health import Health
from connector.telemetry.metrics import Metrics

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>lead-connector</title><style>body{font:16px/1.6 system-ui;max-width:40rem;margin:3rem auto;padding:0 1rem;
color-scheme:light dark}</style><h1>lead-connector</h1><p>Leads from Kafka to uContact.</p><ul>
<li><a href="/readyz">readyz</a>: joined the group and not draining</li>
<li><a href="/livez">livez</a>: the loops turn, and no partition is stuck</li>
<li><a href="/startupz">startupz</a></li><li><a href="/metrics">metrics</a></li></ul></html>"""


def build(metrics: Metrics, health: Health, refresh: Callable[[], None]) -> Starlette:
    """The application. ``refresh`` brings gauges up to date before they are read."""

    def probe(state: Callable[[], tuple[bool, dict[str, object]]]) -> Callable[[Request], Response]:
        def answer(_request: Request) -> Response:
            good, reasons = state()
            return JSONResponse({"ok": good, **reasons}, status_code=200 if good else 503)

        return answer

    async def expose(_request: Request) -> Response:
        refresh()
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    async def page(_request: Request) -> Response:
        return HTMLResponse(_PAGE)

    return Starlette(
        routes=[
            Route("/livez", probe(health.live)),
            Route("/readyz", probe(health.ready)),
            Route("/startupz", probe(health.started)),
            Route("/metrics", expose),
            Route("/", page),
        ]
    )


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
