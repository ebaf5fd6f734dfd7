"""aiohttp's connection pool, made to keep ambiguities rare: a request goes only onto a connection that is in order."""

from __future__ import annotations

import asyncio
import select
import ssl
from time import monotonic
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection
from aiohttp.tracing import Trace

IDLE = 4.0
"""Seconds for which an idle connection may be used again. Servers close theirs after 5 s (Apache, Node, uvicorn) or
later, and a request that meets this on its way is ambiguous. A new connection for a lead now and then costs little."""
LONGEST_VERDICT = 1.0
"""Seconds that a server gets at most to refuse our certificate."""
_STEP = 0.002


class Refused(aiohttp.ClientConnectionError):
    """The server ended the connection before anything but the TLS handshake was sent to it."""


class Connections(aiohttp.TCPConnector):
    """At most ``connections`` of them. Lives on the event loop it is made on.

    What it adds to aiohttp's:

    - A connection on which something came while it was idle is not used again: it is closed (and the loop has not seen
      it yet), or an answer that nobody asked for would be taken for that of the next request.
    - With TLS 1.3 a client has done its part of the handshake before the server has looked at its certificate. The
      refusal comes a round trip later, and when it crosses a request it may even be lost: the server's kernel answers
      the request with a reset. So a new connection waits for the server's verdict: a session ticket, an alert, or
      silence for as long as connecting took. It is the round trip that TLS 1.2 always has.
    """

    def __init__(self, connections: int) -> None:
        super().__init__(limit=connections, keepalive_timeout=IDLE)
        self._new: WeakSet[ResponseHandler] = WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> Connection:
        """As aiohttp's; also raises Refused."""
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or protocol in self._new:
                if protocol is not None:
                    self._new.discard(protocol)
                return connection
            if not protocol.should_close and not _has_news(connection.transport):
                return connection
            connection.close()

    async def _create_connection(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's signature
    ) -> ResponseHandler:
        # Here and not in connect(): all this is within the time-out for connecting.
        started = monotonic()
        protocol = await super()._create_connection(req, traces, timeout)
        try:
            await _verdict(protocol, monotonic() - started)
        except BaseException:
            protocol.close()
            raise
        self._new.add(protocol)
        return protocol


async def _verdict(protocol: ResponseHandler, handshake: float) -> None:
    """Wait until the server has accepted the TLS handshake, as far as can be known. Raises Refused if it has not."""
    tls = None if protocol.transport is None else protocol.transport.get_extra_info("ssl_object")
    if isinstance(tls, (ssl.SSLObject, ssl.SSLSocket)) and tls.version() == "TLSv1.3":
        # aiohttp's protocol tells nobody of tickets. Steps, no clock: while the machine stands still, none counts.
        for _ in range(max(10, int(min(handshake, LONGEST_VERDICT) / _STEP))):
            if not protocol.is_connected() or _has_ticket(tls):
                break
            await asyncio.sleep(_STEP)
    if not protocol.is_connected():
        # The transport is closed first; why, the protocol is told some turns of the loop later.
        for _ in range(10):
            if protocol.exception() is None:
                await asyncio.sleep(0)
        raise Refused("refused by the server after the handshake") from protocol.exception()


def _has_ticket(tls: ssl.SSLObject | ssl.SSLSocket) -> bool:
    return tls.session is not None and tls.session.has_ticket


def _has_news(transport: asyncio.Transport | None) -> bool:
    """Whether a connection that should be silent is not: bytes, an end or an error wait in the kernel."""
    sock = None if transport is None else transport.get_extra_info("socket")
    if sock is None or sock.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(sock.fileno(), select.POLLIN)
    return bool(poll.poll(0))
