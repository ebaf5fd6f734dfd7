"""The value language: what an expression gives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from connector.leads.outcome import Reason
from connector.leads.spec import YamlValue
from tests.unit.leads.samples import evaluate, findings, lead, route, set_aside


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("person.country", "UY"),
        ("person.phones[0]", "+59899123456"),
        ("person.phones[-1]", "+59829012345"),
        ("person.phones.1", "+59829012345"),
        ("person['country']", "UY"),
        ("priority", 5),
        ("occurredAt", datetime(2026, 1, 15, 14, 59, 58, 123000, tzinfo=UTC)),
        ("occurredAt | epoch_ms", 1768489198123),
        ("person.country | lower | upper", "UY"),
        ("source.accountId | default('none')", "none"),
        ("'abc'", "abc"),
        ("'5'", "5"),
        ("5", 5),
        (5, 5),
        (1.5, 1.5),
        (True, True),
        (None, None),
        (["person.country", 1], ["UY", 1]),
        ({"a": "person.country", "b": {"c": "source.platform"}}, {"a": "UY", "b": {"c": "google"}}),
        ("topic", "leads"),
        ("source.platform == 'google' and not source.isTest", True),
        ("source.platform in ['meta', 'web']", False),
        ("priority + 1", 6),
        ("-priority", -5),
        ("person.firstName.upper()", "ANA"),
        ("person.firstName[:2]", "An"),
        ("consent | selectattr('granted') | map(attribute='purpose') | join(',')", "call"),
        ("consent | map(attribute='purpose')", ["call", "email"]),
        ("person.country if source.isTest", None),
        ("person.country is defined", True),
        ("occurredAt.year", 2026),
        ("occurredAt.strftime('%d/%m/%Y')", "15/01/2026"),
    ],
)
def test_an_expression_gives_its_value_with_its_type(value: YamlValue, expected: object) -> None:
    """Paths, filters, literals and Jinja2 expressions keep the value's type."""
    assert evaluate(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("{{ person.firstName }} {{ person.lastName }}", "Ana Pérez"),
        ("{{ priority }}", "5"),
        ("{{ occurredAt }}", "2026-01-15T14:59:58.123Z"),
        ("[{{ source.accountId }}]", "[]"),
        ("{{ source.isTest }}", "false"),
        ("{% if source.isTest %}test{% else %}live{% endif %}", "live"),
        ("{% for c in consent if c.granted %}{{ c.purpose }}{{ ';' if not loop.last }}{% endfor %}", "call"),
        ("{% set n = person.firstName %}{{ n }}!", "Ana!"),
        ("{{ 'a' ~ source.accountId ~ priority }}", "a5"),
    ],
)
def test_a_template_gives_text(value: str, expected: str) -> None:
    """Text with {{ }} is text whatever is in it, and null is empty in it."""
    assert evaluate(value) == expected


@pytest.mark.parametrize("name", ["items", "keys", "values", "get", "pop", "copy"])
@pytest.mark.parametrize("form", ["attributes.{}", "attributes['{}']", "attributes.{} ~ ''", "(attributes).{} + ''"])
def test_a_name_means_the_field_not_the_methods_of_a_dict(name: str, form: str) -> None:
    """A map's key called like a method of dict is read as the key, compiled or in Jinja2."""
    assert evaluate(form.format(name), lead(attributes={name: "field"})) == "field"


@pytest.mark.parametrize(
    "value",
    [
        "schedule.at.local",
        "schedule.at.local[:4]",
        "schedule.at.local.upper()",
        "schedule.at.local | upper",
        "attributes.nothing",
        "attributes['nothing']",
        "person.phones[7]",
        "consent[9].purpose",
        "source.accountId.upper()",
        "schedule.at.local if true",
    ],
)
def test_reading_through_null_is_absent(value: str) -> None:
    """What is not there is None, however far the path goes on, compiled or in Jinja2."""
    assert evaluate(value) is None


def test_the_other_branch_of_a_union_is_absent() -> None:
    """A field of a record is None where the union holds an instant."""
    instant = lead(schedule={"at": datetime(2026, 1, 1, tzinfo=UTC)})
    assert evaluate("schedule.at.timezone", instant) is None
    assert evaluate("(schedule.at.timezone) ~ 'x'", instant) == "x"


