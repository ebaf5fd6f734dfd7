"""Types, nulls and enums: what the schema says about an expression before the first lead."""

from __future__ import annotations

from typing import Any

import pytest

from connector.leads.expressions import Compiler
from connector.leads.mapper import Mapper, MappingError
from connector.leads.shapes import record_shape
from connector.leads.spec import Channel, MappingSpec, RouteSpec, SpecProblem, YamlValue
from tests.unit.leads.samples import mapper, problems_of, route

PLATFORM = {"type": "enum", "name": "Platform", "symbols": ["GOOGLE", "META", "LINKEDIN"]}
SCHEMA: dict[str, Any] = {
    "type": "record",
    "name": "Lead",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "token", "type": {"type": "string", "logicalType": "uuid"}},
        {"name": "platform", "type": PLATFORM},
        {"name": "origin", "type": ["null", "Platform"]},
        {"name": "either", "type": ["Platform", "string"]},
        {"name": "touches", "type": {"type": "array", "items": {
            "type": "record", "name": "Touch", "fields": [
                {"name": "platform", "type": "Platform"}, {"name": "clicks", "type": ["null", "int"]}]}}},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "seenAt", "type": ["null", {"type": "long", "logicalType": "timestamp-millis"}]},
        {"name": "score", "type": "int"},
        {"name": "rank", "type": ["null", "int"]},
        {"name": "test", "type": "boolean"},
        {"name": "phone", "type": ["null", "string"]},
        {"name": "mobile", "type": ["null", "string"]},
        {"name": "phones", "type": {"type": "array", "items": "string"}},
        {"name": "gaps", "type": {"type": "array", "items": ["null", "string"]}},
        {"name": "person", "type": ["null", {
            "type": "record", "name": "Person", "fields": [
                {"name": "phone", "type": "string"}, {"name": "email", "type": ["null", "string"]}]}]},
        {"name": "extra", "type": {"type": "map", "values": "string"}},
        {"name": "raw", "type": "bytes"},
    ],
}  # fmt: skip


def checked(value: YamlValue) -> Compiler:
    """One value, compiled over the schema of this file."""
    compiler = Compiler(record_shape(SCHEMA))
    compiler.value(value, ("value",))
    return compiler


def route_problems(contact: dict[str, YamlValue], **changes: Any) -> list[SpecProblem]:
    """What is wrong with a route over the schema of this file, of telephony unless told."""
    one = RouteSpec("a", "h", changes.pop("channel", Channel.TELEPHONY), contact, **changes)
    return spec_problems(MappingSpec((one,), "id", "at"))


def spec_problems(spec: MappingSpec) -> list[SpecProblem]:
    """What is wrong with a mapping over the schema of this file."""
    try:
        Mapper(spec, SCHEMA)
    except MappingError as error:
        return error.problems
    return []


@pytest.mark.parametrize(
    "value",
    [
        "platform == 'GOGLE'",
        "'GOGLE' == platform",
        "platform != 'GOGLE'",
        "platform in ['META', 'GOGLE']",
        "platform not in ['GOGLE']",
        "origin == 'GOGLE'",
        "test and (origin or platform) == 'GOGLE'",
        "touches[0].platform == 'GOGLE'",
        "(touches | first).platform == 'GOGLE'",
        "touches | selectattr('platform', 'eq', 'GOGLE') | list",
        "touches | rejectattr('platform', 'ne', 'GOGLE') | list",
        "touches | map(attribute='platform') | select('eq', 'GOGLE') | list",
        "platform is eq('GOGLE')",
        "1 if platform == 'GOGLE' else 2",
        "{% if platform == 'GOGLE' %}x{% endif %}",
        "{% for each in touches if each.platform == 'GOGLE' %}x{% endfor %}",
        "{{ platform == 'GOGLE' }}",
    ],
)
def test_a_symbol_that_the_enum_does_not_have_is_a_problem_with_the_nearest(value: str) -> None:
    """Wherever an enum is compared with text."""
    (problem,) = checked(value).problems
    assert problem.message == "the enum has no symbol 'GOGLE'"
    assert "GOOGLE" in problem.hint


