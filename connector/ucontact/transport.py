"""The HTTP engine under httpx2's API: aiohttp's connection pool, which costs a fifth of httpx2's own.

Measured with batches of 50 over plain HTTP: about 90 µs of CPU a request against 400 (docs/performance.md). Its errors
are told apart by what delivery needs to know: was the request certainly not sent?
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import aiohttp
import httpx2
from yarl import URL


class AiohttpTransport(httpx2.AsyncBaseTransport):
    """A pool of at most ``connections`` connections. Lives on the event loop on which its first request is sent.

    Raises httpx2.ConnectError and httpx2.ConnectTimeout for requests of which nothing was sent (waiting in vain for a
    free connection included), httpx2.ReadTimeout and httpx2.ReadError for all others that got no whole answer. The
    time-outs are those of the request's ``timeout`` extension, in seconds, as httpx2 defines it.
    """

    def __init__(self, *, connections: int, verify: ssl.SSLContext) -> None:
        self._connections = connections
        self._verify = verify
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request and read its answer's head; the body is read from the response's stream."""
        timeout = request.extensions["timeout"]
        with _translated(request):
            answer = await self._open().request(
                request.method,
                URL(str(request.url), encoded=True),  # a hub's %2F must stay as it is
                data=request.content,
                headers=dict(request.headers),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(
                    total=None,
                    connect=timeout["pool"],
                    sock_connect=timeout["connect"],
                    sock_read=timeout["read"],
                ),
            )
        return httpx2.Response(answer.status, headers=list(answer.raw_headers), stream=_Body(request, answer))

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections, ssl=self._verify),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
            )
        return self._session


class _Body(httpx2.AsyncByteStream):
    """An answer's body. Closed before its end, it closes the connection; read to its end, it gives it back."""

    def __init__(self, request: httpx2.Request, answer: aiohttp.ClientResponse) -> None:
        self._request = request
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated(self._request):
            async for part in self._answer.content.iter_any():
                yield part

    async def aclose(self) -> None:
        self._answer.close()


@contextmanager
def _translated(request: httpx2.Request) -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx2.ConnectTimeout(_text(error), request=request) from error
    except aiohttp.ClientConnectorError as error:
        raise httpx2.ConnectError(_text(error), request=request) from error
    except TimeoutError as error:
        raise httpx2.ReadTimeout(_text(error), request=request) from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise httpx2.ReadError(_text(error), request=request) from error


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
