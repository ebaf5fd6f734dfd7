"""Expressions made to hurt: refused at the start where no lead is needed to see it, else the lead's outcome, soon."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from jinja2.exceptions import SecurityError

from connector.leads.expressions import Compiler
from connector.leads.outcome import Reason
from connector.leads.scope import Scope
from connector.leads.shapes import record_shape
from connector.leads.work import MAX_WORK, Work
from fuzz.claims import bounded
from tests.unit.leads.samples import READER, evaluate, findings, lead, route, set_aside

HUGE: dict[str, Any] = lead(
    person={"firstName": "aA 9," * 200_000, "phones": [f"+5989912{number:04}" for number in range(60_000)]},
    consent=[{"purpose": "call", "granted": True, "recordedAt": datetime(2026, 1, 1, tzinfo=UTC)}] * 50_000,
    attributes={"width": "%999999999d", "plan": "x" * 1000, **{f"key {number}": "a" for number in range(60_000)}},
)
"""As large as a record can be."""
TWICE = "{%% set a = %s %%}" + "{%% set a = %s %%}" * 40


def doubled(first: str, again: str, at_last: str) -> str:
    """A template that makes of a value one that is 2**40 times as large."""
    return TWICE % (first, *[again] * 40) + at_last


def nested(body: str) -> str:
    """A template that does something a million times."""
    return f"{{% for a in range(1000) %}}{{% for b in range(1000) %}}{body}{{% endfor %}}{{% endfor %}}"


@pytest.mark.parametrize(
    "value",
    [
        "('a' or 1) * 1000000000",
        "9 ** 999999999",
        "9999999999 * (9 ** 300)",
        "('%9999999999d' or 1) % 1",
        "'%9999999999d' is even",
        "['%9999999999d'] | select('divisibleby', 3) | list",
        "range(1001) | list",
        "range(10 ** 9)",
        "range(10 ** 30) | list",
        "{% for i in range(100000) %}x{% endfor %}",
        "'a' | round(9, 'ceil')",
        nested("{{ range(1000) | list | length }}"),
        nested("xx"),
        doubled("'a'", "a ~ a", "{{ a }}"),
        doubled("'a'", "a + a", "{{ a }}"),
        doubled("[1]", "a + a", "{{ a | length }}"),
        doubled("[1]", "[a, a]", "{{ a == [a] }}"),
        doubled("[1]", "[a, a] | sum(start=[])", "{{ a | length }}"),
        "1 / 0",
        "('a' or 1) + 1",
        "{{ [1] }}",
    ],
    ids=lambda value: f"{value[:40]}…",
)
def test_what_needs_no_lead_to_fail_fails_at_the_start(value: str) -> None:
    """Of an expression without a field of the event, with its place."""
    with bounded():
        (problem,) = findings(value)
    assert problem.path == ("value",)
    assert "for every lead" in problem.message or "too long" in problem.message


@pytest.mark.parametrize(
    "value",
    [
        "(person.firstName or 1) * 1000000000",
        "(person.phones or 1) * 1000000000",
        "priority ** 999999999",
        "(attributes.width or 1) % priority",
        "attributes.width is odd",
        "attributes.width is divisibleby(priority)",
        "priority | round(999999999, 'ceil')",
        "person.firstName | round(9, 'floor')",
        "consent | map('list') | sum(start=[])",
        "person.firstName" + " ~ person.firstName" * 200,
        "{{ person.firstName }}" * 200,
        "person.phones | map('e164') | list",
        nested("{{ priority }}{{ person.phones | length }}"),
        nested("{{ 'z' if 'z' in person.phones }}"),
        nested("{{ 'z' if person.phones == consent }}"),
        nested("{{ occurredAt.strftime('%A') }}"),
        "{% for a in range(1000) %}{{ person.firstName | title | length }}{% endfor %}",
        "{% for a in range(1000) %}{{ person.firstName.upper().lower().title() | length }}{% endfor %}",
        "{% for a in consent %}{% endfor %}",
        "{% for a in consent | map(attribute='purpose') %}{% endfor %}",
        "{% for a in person.firstName %}{% endfor %}",
        doubled("person.firstName", "a ~ a", "{{ a }}"),
        doubled("person.phones", "a + a", "{{ a | length }}"),
        doubled("[priority]", "[a, a]", "{{ a == [a] }}"),
        doubled("(priority,)", "(a, a)", "{{ {a: 1} | length }}"),
        doubled("(priority,)", "(a, a)", "{{ attributes[a] }}"),
        doubled("(priority,)", "(a, a)", "{{ [a] | unique | list | length }}"),
        doubled("(priority,)", "(a, a)", "{{ a in [1] }}"),
    ],
    ids=lambda value: f"{value[:40]}…",
)
def test_what_could_take_all_time_or_memory_is_stopped(value: str) -> None:
    """Soon, whatever the event holds, and as the outcome of the lead."""
    with bounded(), pytest.raises(SecurityError):
        evaluate(value, HUGE)
    with bounded():
        why = set_aside(HUGE, route({"clientIds": "'+59899123456'", "data": {"value": value}}))
    assert why.reason is Reason.EXPRESSION_FAILED


@pytest.mark.parametrize(
    "value",
    [
        "'{0.__class__}'.format(1)",
        "person.firstName.format_map(attributes)",
        "person.firstName | attr('__class__')",
        "person | attr('keys')",
        "person.phones | map(attribute='__class__') | list",
        "consent | selectattr('__class__') | list",
        "consent | map('attr', '__class__') | list",
        "consent | sort(attribute='__class__')",
        "{% for a in consent %}{{ loop.__init__ }}{% endfor %}",
        "{% for a in consent %}{{ loop['__class__'] }}{% endfor %}",
        "joiner()",
        "dict(a=1)",
        "{% macro m(x) %}{{ m(x) }}{% endmacro %}{{ m(1) }}",
        "{% filter upper %}x{% endfilter %}",
        "{% call m() %}x{% endcall %}",
        "{% block a %}{{ self.a() }}{% endblock %}",
        "{% set a %}x{% endset %}",
        "{% for a in consent recursive %}{{ loop(consent) }}{% endfor %}",
        "{% autoescape true %}x{% endautoescape %}",
    ],
)
def test_ways_out_of_the_sandbox_are_refused_at_the_start(value: str) -> None:
    """Attributes of Python's, formatting, what Jinja2 brings along, and everything that can call itself."""
    assert findings(value)


