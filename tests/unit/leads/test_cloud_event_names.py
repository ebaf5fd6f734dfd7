"""The attributes of a CloudEvent in expressions: the name ``ce``."""

from __future__ import annotations

import json

import pytest

from connector.leads.mapped import Destination, MappedLead
from connector.leads.mapper import Mapper, MappingError
from connector.leads.outcome import Reason
from connector.leads.spec import MappingSpec
from tests.unit.leads.samples import NOW_MS, lead, mapped, mapper, problems_of, route, set_aside

EVENT = {
    "specversion": "1.0",
    "id": "A-1",
    "source": "/forms/google",
    "type": "com.example.lead",
    "time": "2026-01-15T14:59:58.5Z",
}


def test_a_route_by_type_and_a_hub_by_source() -> None:
    """On both ways to evaluate: direct calls, and Jinja2 (methods and slices)."""
    routes = (
        route(name="meta", when="ce.type == 'com.example.other'"),
        route(name="google", when="ce.type.startswith('com.example.')", hub="{{ ce.source[7:] }}"),
    )
    result = mapped(lead(ce=EVENT), *routes)
    assert (result.route, result.destination) == ("google", Destination("google"))


def test_id_and_time_of_the_envelope() -> None:
    """An event's id and time can be the lead's."""
    under_test = mapper(route(), lead_id="ce.id", event_time="ce.time")
    result = under_test.map(lead(ce=EVENT), "leads", NOW_MS)
    assert isinstance(result, MappedLead)
    assert (result.lead_id, result.event_time_ms) == ("A-1", 1_768_489_198_500)


def test_absent_without_an_envelope() -> None:
    """A lead that came in none, or one without a subject, has null there."""
    assert set_aside(lead(), route(when="ce.type == 'x'")).reason is Reason.NO_ROUTE
    contact = json.loads(
        mapped(lead(ce=EVENT), route({"clientIds": "person.phones", "data": {"s": "ce.subject"}})).body
    )
    assert "s" not in contact.get("data", {})


def test_misspelt_attributes_are_refused() -> None:
    """As fields are, with the nearest name."""
    (problem,) = problems_of(route(when="ce.typ == 'x'"))
    assert problem.message == "there is no field 'typ' here" and "type" in problem.hint


def test_a_field_of_the_leads_own_is_checked_as_such() -> None:
    """A reader schema with a field ``ce`` keeps its type."""
    schema = {"type": "record", "name": "L", "fields": [{"name": "ce", "type": "string"}]}
    with pytest.raises(MappingError) as caught:
        Mapper(MappingSpec((route({"clientIds": "ce"}, when="ce.type == 'x'"),), "ce", None), schema)
    assert [problem.path for problem in caught.value.problems] == [("routes", 0, "when")]
