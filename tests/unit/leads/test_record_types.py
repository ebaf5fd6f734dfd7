"""Routes by record type: each type is mapped by the routes that take it, and checked against its own schema."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connector.leads.mapped import Destination, MappedLead
from connector.leads.mapper import MappingError
from connector.leads.outcome import Reason, SetAside
from connector.leads.record_types import MapperByRecord
from connector.leads.spec import MappingSpec, RouteSpec, YamlValue
from connector.leads.writers import RecordLead
from tests.unit.leads.samples import NOW_MS, route


def schema(*fields: str) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"name": name, "type": ["null", "string"], "default": None} for name in fields]
    parts.append({"name": "phones", "type": {"type": "array", "items": "string"}})
    return {"type": "record", "name": "Any", "fields": [{"name": "id", "type": "string"}, *parts]}


READERS = [("leads.Lead", schema("campaign")), ("shop.Order", schema("basket"))]
PHONES: dict[str, YamlValue] = {"clientIds": "phones"}


def mapper(*routes: RouteSpec, **changes: Any) -> MapperByRecord:
    return MapperByRecord(MappingSpec(routes, **{"lead_id": "id", "event_time": None, **changes}), READERS)


def problems(*routes: RouteSpec, **changes: Any) -> list[tuple[tuple[str | int, ...], str]]:
    with pytest.raises(MappingError) as caught:
        mapper(*routes, **changes)
    return [(problem.path, problem.message) for problem in caught.value.problems]


def lead(record: str, **fields: object) -> RecordLead:
    made = RecordLead({"id": "1", "phones": ["+59899123456"], **fields})
    made.record = record
    return made


ORDERS = route({**PHONES, "data": {"basket": "basket"}}, name="orders", hub="shop", records=("shop.Order",))
LEADS = route({**PHONES, "data": {"campaign": "campaign"}}, name="leads", hub="sales", records=("leads.Lead",))
REST = route(PHONES, name="rest", hub="rest")


def mapped(under_test: MapperByRecord, event: dict[str, object]) -> MappedLead:
    result = under_test.map(event, "leads", NOW_MS)
    assert isinstance(result, MappedLead), result
    return result


def test_each_type_goes_its_route() -> None:
    """With the fields that only it has."""
    under_test = mapper(ORDERS, LEADS)
    order = mapped(under_test, lead("shop.Order", basket="b-1"))
    assert (order.route, json.loads(order.body)["data"]) == ("orders", {"basket": "b-1"})
    other = mapped(under_test, lead("leads.Lead", campaign="c-1"))
    assert (other.route, json.loads(other.body)["data"]) == ("leads", {"campaign": "c-1"})
    assert under_test.destinations == [("orders", {Destination("shop"): 1}), ("leads", {Destination("sales"): 1})]


def test_order_holds_across_types() -> None:
    """A route without a type takes every lead that comes to it; a lead that says no type is of the main one."""
    under_test = mapper(ORDERS, REST, LEADS)
    assert mapped(under_test, lead("shop.Order")).route == "orders"
    assert mapped(under_test, lead("leads.Lead")).route == "rest"
    assert mapped(under_test, dict(lead("leads.Lead"))).route == "rest"


def test_a_lead_that_its_types_routes_do_not_take() -> None:
    """Is set aside as any other."""
    never = route(PHONES, name="never", when="campaign == 'x'", records=("leads.Lead",))
    result = mapper(ORDERS, never).map(lead("leads.Lead"), "leads", NOW_MS)
    assert isinstance(result, SetAside) and result.reason is Reason.NO_ROUTE


def test_a_route_is_checked_against_every_type_that_it_can_meet() -> None:
    """A problem of some types names them, one of all does not; the place is that among all routes."""
    found = problems(
        LEADS, ORDERS, route(PHONES, name="all", when="basket == 'x'"), route({"clientIds": "fone"}, name="n")
    )
    assert found == [
        (("routes", 2, "when"), "with leads of leads.Lead: the event has no field 'basket'"),
        (("routes", 3, "contact", "clientIds"), "the event has no field 'fone'"),
    ]


def test_id_time_and_key_have_to_be_there_for_all_types() -> None:
    """They are of the lead, not of a route."""
    found = problems(LEADS, ORDERS, lead_id="campaign", event_time="when", duplicate_key="id")
    assert sorted(found) == [
        (("event_time",), "the event has no field 'when'"),
        (("lead_id",), "with leads of shop.Order: the event has no field 'campaign'"),
    ]


def test_mistakes_in_names() -> None:
    """A type that no schema has, a type without a route, two routes of one name."""
    found = problems(route(PHONES, name="a", records=("shop.Ordr",)), route(PHONES, name="b", records=("shop.Order",)))
    assert found == [
        (("routes", 0, "record"), "no reader schema is called 'shop.Ordr'"),
        (("routes",), "no route takes leads of leads.Lead"),
    ]
    twice = route(PHONES, name="orders", records=("leads.Lead",))
    assert problems(ORDERS, twice) == [(("routes", 1, "name"), "another route is called 'orders'")]
    assert problems(REST, REST) == [(("routes", 1, "name"), "another route is called 'rest'")]
