"""The HTTP engine under httpx2's API: aiohttp's connection pool, which costs a fifth of httpx2's own.

Measured with batches of 50 over plain HTTP: about 90 µs of CPU a request against 400 (docs/performance.md). Its errors
are told apart by what delivery needs to know: was the request certainly not sent?
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator

import aiohttp
import httpx2
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import HttpProcessingError
from yarl import URL

from connector.ucontact.connections import Connections

_FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError, RuntimeError)
"""What aiohttp, asyncio and uvloop raise for what a network or server does. TimeoutError is an OSError."""
_REFUSAL = re.compile(
    r"\[SSL: (?:SSLV3|TLSV1|TLSV13)(?:_ALERT)?_"
    r"(?:CERTIFICATE_\w+|BAD_CERTIFICATE\w*|NO_CERTIFICATE|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED"
    r"|DECRYPT_ERROR|HANDSHAKE_FAILURE|INSUFFICIENT_SECURITY|PROTOCOL_VERSION|NO_APPLICATION_PROTOCOL"
    r"|UNRECOGNIZED_NAME)\]"
)
"""Alerts (RFC 8446, 6.2, by OpenSSL's names) that a server sends only while it has not accepted the handshake."""
_CONTEXT = re.compile(r" ssl:(?:default|<[^>]*>)")
"""What aiohttp tells of the SSLContext: nothing."""


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """A pool of at most ``connections`` connections. Lives on the event loop on which its first request is sent.

    Raises httpx2.ConnectError and httpx2.ConnectTimeout for requests that no application can have got: nothing was sent
    (waiting in vain for a free connection included), or the server refused the TLS handshake after all. Raises
    httpx2.ReadTimeout and httpx2.ReadError for all others that got no whole answer. The time-outs are those of the
    request's ``timeout`` extension, in seconds, as httpx2 defines it.
    """

    def __init__(self, *, connections: int, verify: ssl.SSLContext) -> None:
        self.verify = verify
        """Of requests from now on. Connections that were made with another context are not used for them."""
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and read its answer's head; the body is read from the response's stream."""
        timeout = request.extensions["timeout"]
        content = _Content(request.content)
        try:
            answer = await self._open().request(
                request.method,
                URL(str(request.url), encoded=True),  # a hub's %2F must stay as it is
                data=content,
                headers=[(name.decode("ascii"), value.decode("latin-1")) for name, value in request.headers.raw],
                allow_redirects=False,
                ssl=self.verify,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=timeout["pool"],
                    sock_connect=timeout["connect"],
                    sock_read=timeout["read"],
                ),
            )
        except _FAILURES as error:
            raise _without_answer(error, request, sent=content.sent) from error
        response = httpx2.Response(answer.status, headers=list(answer.raw_headers), stream=_Body(request, answer))
        response.headers.encoding = "latin-1"  # or httpx2 would try three on all of them each time one is looked at
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=Connections(self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


def refused_by_server(error: Exception) -> bool:
    """Whether an error tells of an alert with which a server refuses the TLS handshake: our certificate, or its lack,
    is what it mostly is about."""
    return _REFUSAL.search(str(error)) is not None


class _Content(aiohttp.BytesPayload):
    """A request's body, which knows whether anything of the request was given to a connection.

    aiohttp keeps the request's head until there is a body to send, and sends both together.
    """

    sent = False

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        transport = writer.transport
        self.sent = transport is not None and not transport.is_closing()
        await super().write_with_length(writer, content_length)


class _Body(httpx2.AsyncByteStream):
    """An answer's body. Closed before its end, it closes the connection; read to its end, it gives it back."""

    def __init__(self, request: httpx2.Request, answer: aiohttp.ClientResponse) -> None:
        self._request = request
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._answer.content.iter_any():
                yield part
        except _FAILURES as error:
            raise _cut_off(error, self._request) from error

    async def aclose(self) -> None:
        self._answer.close()


def _without_answer(error: Exception, request: httpx2.Request, *, sent: bool) -> httpx2.TransportError:
    if not sent:
        kind = httpx2.ConnectTimeout if isinstance(error, TimeoutError) else httpx2.ConnectError
        return kind(_text(error), request=request)
    if refused_by_server(error):
        return httpx2.ConnectError(_text(error), request=request)
    return _cut_off(error, request)


def _cut_off(error: Exception, request: httpx2.Request) -> httpx2.TransportError:
    kind = httpx2.ReadTimeout if isinstance(error, TimeoutError) else httpx2.ReadError
    return kind(_text(error), request=request)


def _text(error: Exception) -> str:
    cause = error.__cause__ if isinstance(error.__cause__, Exception) else None
    text = _CONTEXT.sub("", f"{type(error).__name__}: {error}")
    return text if cause is None or str(cause) in text else f"{text} ({cause})"
