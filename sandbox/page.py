"""The page at ``/``: the state as HTML, made here, so that it can be read without a script too. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sandbox.settings import HubKind

_CHANNELS: Mapping[str, str] = dict.fromkeys((HubKind.PREDICTIVE, HubKind.BROADCAST), "telephony")
"""The kinds that the API page calls by another name than uContact."""
PRESETS: Mapping[str, Mapping[str, Any]] = {
    "Slow: 300 ms": {
        "kind": "latency", "distribution": "lognormal", "median_ms": 300, "sigma": 0.5, "max_ms": 3000,
    },
    "500 for every fifth": {"kind": "status", "status": 500, "share": 0.2},
    "503 for all": {"kind": "status", "status": 503},
    "429, Retry-After 2 s": {"kind": "throttle", "status": 429, "retry_after": 2},
    "200 with body 0": {"kind": "body_zero", "share": 0.2},
    "Accept, then drop 10 %": {"kind": "accept_then_drop", "share": 0.1},
    "Hang": {"kind": "hang"},
}  # fmt: skip
"""Faults that the page switches on and off, by label."""


def render(state: Mapping[str, Any], nonce: str) -> str:
    """The page as HTML. ``state`` as ``sandbox.state`` makes it; ``nonce`` marks the page's own style and script."""
    channels = {hub["name"]: channel(hub["kind"]) for hub in state["hubs"]}
    return _PAGE.render(state=state, nonce=nonce, presets=PRESETS, channels=channels)


def page_headers(nonce: str) -> dict[str, str]:
    """Nothing from elsewhere, and no script or style but the page's own: what leads hold is text to the browser."""
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {"content-security-policy": policy, "cache-control": "no-store", "x-content-type-options": "nosniff"}


def client_ids(contact: Mapping[str, Any]) -> str:
    """Whom a contact reaches: its numbers or its address."""
    ids = contact.get("clientIds") or [contact.get("clientId")]
    return ", ".join(map(str, ids))


def properties(contact: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Name and text of what a contact has beside its client ids, as the API names them; ``data`` key by key."""
    for name, value in contact.items():
        if name == "data":
            yield from ((f"data.{key}", _text(each)) for key, each in value.items())
        elif name not in ("clientId", "clientIds"):
            yield name, _text(value)


def clock(milliseconds: float) -> str:
    """An instant's time of day in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%H:%M:%S")


def day(date: str) -> str:
    """A date as people say it: ``Thu 26 Nov``."""
    return datetime.fromisoformat(date).strftime("%a %-d %b")


def at(mark: Mapping[str, Any]) -> str:
    """A mark of the time line in words: ``11:30, sales: 3``."""
    hour, minute = divmod(mark["minute"], 60)
    return f"{hour}:{minute:02}, {mark['hub']}: {mark['leads']:,}"


def spoken(marks: Iterable[Mapping[str, Any]]) -> str:
    """A line of it, for those who hear the page."""
    return "; ".join(map(at, marks))


def channel(kind: str) -> str:
    """The channel of a kind of hub, as the API page names it."""
    return _CHANNELS.get(kind, kind)


def kind_name(kind: str) -> str:
    """A kind of hub with its channel, where that is another word: ``telephony, broadcast``."""
    return kind if channel(kind) == kind else f"{channel(kind)}, {kind}"


def tone(status: object) -> str:
    """How an answer's status is coloured."""
    return {"2": "good", "4": "warn"}.get(str(status)[:1], "bad")


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_ENVIRONMENT = Environment(
    loader=PackageLoader("sandbox", "web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_ENVIRONMENT.filters.update(
    client_ids=client_ids, properties=properties, clock=clock, channel=channel,
    kind_name=kind_name, tone=tone, day=day, at=at, spoken=spoken,
    number="{:,}".format,
)  # fmt: skip
_PAGE = _ENVIRONMENT.get_template("page.html")
