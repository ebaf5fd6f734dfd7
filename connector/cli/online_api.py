"""What `check --online` asks the API: that it answers, and what it says to the token.

The documented API has no request that tells whether a token is right and that posts no leads. So its address for leads
is asked with GET, without and with the token. Where the answers differ they tell something, and nothing depends on it.
"""

from __future__ import annotations

import connector
from connector.cli.finding import Finding, failed, warned
from connector.config import Loaded
from connector.plan import Plan
from connector.ucontact.client import request_url
from connector.ucontact.probe import ApiUnreachable, reach
from connector.ucontact.token import TokenFile

_REFUSED = frozenset({401, 403})


async def ask_api(loaded: Loaded, plan: Plan) -> list[Finding]:
    """Whether it answers on its base URL, and what can be learnt of the token."""
    settings = loaded.settings.ucontact
    known = next((next(iter(weights)) for _, weights in plan.mapper.destinations if weights), None)
    questions: list[tuple[str, str | None]] = [(settings.url, None)]
    if known is not None:
        address = request_url(settings.url, known)
        questions += [(address, None), (address, TokenFile(settings.token_file).value)]
    statuses: list[int] = []
    key = "base_url" if settings.base_url is not None else "domain"
    for url, token in questions:
        try:
            status = await reach(
                url,
                token=token,
                answer_timeout=settings.timeout.total_seconds(),
                connect_timeout=settings.connect_timeout.total_seconds(),
                ca_file=settings.ca_file,
                client_certificate=settings.client_certificate,
                client_key=settings.client_key,
                user_agent=f"lead-connector/{connector.__version__}",
            )
        except ApiUnreachable as error:
            return [failed(loaded, "API", ("ucontact", key), f"{url}: {error}", "")]
        statuses.append(status)
    answers = Finding("API", f"{settings.url} answers (HTTP {statuses[0]})")
    return [answers, _token(loaded, statuses[1:])]


def _token(loaded: Loaded, statuses: list[int]) -> Finding:
    path, what = ("ucontact", "token_file"), "token"
    if not statuses:
        return Finding(what, "not checked: which hubs there are, the events say; that would take a POST")
    without, with_it = statuses
    if with_it in _REFUSED and without not in _REFUSED:
        message = f"the API refuses it (HTTP {with_it} to a GET with it, {without} to one without)"
        return failed(loaded, what, path, message, "Put the token of this uContact instance into the file")
    if with_it in _REFUSED:
        message = f"the API refuses a GET with it as one without it (HTTP {with_it})"
        return warned(loaded, what, path, message, "It may be wrong: only a POST would tell, and none is made here")
    if without in _REFUSED:
        return Finding(
            what, f"taken, as it seems: a GET without it is refused (HTTP {without}), with it not ({with_it})"
        )
    return Finding(what, f"not checked: a GET says nothing of it (HTTP {with_it}), and that would take a POST")
