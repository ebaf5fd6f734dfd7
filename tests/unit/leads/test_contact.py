"""Contacts exactly as the API page has them."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from connector.leads.outcome import Outcome, Reason, Stage
from connector.leads.spec import Channel, YamlValue
from tests.unit.leads.samples import contact_of, lead, problems_of, route, set_aside

EVERYTHING: dict[Channel, dict[str, YamlValue]] = {
    Channel.TELEPHONY: {"clientIds": "person.phones"},
    Channel.PREVIEW: {"clientIds": "person.phones", "agent": "'my_best_agent'"},
    Channel.SMS: {"clientId": "person.phones[0]", "content": "'Hi'", "template": "'t'"},
    Channel.WHATSAPP: {"clientId": "person.phones[0]", "content": "'Hi'", "template": "'t'"},
    Channel.EMAIL: {
        "clientId": "person.email | required", "subject": "'S'", "attachments": ["'a.png'"], "content": "'Hi'",
        "template": "'t'",
    },
}  # fmt: skip
GENERAL: dict[str, YamlValue] = {
    "timezone": "UTC",
    "data": {"a": 1},
    "priority": 1,
    "contactId": "'c'",
    "scheduleDate": "receivedAt",
}


@pytest.mark.parametrize("channel", list(Channel))
def test_each_channel_takes_its_properties_and_the_general_ones(channel: Channel) -> None:
    """Every property of the API page goes through under its own name."""
    contact = contact_of(lead(), route({**EVERYTHING[channel], **GENERAL}, channel=channel))
    assert contact.keys() == {*EVERYTHING[channel], *GENERAL} - {"scheduleDate"}


@pytest.mark.parametrize("channel", list(Channel))
def test_each_channel_refuses_the_others_properties(channel: Channel) -> None:
    """A property of another channel is a problem with its place."""
    for name in {key for each in EVERYTHING.values() for key in each} - EVERYTHING[channel].keys():
        problems = problems_of(route({**EVERYTHING[channel], name: "person.country"}, channel=channel))
        assert [problem.path for problem in problems] == [("routes", 0, "contact", name)]


@pytest.mark.parametrize("channel", list(Channel))
def test_a_missing_required_property_is_a_problem(channel: Channel) -> None:
    """clientIds for voice, clientId for text."""
    (problem,) = problems_of(route({"priority": 1}, channel=channel))
    assert problem.path[-1] in {"clientId", "clientIds"}


def test_an_unknown_property_gets_the_nearest_name() -> None:
    """A typing error in a property's name is told."""
    (problem,) = problems_of(route({"clientIds": "person.phones", "prioridad": 1}))
    assert "priority" in problem.hint


@pytest.mark.parametrize(
    ("property_name", "value"),
    [
        ("priority", "person.country"),
        ("priority", "'5'"),
        ("priority", True),
        ("priority", 2147483648),
        ("priority", "occurredAt | iso"),
        ("data", "person.country"),
        ("data", ["person.country"]),
        ("contactId", "source.isTest"),
        ("contactId", "person"),
        ("clientIds", "occurredAt"),
        ("clientIds", "person"),
        ("clientIds", "'not a phone'"),
        ("scheduleDate", "person"),
        ("timezone", "priority"),
    ],
)
def test_a_type_that_cannot_fit_is_a_problem(property_name: str, value: YamlValue) -> None:
    """Types known from the schema and constants are checked at start."""
    contact: dict[str, YamlValue] = {"clientIds": "person.phones", property_name: value}
    (problem,) = problems_of(route(contact))
    assert problem.path[:4] == ("routes", 0, "contact", property_name)


def test_absent_optional_values_are_left_out() -> None:
    """Null and empty values are not sent, in data neither."""
    values: dict[str, YamlValue] = {
        "clientIds": "person.phones",
        "priority": "priority",
        "contactId": "source.externalLeadId",
        "timezone": "person.timezone",
        "data": {"campaign": "source.accountId", "deep": {"none": "source.accountId"}},
        "scheduleDate": "schedule.at",
    }
    event = lead(priority=None, person={"timezone": None})
    assert contact_of(event, route(values)) == {"clientIds": ["+59899123456", "+59829012345"], "data": {"deep": {}}}


def test_client_ids_are_flattened_cleaned_and_unique() -> None:
    """Lists in lists, numbers, repeats in another notation and what is no phone."""
    values: dict[str, YamlValue] = {
        "clientIds": ["person.phones", "attributes.phone", "attributes.none", 911, "[['+1 (425) 671-5523']]"]
    }
    event = lead(
        person={"phones": [" +598 99 123 456 ", "+59899123456", "", "ask Ana", "---"]}, attributes={"phone": "12.34-56"}
    )
    contact = contact_of(event, route(values))
    assert contact["clientIds"] == ["+598 99 123 456", "12.34-56", "911", "+1 (425) 671-5523"]


