"""The uContact Automation API: the only HTTP client of leads.

What is asked of the API is only what its page documents: ``POST …/api/dialer/id/<hubName>/freshLeads`` with
``{"leads": […]}`` ("Fresh leads"), or ``…/lists`` with ``{"filename": …, "list": […]}`` ("Subir una lista"), and a
bearer token.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import IPv4Address
from time import monotonic, perf_counter
from typing import Literal, TypeAlias
from urllib.parse import quote

import httpx2
import orjson

from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination
from connector.leads.spec import Endpoint
from connector.ucontact.answers import classify
from connector.ucontact.tls import Certificates, TlsFiles
from connector.ucontact.token import TokenFile
from connector.ucontact.transport import AiohttpTransport
from connector.watched import Unusable

LONGEST_ANSWER = 64 * 1024
"""Bytes of an answer that are read; the rest is thrown away with its connection."""
LOOK_EVERY = 1.0
"""Seconds between two looks at the files with token and certificates, at the least."""
MOST_URLS = 1000
"""Destinations whose addresses are kept: events may name any number."""
TLS_NOTHING = TlsFiles()
"""The system's authorities and no client certificate."""

_NEVER_SENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.UnsupportedProtocol,
    httpx2.InvalidURL,
)
"""Errors after which the API certainly has nothing of the request."""


def request_url(base_url: str, destination: Destination) -> str:
    """Where leads for ``destination`` are posted; the hub's name is percent-encoded."""
    return f"{base_url.rstrip('/')}/api/dialer/id/{quote(destination.hub, safe='')}/{destination.endpoint.value}"


def url_problem(base_url: str) -> str:
    """What keeps requests from being made to a base URL, or empty."""
    try:
        host = httpx2.URL(base_url).host
        host.encode("idna")  # as the resolver will: no label empty or longer than 63
    except (httpx2.InvalidURL, UnicodeError) as error:
        return f"no request can be made to it: {error}"
    if host.strip("0123456789.") == "":
        try:
            IPv4Address(host)
        except ValueError:
            return f"no request can be made to it: {host} is no IPv4 address"
    return ""


def request_body(destination: Destination, contacts: Sequence[bytes]) -> bytes:
    """The body that carries these contacts (JSON objects) to ``destination``."""
    if destination.endpoint is Endpoint.LISTS:
        name = orjson.dumps(destination.filename or "")
        return b'{"filename":' + name + b',"list":[' + b",".join(contacts) + b"]}"
    return b'{"leads":[' + b",".join(contacts) + b"]}"


Secret: TypeAlias = Literal["token", "certificate"]
"""What is read again when its files change."""


