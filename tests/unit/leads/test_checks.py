"""What is found at start, with the way out."""

from __future__ import annotations

import pytest

from connector.leads.mapper import Mapper, MappingError
from connector.leads.spec import MappingSpec
from tests.unit.leads.samples import findings, problems_of, route


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("person.fone", "phones"),
        ("persn.phones", "person"),
        ("person.timezon | lower", "timezone"),
        ("{{ person.firstname }}", "firstName"),
        ("{% if sorce.isTest %}x{% endif %}", "source"),
        ("{% for c in consent %}{{ c.purpos }}{% endfor %}", "purpose"),
        ("person.country.upper() ~ person.locle", "locale"),
        ("schedule.at.timezne", "timezone"),
        ("(consent | first).purpos", "purpose"),
        ("consent[0].grantd", "granted"),
        ("person.email | e164(person.contry)", "country"),
        ("person.country | lowercase", "lower"),
        ("person.country is nonne", "none"),
        ("consent | selectattr('grantd') | list", "granted"),
        ("consent | selectattr('purpose', 'eqalto', 'call') | list", "equalto"),
        ("consent | pick('purpos', 'call')", "purpose"),
        ("(consent | pick('purpose', 'call')).grantd", "granted"),
        ("consent | map(attribute='purpos') | list", "purpose"),
        ("consent | selectattr('granted') | map(attribute='purpos') | first", "purpose"),
        ("(consent | sort(attribute='purpose') | last).grantd", "granted"),
        ("person.phones | map('uper') | list", "upper"),
        ("consent.purpose", "[0]"),
        ("person.firstName.upper", "upper()"),
        ("hello", "'hello'"),
        ("person.email != null", "not none"),
        ("person.email is null", "none"),
        ("priority = 5", "== for ="),
        ("source.isTest && person.email || priority", "and for &&, or for ||"),
        ("!source.isTest", "not for !"),
        ("priority === 5", "== for ==="),
        ("call me", "'text'"),
    ],
)
def test_an_unknown_name_is_a_problem_with_the_nearest_known_one(value: str, hint: str) -> None:
    """Misspelt fields, filters and tests are found anywhere in an expression, with a suggestion."""
    (problem,) = findings(value)
    assert problem.path == ("value",)
    assert hint in problem.hint


@pytest.mark.parametrize(
    "value",
    ["attributes.anything", "attributes['any thing']", "schedule.at.local", "schedule.at.year", "consent[0].purpose",
     "person.phones[0][:3]",
     "{% for k, v in attributes | items %}{{ k }}={{ v }};{% endfor %}", "person.phones | length"],
)  # fmt: skip
def test_what_the_schema_allows_is_accepted(value: str) -> None:
    """Any key of a map, a field of one branch of a union, an item of an array."""
    assert not findings(value)


@pytest.mark.parametrize("value", ["", "1 +", "a b", "{{ person.firstName", "{% if %}", "0042", "+03:00"])
def test_bad_syntax_is_a_problem(value: str) -> None:
    """What Jinja2 cannot parse is a problem and not an exception."""
    assert len(findings(value)) == 1


def test_filter_arguments_are_checked() -> None:
    """A filter's wrong arguments are found at start."""
    assert "region" in findings("person.email | e164('UY', 'AR')")[0].hint


def test_all_problems_come_at_once() -> None:
    """Every problem of every route is listed, each with its place."""
    first = route({"clientIds": ["person.phne"], "priorty": 1}, name="a", when="x == 1")
    second = route({"timezone": "America/Montevido"}, name="a", endpoint="lists", hub={"sales": 0, "other": 2})
    problems = problems_of(first, second, lead_id="evntId")
    assert {problem.path for problem in problems} >= {
        ("lead_id",),
        ("routes", 0, "when"),
        ("routes", 0, "contact", "clientIds", 0),
        ("routes", 0, "contact", "priorty"),
        ("routes", 1, "name"),
        ("routes", 1, "hub", "sales"),
        ("routes", 1, "contact", "clientIds"),
        ("routes", 1, "contact", "timezone"),
    }


@pytest.mark.parametrize(
    "reader", [{"type": "string"}, {}, {"type": "record", "name": "R", "fields": [{"type": "int"}]}]
)
def test_a_reader_schema_that_is_no_record_is_a_problem(reader: dict[str, object]) -> None:
    """The mapper says so instead of failing later."""
    with pytest.raises(MappingError) as caught:
        Mapper(MappingSpec((route(),)), reader)
    assert caught.value.problems[0].path == ("reader",)


def test_a_recursive_schema_is_read() -> None:
    """Named types may refer to themselves and to other namespaces."""
    reader = {
        "type": "record", "name": "Node", "namespace": "n", "fields": [
            {"name": "id", "type": "string"}, {"name": "next", "type": ["null", "Node"]},
            {"name": "kind", "type": {"type": "enum", "name": "other.Kind", "symbols": ["A"]}},
            {"name": "again", "type": ["null", "other.Kind"]}]}  # fmt: skip
    spec = MappingSpec((route({"clientIds": "next.next.next.id | required"}, when="again == 'A'"),), "id", "next.id")
    assert isinstance(Mapper(spec, reader), Mapper)
