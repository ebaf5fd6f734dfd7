"""Asks whether the API answers at all, for `check --online`. No lead is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx2

from connector.ucontact.tls import TlsFiles
from connector.ucontact.transport import AiohttpTransport, refused_by_server


class ApiUnreachable(Exception):
    """Nothing answered in HTTP; the message says why, as far as is known, and what to look at."""


async def reach(
    url: str,
    *,
    token: str | None = None,
    answer_timeout: float,
    connect_timeout: float,
    ca_file: Path | None = None,
    client_certificate: Path | None = None,
    client_key: Path | None = None,
    user_agent: str = "lead-connector",
) -> int:
    """The HTTP status of a GET, with the token if one is given: any is an answer. Times in seconds.

    The client certificate is sent where one is demanded. Raises ApiUnreachable, after both times together at the
    latest, and Unusable (a ValueError) for unusable files.
    """
    tls = TlsFiles(ca_file, client_certificate, client_key).context()
    client = httpx2.AsyncClient(
        transport=AiohttpTransport(connections=1, verify=tls),  # as for leads: what it cannot reach, they cannot
        timeout=httpx2.Timeout(answer_timeout, connect=connect_timeout),
        headers={
            "user-agent": user_agent,
            "accept-encoding": "identity",
            **({} if token is None else {"authorization": f"Bearer {token}"}),
        },
        follow_redirects=False,
        trust_env=False,
    )
    try:
        async with (
            asyncio.timeout(answer_timeout + connect_timeout),
            client,
            client.stream("GET", url) as response,  # its body does not matter
        ):
            return response.status_code
    except httpx2.ConnectTimeout as error:
        raise ApiUnreachable(f"no connection in {connect_timeout:g} s; check the address and the network") from error
    except (httpx2.TimeoutException, TimeoutError) as error:
        raise ApiUnreachable(f"connected, but no answer in {answer_timeout:g} s") from error
    except httpx2.HTTPError as error:
        raise ApiUnreachable(f"{str(error) or type(error).__name__}; {_advice(error)}") from error


def _advice(error: Exception) -> str:
    if refused_by_server(error):
        return "check ucontact.client_certificate"
    if isinstance(error, httpx2.ConnectError):
        if "CERTIFICATE" in str(error).upper():
            return "check ucontact.ca_file"
        if "SSL" in str(error).upper():
            return "check that the address is https"
        return "check ucontact.domain or base_url, and the network"
    return "what listens there does not speak HTTP as expected; check the scheme and port of ucontact.base_url"
