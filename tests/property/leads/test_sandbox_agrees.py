"""What the connector sends the sandbox takes: two readings of the API's page, made apart, are the same."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.leads.email_address import address_problem
from connector.leads.numbers import many_as_given, one_as_given
from connector.leads.properties import PROPERTIES, properties_of
from connector.leads.refusal import RefusalError
from connector.leads.scope import Scope
from connector.leads.spec import Channel, Endpoint
from sandbox.contacts import Upload, check_body
from sandbox.settings import Endpoint as SandboxEndpoint
from sandbox.settings import HubKind

NAMES = sorted({row.name for row in PROPERTIES})
KINDS = {
    HubKind.TELEPHONY: Channel.TELEPHONY, HubKind.PREDICTIVE: Channel.TELEPHONY, HubKind.BROADCAST: Channel.TELEPHONY,
    HubKind.PREVIEW: Channel.PREVIEW, HubKind.SMS: Channel.SMS, HubKind.WHATSAPP: Channel.WHATSAPP,
    HubKind.EMAIL: Channel.EMAIL,
}  # fmt: skip


def answer(kind: HubKind, endpoint: Endpoint, contact: dict[str, Any]) -> dict[str, list[str]]:
    """What the sandbox has against a contact, by property."""
    body = {"leads": [contact]} if endpoint is Endpoint.FRESH_LEADS else {"list": [contact], "filename": "June"}
    checked = check_body(kind, SandboxEndpoint(endpoint), body)
    found: dict[str, list[str]] = {}
    for problem in [] if isinstance(checked, Upload) else checked:
        found.setdefault(problem.property, []).append(problem.message)
    return found


@pytest.mark.parametrize("kind", HubKind)
@pytest.mark.parametrize("endpoint", Endpoint)
def test_both_know_the_same_properties_and_require_the_same(kind: HubKind, endpoint: Endpoint) -> None:
    """Of every kind of hub and both endpoints."""
    table = properties_of(KINDS[kind], endpoint)
    problems = answer(kind, endpoint, dict.fromkeys(NAMES))
    unknown = {name for name, messages in problems.items() if any("not a property" in each for each in messages)}
    assert unknown == set(NAMES) - table.keys()
    required = {name for name, row in table.items() if row.required}
    assert {name for name, messages in answer(kind, endpoint, {}).items() if messages == ["is required"]} == required


def _digits(number: str) -> int:
    return sum(character.isdigit() for character in number)


numbers = (st.text("+0123456789(). -/x", max_size=30) | st.from_regex(r"\(?\+?[0-9 ]{1,25}\)?", fullmatch=True)).filter(
    lambda number: _digits(number) == 0 or 3 <= _digits(number) <= 20
)
"""The sandbox bounds how many digits there are, the connector does not: no document says what the API does."""


@settings(max_examples=300)
@given(st.lists(numbers, max_size=3))
def test_numbers_as_given_are_numbers_to_the_sandbox(given_numbers: list[str]) -> None:
    """What is none is left out before."""
    try:
        many = many_as_given("clientIds", given_numbers, Scope({}, ""))
    except RefusalError:
        many = None
    assert many is None or not answer(HubKind.TELEPHONY, Endpoint.LISTS, {"clientIds": many})
    for number in given_numbers:
        try:
            one = one_as_given("clientId", number, Scope({}, ""))
        except RefusalError:
            continue
        assert one is None or not answer(HubKind.SMS, Endpoint.LISTS, {"clientId": one})


addresses = st.emails() | st.text("a@.-,;<> é\"'", max_size=12) | st.from_regex(r"[a-z.]+@[a-zü.]+", fullmatch=True)


@settings(max_examples=300)
@given(addresses)
def test_an_address_is_one_to_the_sandbox(address: str) -> None:
    """The connector is the stricter of the two."""
    if not address_problem(address):
        assert not answer(HubKind.EMAIL, Endpoint.LISTS, {"clientId": address})
