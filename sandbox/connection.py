"""Closing a connection without an answer, which ASGI has no word for."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

_TRANSPORT = "sandbox.transport"


class SandboxProtocol(H11Protocol):
    """uvicorn's HTTP protocol, which also hands the application each connection's transport, in the scope's state."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called by the loop for every new connection."""
        super().connection_made(transport)
        self.app_state = {**self.app_state, _TRANSPORT: transport}


async def drop(scope: Scope, receive: Receive) -> None:
    """Closes the TCP connection at once. Returns when the server knows, so that it does not miss an answer."""
    transport: asyncio.Transport = scope["state"][_TRANSPORT]
    transport.abort()
    await client_left(receive)


async def client_left(receive: Receive) -> None:
    """Waits until the connection has ended. Only once the request's body has been read."""
    while (await receive())["type"] != "http.disconnect":
        pass
