"""An HTTPS server over memory BIOs: unlike asyncio's it sends its alerts, and when is up to the test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import trustme

from tests.unit.ucontact.server import OK, LocalServer, reset

T = TypeVar("T")


def server_context(
    authority: trustme.CA,
    *names: str,
    demand: trustme.CA | None = None,
    version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3,
) -> ssl.SSLContext:
    """For a server called ``names`` (or 127.0.0.1) that demands a certificate signed by ``demand``, if any."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = version
    authority.issue_cert(*(names or ("127.0.0.1",))).configure_cert(context)
    if demand is not None:
        demand.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class TlsServer(LocalServer):
    """Answers every request with 200. ``requests`` are those it has read whole, ``clients`` the common name in the
    client's certificate for each handshake that it has accepted (empty without one)."""

    def __init__(self, context: ssl.SSLContext, *, verdict_after: int = 0, reset: bool = False) -> None:
        """``verdict_after``: bytes from the client after its hello that are awaited before the server looks at its
        certificate. ``reset``: a refusal is followed by a reset instead of an orderly end."""
        super().__init__()
        self.context = context
        self.requests: list[bytes] = []
        self.clients: list[str] = []
        self.refused = asyncio.Event()
        self._verdict_after = verdict_after
        self._reset = reset

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"https://127.0.0.1:{self.port}"

    async def attend(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except ssl.SSLError:
            await self._refuse(reader, writer)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self.context.wrap_bio(incoming, outgoing, server_side=True)

        async def until_done(call: Callable[[], T], at_least: int = 0) -> T:
            while True:
                done = True
                try:
                    result = call()
                except ssl.SSLWantReadError:
                    done = False
                finally:
                    writer.write(outgoing.read())
                if done:
                    return result
                data = await reader.read(65536)
                while data and len(data) < at_least and (more := await reader.read(65536)):
                    data += more
                if not data:
                    raise ConnectionResetError
                incoming.write(data)

        # The client's hello first; what follows is its certificate.
        incoming.write(await reader.read(65536))
        await until_done(tls.do_handshake, self._verdict_after)
        subject: Any = (tls.getpeercert() or {}).get("subject", ())
        names = dict(pair for [pair] in subject)
        self.clients.append(names.get("commonName", ""))
        request = b""
        while True:
            if not (part := await until_done(lambda: tls.read(65536))):
                return
            request += part
            if request.endswith(b"\r\n\r\n" if request.startswith(b"GET") else b"]}"):
                self.requests.append(request)
                request = b""
                tls.write(OK)
                writer.write(outgoing.read())

    async def _refuse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.refused.set()
        if self._reset:
            reset(writer)
            return
        writer.write_eof()
        while await reader.read(65536):
            pass
