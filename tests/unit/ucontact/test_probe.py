"""What `check --online` says of the API: that it answers, or what to look at."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
import trustme

from connector.ucontact.probe import ApiUnreachable, reach
from tests.unit.ucontact.loops import run
from tests.unit.ucontact.tls_server import TlsServer, server_context


async def told(url: str, *, ca_file: Path | None = None, client_certificate: Path | None = None) -> str:
    """What is said of an API that cannot be reached."""
    with pytest.raises(ApiUnreachable) as caught:
        await reach(url, answer_timeout=20, connect_timeout=20, ca_file=ca_file, client_certificate=client_certificate)
    text = str(caught.value)
    assert "SSLContext" not in text
    return text.rsplit("; ", 1)[1]


def test_each_way_not_to_be_reached_has_its_advice(tmp_path: Path) -> None:
    """The authority, our certificate, the scheme, the address; and with all in order its status."""
    authority, clients = trustme.CA(), trustme.CA()
    ours = clients.issue_cert("client.example")
    ca, pair = tmp_path / "ca", tmp_path / "pair"
    ca.write_bytes(authority.cert_pem.bytes())
    pair.write_bytes(ours.private_key_and_cert_chain_pem.bytes())

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()
        writer.close()
        ended.set()

    ended = asyncio.Event()

    async def body() -> None:
        async with TlsServer(server_context(authority, demand=clients)).listening() as server:
            assert await reach(
                server.url, answer_timeout=20, connect_timeout=20, ca_file=ca, client_certificate=pair
            ) in range(200, 300)
            assert await told(server.url, ca_file=ca) == "check ucontact.client_certificate"
            assert await told(server.url, client_certificate=pair) == "check ucontact.ca_file"
        listener = await asyncio.start_server(greet, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        assert await told(f"https://127.0.0.1:{port}") == "check that the address is https"
        await ended.wait()
        ended.clear()
        assert await told(f"http://127.0.0.1:{port}") == "check the scheme and port of ucontact.base_url"
        await ended.wait()
        listener.close()

    run(asyncio.new_event_loop, body())
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    for scheme in ("http", "https"):
        address = f"{scheme}://127.0.0.1:{port}"
        assert "base_url, and the network" in run(asyncio.new_event_loop, told(address))