@pytest.mark.parametrize(
    "value",
    [
        "platform == 'META'",
        "platform in ['META', 'GOOGLE']",
        "either == 'else'",
        "platform | lower == 'google'",
        "origin | default('none') == 'none'",
        "(origin or 'none') == 'none'",
        "origin == none",
        "platform == origin",
        "platform == id",
        "platform.lower() == 'google'",
        "'GOO' in platform",
    ],
)
def test_what_may_be_equal_to_an_enum_is_accepted(value: str) -> None:
    """Its symbols, and what is no enum any more."""
    assert not checked(value).problems


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("id < 5", "< compares string with long, which always fails"),
        ("score >= '5'", ">= compares int with string, which always fails"),
        ("rank > '5'", "> compares int with string, which always fails"),
        ("at > '2026-01-01'", "> compares timestamp with string, which always fails"),
        ("at == score", "== compares timestamp with int, which are never equal"),
        ("test == 'true'", "== compares boolean with string, which are never equal"),
        ("score != '5'", "!= compares int with string, which are never equal"),
        ("token == 'abc'", "== compares uuid with string, which are never equal"),
        ("score in ['1', '2']", "in compares int with string, which are never equal"),
        ("score in phones", "in compares int with string, which are never equal"),
        ("person < person", "< compares record with record, which always fails"),
        ("phones == 'x'", "== compares array with string, which are never equal"),
        ("1 < score < 'x'", "< compares int with string, which always fails"),
        ("touches | selectattr('clicks', 'gt', '3') | list", "> compares int with string, which always fails"),
    ],
)
def test_types_that_never_meet_are_a_problem(value: str, message: str) -> None:
    """Comparisons that fail, or are the same, for every lead."""
    assert [problem.message for problem in checked(value).problems] == [message]


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ("at + 3600", "+ takes two numbers, two texts or two lists, not timestamp and long", "epoch_ms"),
        ("seenAt - 1", "- takes two numbers or two times, not timestamp and long", "epoch_ms"),
        ("token + 'x'", "+ takes two numbers, two texts or two lists, not uuid and string", "~ joins"),
        ("platform + 1", "+ takes two numbers, two texts or two lists, not enum and long", "~ joins"),
        ("phones + 'x'", "+ takes two numbers, two texts or two lists, not array and string", ""),
        ("phones | first + 1", "+ takes two numbers, two texts or two lists, not string and long", "| int"),
        ("id * 2", "* takes two numbers, not string and long", "| int"),
        ("id % score", "% takes two numbers, not string and int", "| int"),
        ("-phones", "- takes a number, not array", ""),
        ("{{ score / id }}", "/ takes two numbers, not int and string", "| int"),
    ],
)
def test_arithmetic_that_fails_for_every_lead_is_a_problem(value: str, message: str, hint: str) -> None:
    """Before the first lead is set aside for it."""
    [problem] = checked(value).problems
    assert problem.message == message
    assert hint in problem.hint


@pytest.mark.parametrize(
    "value",
    ["score + 1.5", "test + 1", "id + platform", "phones + ['x']", "(at - at).days", "(at | epoch_s) // 60", "-score",
     "either + 'x'", "extra.a + id", "(rank or 0) + 1", "(rank or '0') + 1", "phones | length + 1", "gaps[0] + 'x'",
     "(id | int) * score", "score + none", "id[:2] + 'x'"],
)  # fmt: skip
def test_arithmetic_that_may_work_is_accepted(value: str) -> None:
    """What fits, may fit by one branch of a union, or is not known."""
    assert not checked(value).problems


@pytest.mark.parametrize(
    "value",
    ["score == 5.0", "test == 1", "score in [1, 2]", "id in phones", "extra.a > 'b'", "at > seenAt",
     "(id | int) > 5", "(extra.a | int) == score", "phones | length > 1", "score == (rank or '')",
     "token | string == 'abc'", "platform < 'X'", "gaps[0] == 'x'", "id in extra", "score in (1, 2)"],
)  # fmt: skip
def test_types_that_may_meet_are_accepted(value: str) -> None:
    """Numbers of every kind, and one branch of a union that fits."""
    assert not checked(value).problems


