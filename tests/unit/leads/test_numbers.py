"""Phone numbers: formats, regions, repeats, and what is left out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from phonenumbers.re_util import re_compile

from connector.leads.dropped import Dropped, Unusable
from connector.leads.outcome import Reason
from connector.leads.spec import Channel, PhoneFormat, PhoneSpec, YamlValue
from tests.unit.leads.samples import contact_of, lead, mapped, problems_of, route, set_aside

UY = PhoneSpec(PhoneFormat.E164, "UY")


def with_phones(*phones: object, country: str | None = "UY") -> dict[str, Any]:
    """A lead with these numbers."""
    return lead(person={"phones": list(phones), "country": country})


@pytest.mark.parametrize(
    ("form", "number", "sent"),
    [
        ("as_given", " 099 123 456 ", "099 123 456"),
        ("e164", "099 123 456", "+59899123456"),
        ("e164", "+1 (425) 671-5523", "+14256715523"),
        ("e164", 59899123456, "+59899123456"),
        ("e164", "+39 06 1234 5678", "+390612345678"),
        ("national", "+598 99 123 456 ext 5", "099123456"),
        ("national", "+1 (425) 671-5523", "+14256715523"),
    ],
)
@pytest.mark.parametrize("channel", [Channel.TELEPHONY, Channel.SMS])
def test_formats(channel: Channel, form: str, number: object, sent: str) -> None:
    """The same for clientIds and clientId; Italy's zero stays, an extension does not."""
    name: str = "clientId" if channel is Channel.SMS else "clientIds"
    rules = PhoneSpec(PhoneFormat(form), "UY")
    contact = contact_of(with_phones(number), route({name: "person.phones[0]"}, channel=channel, phones=rules))
    assert contact[name] == (sent if channel is Channel.SMS else [sent])


@pytest.mark.parametrize("phones", [PhoneSpec(), PhoneSpec(PhoneFormat.AS_GIVEN, "UY")])
@pytest.mark.parametrize("number", ["++59899123456", "598+99123456", "tel:099123456", "+", "()"])
def test_what_is_no_number_is_not_sent_as_given(phones: PhoneSpec, number: object) -> None:
    """Digits, and a plus before the first if anywhere. How many the API takes it alone knows."""
    event = with_phones(number, "(+598) 99 123 456", 911)
    assert contact_of(event, route(phones=phones))["clientIds"] == ["(+598) 99 123 456", "911"]
    values: dict[str, YamlValue] = {"clientId": "person.phones[0]"}
    assert (
        set_aside(with_phones(number), route(values, channel=Channel.SMS, phones=phones)).reason is Reason.INVALID_FIELD
    )


@pytest.mark.parametrize(
    ("region", "country", "expected"),
    [
        ("UY", None, "+59899123456"),
        ("'UY'", None, "+59899123456"),
        ("person.country", "UY", "+59899123456"),
        ("person.country", " uy ", "+59899123456"),
        ("person.country | default('UY')", None, "+59899123456"),
        ("{{ person.country }}", "UY", "+59899123456"),
        ("person.country", None, None),
        ("person.country", "Uruguay", None),
        (["source.accountId", "person.country", "UY"], "XX", "+59899123456"),
        (["person.country", "AR"], "UY", "+59899123456"),
        ({"python": "tests.unit.leads.functions_for_tests:country_of"}, "UY", "+59899123456"),
    ],
)
def test_the_region_of_a_lead(region: YamlValue, country: str | None, expected: str | None) -> None:
    """A code, an expression, a function, or the first of a list that gives a region."""
    contact = route({"clientIds": ["person.phones", "'+14256715523'"]}, phones=PhoneSpec(PhoneFormat.E164, region))
    sent = contact_of(with_phones("099 123 456", country=country), contact)["clientIds"]
    assert sent == [*([expected] if expected else []), "+14256715523"]


@pytest.mark.parametrize(
    ("region", "hint"),
    [
        ("UK", "GB"),
        ("uy", "UY"),
        ("XX", "ISO 3166-1"),
        ("Uruguay", "ISO 3166-1"),
        ("'Uruguay'", "ISO 3166-1"),
        ("person.contry", "country"),
        ("priority", "ISO 3166-1"),
        (598, "ISO 3166-1"),
        ([], "name one"),
        (["UY", "XX"], "ISO 3166-1"),
    ],
)
def test_a_region_that_is_none_is_a_problem(region: YamlValue, hint: str) -> None:
    """Codes and paths are checked at start."""
    (problem,) = problems_of(route(phones=PhoneSpec(PhoneFormat.E164, region)))
    assert problem.path[:4] == ("routes", 0, "phones", "region")
    assert hint in problem.hint


def test_rules_that_cannot_work_are_problems() -> None:
    """National numbers of no country; rules for phones where there are none; a constant that is no number."""
    (national,) = problems_of(route(phones=PhoneSpec(PhoneFormat.NATIONAL)))
    assert national.path == ("routes", 0, "phones", "format")
    email = route({"clientId": "person.email | default('a@b.example')"}, channel=Channel.EMAIL, phones=UY)
    assert [problem.path for problem in problems_of(email)] == [("routes", 0, "phones")]
    assert [each.path for each in problems_of(route({"clientIds": "'099 1'"}, phones=UY))] == [
        ("routes", 0, "contact", "clientIds")
    ]
    by_lead = PhoneSpec(PhoneFormat.E164, "person.country")
    assert not problems_of(route({"clientIds": "'099 123 456'"}, phones=by_lead))