class UContact:
    """A connection pool to one uContact instance. Lives on the event loop.

    Token and certificates are looked at before a request, on the loop too: the files are small, and once a second is
    enough.
    """

    def __init__(
        self,
        base_url: str,
        token: TokenFile,
        *,
        timeout: float,
        connect_timeout: float,
        connections: int,
        error_bodies: frozenset[str] = frozenset({"0"}),
        tls: TlsFiles = TLS_NOTHING,
        transport: httpx2.AsyncBaseTransport | None = None,
        user_agent: str = "lead-connector",
        on_reload: Callable[[Secret], None] = lambda _what: None,
        on_trouble: Callable[[Secret, str], None] = lambda _what, _text: None,
        on_usable: Callable[[Secret], None] = lambda _what: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Times in seconds. ``connections`` bounds the pool; more requests than that wait for one. ``transport``
        replaces the network (tests) or the HTTP engine; ``tls`` means nothing to it.

        ``on_reload`` is told that another token or other certificates are in use from now on, ``on_trouble`` (once for
        each text, which holds no secret) that changed files are unusable, so that the last good ones stay in use, and
        ``on_usable`` that after this the files are as they should be. All are called on the event loop and must neither
        raise nor block. Raises Unusable (a ValueError).
        """
        self._certificates: Certificates | None = None
        self._engine: AiohttpTransport | None = None
        if transport is None:
            self._certificates = Certificates(tls)
            transport = self._engine = AiohttpTransport(connections=connections, verify=self._certificates.context)
        self.base_url = base_url.rstrip("/")
        self._token = token
        self._on_reload = on_reload
        self._on_trouble = on_trouble
        self._on_usable = on_usable
        self._clock = clock
        self._next_look = clock() + LOOK_EVERY
        self._troubles: dict[Secret, str] = {}
        self._error_bodies = error_bodies
        self._now = now
        self._longest = 2 * timeout + connect_timeout
        self._transport = transport
        self._extensions = {"timeout": httpx2.Timeout(timeout, connect=connect_timeout).as_dict()}
        self._common_headers = {
            "content-type": "application/json",
            "accept": "application/json",
            # A compressed answer could fail to unpack after the leads were accepted.
            "accept-encoding": "identity",
            "user-agent": user_agent,
        }
        # Made once for each token and destination: to make them costs httpx2 more than it costs aiohttp to send them.
        self._headers_of = lru_cache(1)(self._headers)
        self._url_of = lru_cache(MOST_URLS)(self._url)

    async def post(self, destination: Destination, contacts: list[bytes]) -> Answer:
        """Send contacts (JSON objects) in one request. Never raises for what a server or network does.

        A 401 or 403 makes the token file be read again. The request is not sent again from here: whether its leads are
        still ours to send, delivery knows; it tries again after the first, short back-off.
        """
        if self._clock() >= self._next_look:
            self._next_look = self._clock() + LOOK_EVERY
            self._look("token", self._token.look)
            if self._certificates is not None and self._engine is not None:
                self._look("certificate", self._certificates.look)
                self._engine.verify = self._certificates.context
        answer = await self._send(destination, request_body(destination, contacts))
        if answer.kind is AnswerClass.UNAUTHORIZED:
            self._look("token", self._token.reread)
        return answer

    @property
    def token_expires_at(self) -> float | None:
        """When the token in use ends, as ``TokenFile.expires_at``."""
        return self._token.expires_at

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    def _look(self, what: Secret, look: Callable[[], bool]) -> None:
        try:
            changed = look()
        except Unusable as error:
            if self._troubles.get(what) != str(error):
                self._troubles[what] = str(error)
                self._on_trouble(what, str(error))
            return
        if self._troubles.pop(what, None) is not None:
            self._on_usable(what)
        if changed:
            self._on_reload(what)

    def _headers(self, token: str) -> httpx2.Headers:
        return httpx2.Headers({**self._common_headers, "authorization": f"Bearer {token}"}, encoding="ascii")

    def _url(self, destination: Destination) -> httpx2.URL:
        return httpx2.URL(request_url(self.base_url, destination))

    async def _send(self, destination: Destination, body: bytes) -> Answer:
        started = perf_counter()
        response: httpx2.Response | None = None
        text = bytearray()
        # Straight to the transport: of what httpx2's client adds (redirects, cookies, authentication, hooks) nothing is
        # wanted, and it costs more than a batch's serialization.
        try:
            request = httpx2.Request(
                "POST",
                self._url_of(destination),
                content=body,
                headers=self._headers_of(self._token.value),
                extensions=self._extensions,
            )
            # The transport's limits are for each read and write: an answer that drips would outlive them.
            async with asyncio.timeout(self._longest):
                response = await self._transport.handle_async_request(request)
                try:
                    await _read(response, text)
                finally:
                    await response.aclose()
        except _NEVER_SENT as error:
            return Answer(AnswerClass.UNAVAILABLE, excerpt=_name(error), seconds=perf_counter() - started)
        except (httpx2.HTTPError, httpx2.StreamError, TimeoutError) as error:
            # A refusal is one whether its body is whole or not: servers that answer before they have read the request
            # often reset the connection. A success is one by its body (error_bodies).
            if response is None or response.is_success:
                return Answer(AnswerClass.AMBIGUOUS, excerpt=_name(error), seconds=perf_counter() - started)
        seconds = perf_counter() - started
        return classify(response.status_code, response.headers, bytes(text), self._error_bodies, self._now(), seconds)


async def _read(response: httpx2.Response, into: bytearray) -> None:
    async for part in response.aiter_raw():
        into += part
        if len(into) > LONGEST_ANSWER:
            break


def _name(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:200]