@pytest.mark.parametrize(
    "value",
    [
        "phone",
        "person.phone",
        "person.email",
        "person['phone']",
        "phone | trim",
        "phone | e164('UY')",
        "phone | default(mobile)",
        "phone or mobile",
        "test and phone",
        "phone if test",
        "phone if test else id",
        "phone.strip()",
        "phone[:9]",
        "gaps | first",
        "gaps[0]",
        "[phone, mobile] | first",
    ],
)
def test_null_into_required_is_a_problem(value: str) -> None:
    """However the null gets there; the hint names the ways out."""
    (problem,) = route_problems({"clientId": value}, channel=Channel.SMS)
    assert problem.path == ("routes", 0, "contact", "clientId")
    assert problem.message == "clientId is required, and this may be null"
    assert "required" in problem.hint and "default" in problem.hint and "when" in problem.hint


@pytest.mark.parametrize(
    ("value", "when"),
    [
        ("phone | required", None),
        ("phone | default('099')", None),
        ("phone or id", None),
        ("phone or mobile | required", None),
        ("phone if phone else id", None),
        ("id if phone is none else phone", None),
        ("phone or (mobile if mobile is defined else id)", None),
        ("phones[0]", None),
        ("phones | first", None),
        ("extra.phone", None),
        ("['x', phone] | first", None),
        ("{{ phone }}", None),
        ("phone", "phone"),
        ("phone", "phone is not none"),
        ("phone", "phone is defined and not test"),
        ("phone", "not (phone is none or test)"),
        ("phone", "phone != none"),
        ("phone", "phone in ['1', '2']"),
        ("phone | trim", "phone"),
        ("person.phone", "person"),
        ("person.phone", "person.email"),
        ("person.email", "person.email"),
        ("{{ phone }}", "true"),
    ],
)
def test_a_null_that_is_provided_for_is_none(value: str, when: str | None) -> None:
    """By a filter, another value, or a condition; what a list or map does not have is no null of the schema."""
    assert not route_problems({"clientId": value}, channel=Channel.SMS, when=when)


@pytest.mark.parametrize("when", ["phone is none", "not phone", "phone or test", "mobile", "person.email", "id == 'x'"])
def test_a_condition_that_says_nothing_of_the_field_changes_nothing(when: str) -> None:
    """Nor does that of another route."""
    assert route_problems({"clientId": "phone"}, channel=Channel.SMS, when=when)
    asked = RouteSpec("a", "h", Channel.SMS, {"clientId": "phone"}, when="phone")
    rest = RouteSpec("b", "h", Channel.SMS, {"clientId": "phone"})
    assert [each.path[1] for each in spec_problems(MappingSpec((asked, rest), "id", "at"))] == [1]


@pytest.mark.parametrize(
    "value",
    [["phone"], ["phone", "mobile"], [["phone"], "person.phone"], "[phone, mobile]", ["phone", "phones"], "phones"],
)
def test_each_of_a_list_of_sources_may_be_null(value: YamlValue) -> None:
    """To name several says so."""
    made = Mapper(MappingSpec((RouteSpec("a", "h", Channel.TELEPHONY, {"clientIds": value}),), "id", "at"), SCHEMA)
    assert made.warnings == []


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("rank + 1", "rank may be absent, and + then fails"),
        ("-rank", "rank may be absent, and - then fails"),
        ("rank > 3", "rank may be absent, and > then fails"),
        ("at > seenAt", "seenAt may be absent, and > then fails"),
        ("'x' in person.email", "person.email may be absent, and in then fails"),
        ("(phone | trim) < 'x'", "a value may be absent, and < then fails"),
        ("test or rank > 3", "rank may be absent, and > then fails"),
        ("{{ rank + 1 }}", "rank may be absent, and + then fails"),
    ],
)
def test_what_fails_on_null_is_a_warning(value: str, told: str) -> None:
    """The expression works for leads that have the field."""
    compiler = checked(value)
    assert not compiler.problems
    assert [warning.message for warning in compiler.warnings] == [told]


@pytest.mark.parametrize(
    "value",
    [
        "(rank | default(0)) + 1",
        "(rank or 0) + 1",
        "rank is not none and rank > 3",
        "rank is none or rank > 3",
        "not rank or rank > 3",
        "rank and rank > 3",
        "rank + 1 if rank is defined else 0",
        "0 if rank is none else rank + 1",
        "{% if rank is not none %}{{ rank + 1 }}{% endif %}",
        "{% if rank is none %}-{% else %}{{ rank + 1 }}{% endif %}",
        "{% if rank is none %}-{% elif rank > 3 %}{{ rank + 1 }}{% endif %}",
        "{% for each in touches if each.clicks %}{{ each.clicks + 1 }}{% endfor %}",
        "rank == none",
        "phone ~ mobile",
    ],
)
def test_what_was_asked_for_is_no_warning(value: str) -> None:
    """A condition that holds says that the value is there."""
    compiler = checked(value)
    assert not compiler.problems
    assert not compiler.warnings