def test_numbers_stay_in_order_and_come_once() -> None:
    """Two spellings of one phone are one, wherever they stand; the first spelling counts."""
    phones = ("29012345", "099 123 456", "+598 99 123 456", "00598 2901 2345", "+1 425 671 5523")
    assert contact_of(with_phones(*phones), route(phones=UY))["clientIds"] == [
        "+59829012345", "+59899123456", "+14256715523",
    ]  # fmt: skip
    as_given = PhoneSpec(PhoneFormat.AS_GIVEN, "UY")
    assert contact_of(with_phones(*phones), route(phones=as_given))["clientIds"] == [
        "29012345", "099 123 456", "+1 425 671 5523",
    ]  # fmt: skip


def test_what_is_left_out_is_told_without_the_numbers() -> None:
    """Counted by why, for preview and metrics."""
    event = with_phones("099 1", "ask Ana", "", None, "77", True, "29012345", ["0999"])
    assert mapped(event, route(phones=UY)).dropped == (
        Dropped("clientIds", Unusable.NOT_A_NUMBER, 2),
        Dropped("clientIds", Unusable.NOT_VALID, 3),
    )
    event = with_phones("29012345", "+59829012345")
    (dropped,) = mapped(event, route(phones=PhoneSpec(PhoneFormat.E164))).dropped
    assert str(dropped) == "clientIds: 1 left out: without a country code, and no region is known"
    assert mapped(with_phones("ask Ana", "29012345"), route()).dropped == (
        Dropped("clientIds", Unusable.NOT_A_NUMBER, 1),
    )
    assert mapped(with_phones("29012345"), route()).dropped == ()


@pytest.mark.parametrize(
    ("phones", "reason", "told"),
    [
        (["099 1", "0981", "ask Ana"], Reason.INVALID_FIELD, "no phone number (1), no valid number in its country (2)"),
        (["", None], Reason.MISSING_FIELD, "none"),
        ([], Reason.MISSING_FIELD, "none"),
    ],
)
def test_a_lead_without_any_valid_number_is_set_aside(phones: list[object], reason: Reason, told: str) -> None:
    """The message has the reasons and none of the numbers."""
    aside = set_aside(with_phones(*phones), route(phones=UY))
    assert aside.reason is reason
    assert told in aside.message
    assert "099" not in aside.message


def test_one_number_that_is_not_valid_sets_the_lead_aside() -> None:
    """There is nothing else to send."""
    sms = route({"clientId": "person.phones | first"}, channel=Channel.SMS, phones=UY)
    aside = set_aside(with_phones("099 1"), sms)
    assert (aside.reason, aside.message) == (Reason.INVALID_FIELD, "clientId: no valid number in its country")


def test_a_region_that_fails_sets_the_lead_aside() -> None:
    """As any other expression."""
    rules = PhoneSpec(PhoneFormat.E164, "attributes.plan | int | string")
    aside = set_aside(with_phones("099 123 456"), route(phones=rules))
    assert (aside.reason, "phones.region" in aside.message) == (Reason.EXPRESSION_FAILED, True)


@pytest.mark.parametrize("form", list(PhoneFormat))
@pytest.mark.parametrize(("channel", "name"), [(Channel.TELEPHONY, "clientIds"), (Channel.SMS, "clientId")])
def test_the_zone_comes_from_the_number_however_it_is_written(channel: Channel, name: str, form: PhoneFormat) -> None:
    """A national number has no country code any more; its zone is known all the same."""
    mapping: dict[str, YamlValue] = {name: "person.phones[0]", "timezone": "phone"}
    contact = contact_of(with_phones("099 123 456"), route(mapping, channel=channel, phones=PhoneSpec(form, "UY")))
    assert contact["timezone"] == "America/Montevideo"


def test_the_zone_is_that_of_the_first_number_that_is_sent() -> None:
    """Not of one that was left out, nor of the second."""
    contact = contact_of(
        with_phones("12", "+39 06 1234 5678", "099 123 456"),
        route({"clientIds": "person.phones", "timezone": "phone"}, phones=UY),
    )
    assert contact["timezone"] == "Europe/Rome"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("form", list(PhoneFormat))
@pytest.mark.parametrize("text", ["1" * 2_000_000, "1-" * 1_000_000 + "x", "+" * 2_000_000, "(" * 2_000_000])
def test_a_text_as_long_as_a_record_is_no_number_soon(form: PhoneFormat, text: str) -> None:
    """However long a text is, it costs no time that others wait for."""
    rules = PhoneSpec(form, "UY")
    assert "+14256715523" in contact_of(with_phones(text, "+14256715523"), route(phones=rules))["clientIds"]


def test_patterns_of_numbers_are_kept() -> None:
    """However many others are used meanwhile: re alone forgets them, and compiling one costs more than a lead."""
    pattern = re_compile("9[0-9]{7}")
    re.purge()
    assert re_compile("9[0-9]{7}") is pattern