@pytest.mark.parametrize(
    "value",
    ["attributes[person.firstName]", "consent | map(attribute=attributes.plan) | list"],
)
@pytest.mark.parametrize("name", ["__class__", "__init__", "keys", "__dict__", "gi_frame", "format"])
def test_a_name_out_of_the_event_is_a_field_or_nothing(value: str, name: str) -> None:
    """Whatever it says."""
    event = lead(attributes={"plan": name}, person={"firstName": name})
    assert evaluate(value, event) in (None, [None, None])


@pytest.mark.parametrize("source", ["consent", "consent | map(attribute='purpose')", "person.firstName"])
def test_loops_over_what_events_hold_come_to_an_end(source: str) -> None:
    """Over a thousand items, and over some hundred thousand in two; what is more is refused."""
    once, twice = f"{{% for a in {source} %}}", f"{{% for a in {source} %}}{{% for b in {source} %}}"

    def event(items: int) -> dict[str, Any]:
        return lead(consent=[{"purpose": "call", "granted": True}] * items, person={"firstName": "x" * items})

    assert evaluate(f"{once}{{% endfor %}}done", event(1000)) == "done"
    assert evaluate(f"{twice}{{% endfor %}}{{% endfor %}}done", event(400)) == "done"
    with pytest.raises(SecurityError):
        evaluate(f"{once}{{% endfor %}}", event(1001))


def test_a_lead_has_all_the_work_to_itself() -> None:
    """What one expression took, and what one lead took, is not missing for the next."""
    value = "{% for a in range(1000) %}{{ person.firstName | title }}{% endfor %}"
    for _ in range(MAX_WORK // 1000 // 10):
        assert evaluate(value) == "Ana" * 1000


def test_work_counts_what_is_in_a_value_as_often_as_it_is_in_it() -> None:
    """And ends where there was too much, without going through the rest."""
    value: object = "text"
    for _ in range(10):
        value = [value, {"key": value}]
    Work().spend_through([value])
    for _ in range(100):
        value = (value, value)
    with bounded(), pytest.raises(SecurityError):
        Work().spend_through([value])


def test_names_that_a_failing_template_sets_are_gone() -> None:
    """The lead's other expressions, of the next route, do not see them."""
    compiler = Compiler(record_shape(READER))
    failing = compiler.value("{% set priority = 'x' %}{{ person.phones }}", ("a",))
    following = compiler.value("(priority + 1) | string", ("b",))
    scope = Scope(lead(), "leads")
    with pytest.raises(TypeError):
        failing.evaluate(scope)
    assert following.evaluate(scope) == "6"