@pytest.mark.parametrize(
    "value",
    [
        "''.__class__",
        "person.firstName.__class__.__mro__",
        "person['__class__']",
        "(person.phones | first).__class__",
        "attributes.get('plan')",
        "attributes.update({})",
        "person.firstName.format(1)",
        "person.firstName.ljust(1000000000)",
        "lipsum(1000)",
        "cycler",
        "namespace()",
        "self",
        "person.firstName | center(1000000)",
        "person.firstName | attr('upper')",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'x' as y %}",
        "{% for c in consent recursive %}{% endfor %}",
        "{% set person.x = 1 %}",
        "{% for a in range(9) %}{% for b in range(9) %}{% for c in range(9) %}{% endfor %}{% endfor %}{% endfor %}",
        "priority.upper()",
        "(person.firstName.split)(',')(1)",
    ],
)
def test_tricks_are_refused_at_start(value: str) -> None:
    """Attributes, functions, filters and statements outside the language are problems before the first lead."""
    assert findings(value)


def test_expressions_of_one_lead_do_not_see_each_other() -> None:
    """A {% set %} in one template does not shadow a field in the next, though both share one context."""
    value: YamlValue = {"a": "{% set topic = 'x' %}{% if true %}{{ topic }}{% endif %}", "b": "topic.upper()"}
    assert evaluate(value) == {"a": "x", "b": "LEADS"}


def test_a_field_the_lead_does_not_have_is_absent() -> None:
    """A known field that a lead lacks altogether is None in both speeds."""
    bare: dict[str, Any] = {"eventId": "1"}
    assert evaluate("person.country", bare) is None
    assert evaluate("person.country is none", bare) is True
    assert evaluate("person.country.upper()", bare) is None


def test_a_function_gets_the_lead() -> None:
    """{python: module:function} is called with the lead."""
    assert evaluate({"python": "tests.unit.leads.functions_for_tests:platform_and_id"}) == "google/event-1"


@pytest.mark.parametrize(
    "name",
    ["no_such_module:f", "os:no_such_name", "os.path", "os:sep", ":f", "os:",
     "tests.unit.leads.functions_for_tests:later",
     "tests.unit.leads.functions_for_tests:of_two", "tests.unit.leads.broken_for_tests:f",
     "tests.unit.leads.script_for_tests:f"],
)  # fmt: skip
def test_a_function_that_cannot_be_used_is_a_problem(name: str) -> None:
    """Unknown modules and names, values, coroutines, wrong signatures and failing imports are found at start."""
    (problem,) = findings({"python": name})
    assert problem.path == ("value", "python")


@pytest.mark.parametrize(
    "value",
    [
        "(" * 5_000 + "1" + ")" * 5_000,
        "not " * 5_000 + "source.isTest",
        "priority" + " + 1" * 250,
        " and ".join(["source.isTest"] * 5_000),
        "person.country" + " | upper" * 5_000,
        "attributes" + ".a" * 5_000,
        "person.country" + ".upper()" * 300,
        "[" * 300 + "1" + "]" * 300,
        "9" * 6_000,
        "0" * 70_000,
        "{{ 1 }}" + "x" * 70_000,
        "{% if topic %}" * 120 + "x" + "{% endif %}" * 120,
        "{% if topic %}x" + "{% elif topic %}y" * 5_000 + "{% endif %}",
    ],
    ids=lambda value: f"{value[:24]}…",
)
def test_an_expression_beyond_what_can_be_compiled_is_a_problem(value: str) -> None:
    """However deep or long an expression is, it works or is a problem with its place, never an exception."""
    assert [problem.path for problem in findings(value)] == [("value",)]


def test_what_fails_in_an_object_or_list_is_named() -> None:
    """In words, with its way there; the lead's values are not in them."""
    values: dict[str, YamlValue] = {
        "clientIds": "person.phones",
        "data": {"id": "eventId", "far": {"late": ["eventId", "attributes.plan | int"]}},
    }
    aside = set_aside(lead(attributes={"plan": "secret"}), route(values))
    assert aside.reason is Reason.EXPRESSION_FAILED
    assert aside.message == "data.far.late[1]: the expression failed with ValueError: a value that it cannot use"


def test_a_required_item_that_is_absent_is_named() -> None:
    """As a missing field."""
    values: dict[str, YamlValue] = {"clientIds": "person.phones", "data": {"plan": "attributes.plan | required"}}
    aside = set_aside(lead(attributes={}), route(values))
    assert (aside.reason, aside.message) == (Reason.MISSING_FIELD, "data.plan: a required value is absent")