@pytest.mark.parametrize("when", ["rank > 3", "rank is not none", "rank"])
def test_a_routes_condition_counts_for_its_contact(when: str) -> None:
    """What is compared there is there."""
    contact: dict[str, YamlValue] = {"clientIds": "phones", "priority": "rank + 1"}
    made = Mapper(MappingSpec((RouteSpec("a", "h", Channel.TELEPHONY, contact, when=when),), "id", "at"), SCHEMA)
    assert [each.path[2] for each in made.warnings] == (["when"] if ">" in when else [])


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("test", "boolean"),
        ("phones", "array"),
        ("person", "record"),
        ("at", "timestamp"),
        ("raw", "bytes"),
        ("id == 'x'", "boolean"),
        (["id"], "array"),
        ({"a": "id"}, "map"),
        ("'x'", "the same for every lead"),
        (5, "the same for every lead"),
        (True, "the same for every lead"),
    ],
)
@pytest.mark.parametrize("of", ["lead_id", "duplicate_key"])
def test_what_tells_no_lead_from_another_is_a_problem(of: str, key: YamlValue, told: str) -> None:
    """A lead's id and the key of the duplicate window are text or whole numbers that differ."""
    good: dict[str, YamlValue] = {"lead_id": "id", "duplicate_key": "id", of: key}
    only = RouteSpec("a", "h", Channel.TELEPHONY, {"clientIds": "phones"})
    (problem,) = spec_problems(MappingSpec((only,), good["lead_id"], "at", good["duplicate_key"]))
    assert problem.path == (of,)
    assert told in problem.message


@pytest.mark.parametrize(
    "key", ["id", "token", "score", "platform", "rank", "either", "{{ id }}-{{ score }}", "extra.a"]
)
def test_what_tells_leads_apart_is_accepted(key: str) -> None:
    """Text, UUIDs, whole numbers, enums; a duplicate key may be null, which is told of an id only."""
    only = RouteSpec("a", "h", Channel.TELEPHONY, {"clientIds": "phones"})
    made = Mapper(MappingSpec((only,), key, "at", key), SCHEMA)
    assert [each.path for each in made.warnings] == ([("lead_id",)] if key == "rank" else [])


@pytest.mark.parametrize(
    "value", ["'tomorrow'", "'2026-02-30T10:00:00'", "'2026-03-09'", "'2101-01-01T00:00:00Z'", -1, True, 1.5]
)
def test_a_constant_date_that_cannot_be_read_is_a_problem(value: YamlValue) -> None:
    """It would cost every lead."""
    (problem,) = problems_of(route({"clientIds": "person.phones", "scheduleDate": value}))
    assert problem.path == ("routes", 0, "contact", "scheduleDate")


@pytest.mark.parametrize("value", ["'2026-03-09T09:30:00'", "'2026-03-09T09:30:00Z'", "''", 1_800_000_000_000])
def test_a_constant_date_that_can_be_read_is_accepted(value: YamlValue) -> None:
    """On the clock of whatever zone."""
    assert not problems_of(route({"clientIds": "person.phones", "scheduleDate": value}))


@pytest.mark.parametrize(
    ("hub", "warned"),
    [
        ("source.platform", True),
        ("source.platfrm", True),
        ("attributes['hub']", True),
        ("source.platform | lower", True),
        ("eventId", True),
        ("topic", True),
        ("{{ source.platform }}", False),
        ("sales", False),
        ("sales.platform", False),
        ("source sales", False),
        ("source-sales", False),
        ("Ventas día/1", False),
    ],
)
def test_a_hub_that_looks_like_a_field_is_a_warning(hub: str, warned: bool) -> None:
    """It is a name all the same; the hint shows how to write the field."""
    warnings = mapper(route(hub=hub)).warnings
    assert [each.path for each in warnings] == ([("routes", 0, "hub")] if warned else [])
    assert all("{{ " + hub + " }}" in each.hint for each in warnings)
