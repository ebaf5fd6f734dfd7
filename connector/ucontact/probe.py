"""Asks whether the API answers at all, for `check --online`. No lead and no token is sent."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import httpx2


class ApiUnreachable(Exception):
    """Nothing answered in HTTP; the message says why, as far as is known, and what to look at."""


async def reach(
    base_url: str,
    *,
    answer_timeout: float,
    connect_timeout: float,
    ca_file: Path | None = None,
    user_agent: str = "lead-connector",
) -> int:
    """The HTTP status of a GET on the base URL: any is an answer. Times in seconds.

    The documented API has no request that checks a token and changes nothing, so the token is neither sent nor
    checked. Raises ApiUnreachable, after both times together at the latest, and OSError or
    ssl.SSLError for an unusable CA file.
    """
    context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    client = httpx2.AsyncClient(
        verify=context,
        timeout=httpx2.Timeout(answer_timeout, connect=connect_timeout),
        headers={"user-agent": user_agent, "accept-encoding": "identity"},
        follow_redirects=False,
        trust_env=False,
    )
    try:
        async with (
            asyncio.timeout(answer_timeout + connect_timeout),
            client,
            client.stream("GET", base_url) as response,  # its body does not matter
        ):
            return response.status_code
    except httpx2.ConnectTimeout as error:
        raise ApiUnreachable(f"no connection in {connect_timeout:g} s; check the address and the network") from error
    except (httpx2.TimeoutException, TimeoutError) as error:
        raise ApiUnreachable(f"connected, but no answer in {answer_timeout:g} s") from error
    except httpx2.HTTPError as error:
        raise ApiUnreachable(f"{str(error) or type(error).__name__}; {_advice(error)}") from error


def _advice(error: Exception) -> str:
    if isinstance(error, httpx2.ConnectError):
        if "CERTIFICATE" in str(error).upper():
            return "check ucontact.ca_file"
        if "SSL" in str(error).upper():
            return "check that the address is https"
        return "check ucontact.domain or base_url, and the network"
    return "what listens there does not speak HTTP as expected; check the scheme and port of ucontact.base_url"
