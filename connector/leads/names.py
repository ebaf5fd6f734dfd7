"""Names of hubs and lists: what keeps a text from being one."""

from __future__ import annotations

LONGEST = 255
"""Characters. All bytes of a hub's name percent-encoded then stay far below what a URL may have; the API's page names
no limit for a list's, which people read."""


def hub_problem(name: str) -> str:
    """What keeps a hub's name from being part of a URL, or empty."""
    if name in {".", ".."}:
        return "a hub's name cannot be . or .., which in a URL name another place"
    return _problem("hub", name)


def list_problem(name: str) -> str:
    """What keeps a list from having this name, or empty."""
    return _problem("list", name)


def _problem(what: str, name: str) -> str:
    if len(name) > LONGEST:
        return f"a {what}'s name has at most {LONGEST} characters"
    if any("\ud800" <= character <= "\udfff" for character in name):
        return f"a {what}'s name has half of a surrogate pair"
    return ""
