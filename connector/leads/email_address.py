"""Is this text one email address? Syntax only: nothing is looked up.

RFC 5321 with the lengths of section 4.5.3.1, and RFC 6531 (letters of every script on both sides). Refused though
RFC 5321 has them: quoted local parts, addresses of machines (``[192.0.2.1]``) and domains without a dot. No lead has
one of these on purpose.
"""

from __future__ import annotations

import re

MAX_ADDRESS = 254
"""Octets in UTF-8: 256 for the path (RFC 5321, 4.5.3.1.3) without its angle brackets."""
MAX_LOCAL = 64
MAX_DOMAIN = 253
MAX_LABEL = 63

_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\u0080-\U0010ffff-]+")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")


def address_problem(address: str) -> str:
    """Why ``address`` is none, or empty. The text quotes nothing of the address: it is personal data."""
    if len(address) > MAX_ADDRESS or _octets(address) > MAX_ADDRESS:
        return f"longer than {MAX_ADDRESS} octets"
    if not address.isprintable() or " " in address:
        return "a blank or a control character in it"
    local, at, domain = address.partition("@")
    if not at:
        return "no @ in it"
    if "@" in domain:
        return "more than one @ in it"
    return _local_problem(local) or _domain_problem(domain)


def _local_problem(local: str) -> str:
    if not local:
        return "nothing before the @"
    if _octets(local) > MAX_LOCAL:
        return f"more than {MAX_LOCAL} octets before the @"
    if not _LOCAL.fullmatch(local):
        return "a character before the @ that no address has"
    if local.startswith(".") or local.endswith(".") or ".." in local:
        return "a dot before the @ that does not stand between two characters"
    return ""


def _domain_problem(domain: str) -> str:
    if not domain:
        return "nothing after the @"
    labels = domain.split(".")
    if len(labels) < 2:
        return "no dot after the @"
    encoded = [_encoded(label) for label in labels]
    if not all(len(label) <= MAX_LABEL and _LABEL.fullmatch(label) for label in encoded):
        return "after the @ stands no domain name"
    if len(".".join(encoded)) > MAX_DOMAIN:
        return f"a domain of more than {MAX_DOMAIN} octets"
    if encoded[-1].isdigit():
        return "a domain that ends in a number"
    return ""


def _encoded(label: str) -> str:
    """The label as DNS has it (``münchen`` is ``xn--mnchen-3ya``), or empty where it has no such form."""
    if label.isascii():
        return label
    try:
        return label.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _octets(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