@pytest.mark.parametrize(
    ("phones", "reason"),
    [
        ([], Reason.MISSING_FIELD),
        (["", " "], Reason.MISSING_FIELD),
        (None, Reason.MISSING_FIELD),
        (["none"], Reason.INVALID_FIELD),
        (["", "+"], Reason.INVALID_FIELD),
    ],
)
def test_no_phone_left_sets_the_lead_aside(phones: object, reason: Reason) -> None:
    """A lead without any number is missing_field; one whose numbers are all none is invalid_field."""
    aside = set_aside(lead(person={"phones": phones}), route())
    assert (aside.outcome, aside.stage, aside.reason) == (Outcome.DEAD_LETTER, Stage.MAP, reason)
    assert "clientIds" in aside.message


@pytest.mark.parametrize(
    ("values", "event", "reason"),
    [
        ({"priority": "attributes.plan | default(0)"}, lead(attributes={"plan": "5"}), Reason.INVALID_FIELD),
        ({"priority": "attributes.plan | int"}, lead(attributes={"plan": "soon"}), Reason.EXPRESSION_FAILED),
        ({"priority": "priority"}, lead(priority=True), Reason.INVALID_FIELD),
        ({"priority": "priority"}, lead(priority=1 << 31), Reason.INVALID_FIELD),
        ({"data": {"a": "attributes.secret"}}, lead(attributes={"secret": b"555"}), Reason.INVALID_FIELD),
        ({"data": {"a": "attributes.secret"}}, lead(attributes={"secret": "555\ud800"}), Reason.INVALID_FIELD),
        ({"contactId": "attributes.secret"}, lead(attributes={"secret": ["555"]}), Reason.INVALID_FIELD),
        (
            {"data": {"a": {"python": "tests.unit.leads.functions_for_tests:failing"}}},
            lead(),
            Reason.EXPRESSION_FAILED,
        ),
        ({"data": {"a": "(person.firstName or 1) + 1"}}, lead(), Reason.EXPRESSION_FAILED),
    ],
)
def test_a_bad_value_sets_the_lead_aside_without_telling_it(
    values: dict[str, YamlValue], event: dict[str, Any], reason: Reason
) -> None:
    """The message names the property and holds nothing of the person."""
    aside = set_aside(event, route({"clientIds": "person.phones", **values}))
    assert aside.reason is reason
    assert next(iter(values)) in aside.message or "contact" in aside.message
    for personal in ("555", "soon", "Ana", "598", "99123456"):
        assert personal not in aside.message


def test_values_of_every_type_are_sent_as_documented() -> None:
    """Instants as ISO 8601 with milliseconds, decimals as text, whole numbers as ids."""
    values: dict[str, YamlValue] = {
        "clientIds": 59899123456,
        "contactId": "attributes.id",
        "data": {"at": "occurredAt", "sum": "attributes.sum", "all": "source"},
    }
    event = lead(attributes={"id": 1365, "sum": Decimal("10.50")})
    contact = contact_of(event, route(values))
    assert contact["clientIds"] == ["59899123456"]
    assert contact["contactId"] == "1365"
    assert contact["data"]["at"] == "2026-01-15T14:59:58.123Z"
    assert contact["data"]["sum"] == "10.50"
    assert contact["data"]["all"] == {
        "platform": "google", "formId": "form-1", "campaignId": "campaign-1", "isTest": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("address", "reason"), [("ana", Reason.INVALID_FIELD), ("", Reason.MISSING_FIELD), (None, Reason.MISSING_FIELD)]
)
def test_an_email_contact_needs_an_address(address: str | None, reason: Reason) -> None:
    """An address is text on both sides of an @."""
    event = lead(person={"email": address})
    assert set_aside(event, route({"clientId": "person.email | required"}, channel=Channel.EMAIL)).reason is reason


@pytest.mark.parametrize(("number", "reason"), [("ana", Reason.INVALID_FIELD), (None, Reason.MISSING_FIELD)])
def test_a_message_contact_needs_a_phone(number: str | None, reason: Reason) -> None:
    """clientId of SMS and WhatsApp is one phone number."""
    event = lead(person={"phones": [number]})
    assert set_aside(event, route({"clientId": "person.phones | first"}, channel=Channel.SMS)).reason is reason


def test_the_schedule_fails_with_its_own_name() -> None:
    """An expression of scheduleDate that raises is told as such."""
    event = lead(receivedAt=datetime(2026, 1, 1, tzinfo=UTC))
    aside = set_aside(event, route({"clientIds": "person.phones", "scheduleDate": "(receivedAt or 1) + 1"}))
    assert (aside.reason, "scheduleDate" in aside.message) == (Reason.EXPRESSION_FAILED, True)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("text", ["1" * 2_000_000 + "x", "1-" * 1_000_000 + "x", "-" * 2_000_000])
def test_a_text_as_long_as_a_record_is_read_in_one_pass(text: str) -> None:
    """What is no phone number is dropped in time that grows with its length, not with its square."""
    contact = contact_of(lead(person={"phones": [text, "+59899123456"]}), route())
    assert contact["clientIds"] == ["+59899123456"]
