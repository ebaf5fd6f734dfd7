"""Filters: which leads they take, in which order, and what is kept of those."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from connector.leads.mapped import MappedLead, Parts
from connector.leads.mapper import Mapper, MappingError
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.leads.spec import FilterSpec, ListedSpec, MappingSpec, SpecProblem, YamlValue
from connector.leads.suppression import Listed
from tests.unit.leads.samples import NOW_MS, READER, lead, route

TEST_LEADS = FilterSpec("test-leads", when="source.isTest")
LIST: dict[str, Listed] = {"list": frozenset({"+59899123456", "7", "ana@example.com"})}
"""A plain set: how texts are compared is the list's own business."""


def listed(value: YamlValue) -> FilterSpec:
    """A filter that looks a value up."""
    return FilterSpec("asked", listed=ListedSpec(value, "list"))


def mapper(*filters: FilterSpec, **changes: Any) -> Mapper:
    """A mapper with these filters and a route that takes every lead."""
    spec = MappingSpec((route(),), filters=filters)
    return Mapper(replace(spec, **changes), READER, LIST)


def end(event: dict[str, Any], *filters: FilterSpec, **changes: Any) -> MappedLead | SetAside:
    """What becomes of a lead."""
    result = mapper(*filters, **changes).map(event, "leads", NOW_MS)
    assert not isinstance(result, Parts), result
    return result


def aside(event: dict[str, Any], *filters: FilterSpec, **changes: Any) -> SetAside:
    """Why a lead is not sent; an AssertionError when it is."""
    result = end(event, *filters, **changes)
    assert isinstance(result, SetAside), result
    return result


def problems(*filters: FilterSpec) -> list[SpecProblem]:
    """What is refused at the start."""
    with pytest.raises(MappingError) as caught:
        mapper(*filters)
    return caught.value.problems


def test_a_condition_takes_the_leads_for_which_it_holds() -> None:
    """The filter and the lead's id are told, for nothing else is kept."""
    taken = aside(lead(source={"isTest": True}), TEST_LEADS)
    assert (taken.outcome, taken.stage, taken.reason) == (Outcome.FILTERED, Stage.FILTER, Reason.EXCLUDED)
    assert (taken.filter, taken.lead_id) == ("test-leads", "event-1") and "test-leads" in taken.message
    assert isinstance(end(lead(), TEST_LEADS), MappedLead)


def test_the_first_filter_that_takes_it_is_told() -> None:
    """Filters are tried in order; a later one is not even asked."""
    fails = FilterSpec("fails", when="attributes.plan | int > 0")
    assert aside(lead(source={"isTest": True}), TEST_LEADS, FilterSpec("all", when=True), fails).filter == "test-leads"
    assert aside(lead(), TEST_LEADS, FilterSpec("all", when=True), fails).filter == "all"


def test_filters_come_before_everything_else() -> None:
    """A lead that is not to be called needs neither an id, nor a time, nor a route."""
    event = lead(eventId="", occurredAt="no time", source={"isTest": True})
    taken = aside(event, TEST_LEADS, routes=(route(when="false"),))
    assert (taken.outcome, taken.lead_id) == (Outcome.FILTERED, None)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ("person.phones", True),
        ("person.phones[0]", True),
        ("person.phones[1]", False),
        ("person.email", True),
        ("[person.lastName, [person.phones]]", True),
        (["person.lastName", ["person.phones"]], True),
        ("person.phones[7]", False),
        ("attributes.nothing", False),
        ("'' if source else person.email", False),
        ("priority + 2", True),
        ("{{ person.firstName | lower }}@example.com", True),
        ({"python": "tests.unit.leads.test_lead_filters:an_address"}, True),
    ],
)
def test_a_value_is_looked_up_or_each_of_several(value: YamlValue, taken: bool) -> None:
    """Text and whole numbers, nested as they come; what is absent is on no list."""
    result = end(lead(), listed(value))
    assert isinstance(result, SetAside) is taken
    if isinstance(result, SetAside):
        assert (result.outcome, result.stage, result.reason) == (Outcome.FILTERED, Stage.FILTER, Reason.SUPPRESSED)
        assert result.filter == "asked" and "ana" not in result.message.lower()


def an_address(event: dict[str, Any]) -> str:
    """A function of somebody's own."""
    return str(event["person"]["email"])


@pytest.mark.parametrize(
    ("a_filter", "reason"),
    [
        (FilterSpec("broken", when="attributes.plan | int > 0"), Reason.EXPRESSION_FAILED),
        (listed("attributes.plan | int"), Reason.EXPRESSION_FAILED),
        (listed("person if priority else 1"), Reason.INVALID_FIELD),
        (listed("true if priority else 1"), Reason.INVALID_FIELD),
    ],
)
def test_a_lead_whose_filter_fails_is_not_called(a_filter: FilterSpec, reason: Reason) -> None:
    """It goes to the dead letters, where it is found; the message names the filter."""
    result = aside(lead(), a_filter)
    assert (result.outcome, result.stage, result.reason) == (Outcome.DEAD_LETTER, Stage.FILTER, reason)
    assert a_filter.name in result.message and "gold" not in result.message


def test_the_list_is_asked_for_each_lead() -> None:
    """Its content may change while the mapper is in use."""
    entries: set[str] = set()
    under_test = Mapper(MappingSpec((route(),), filters=(listed("person.email"),)), READER, {"list": entries})
    assert isinstance(under_test.map(lead(), "leads", NOW_MS), MappedLead)
    entries.add("ana@example.com")
    assert isinstance(under_test.map(lead(), "leads", NOW_MS), SetAside)


def test_unmatched_leads_may_be_filtered() -> None:
    """By choice; the reason stays the same."""
    nowhere = (route(when="false"),)
    assert aside(lead(), routes=nowhere).outcome is Outcome.DEAD_LETTER
    filtered = aside(lead(), routes=nowhere, filter_unmatched=True)
    assert (filtered.outcome, filtered.stage, filtered.reason) == (Outcome.FILTERED, Stage.ROUTE, Reason.NO_ROUTE)
    assert (filtered.filter, filtered.lead_id) == (None, "event-1")


@pytest.mark.parametrize(
    ("a_filter", "place"),
    [
        (FilterSpec("none"), ()),
        (FilterSpec("both", when="source.isTest", listed=ListedSpec("person.email", "list")), ("when",)),
        (FilterSpec("typo", when="source.isTset"), ("when",)),
        (FilterSpec("text", when="{{ source.isTest }}"), ("when",)),
        (FilterSpec("number", when=1), ("when",)),
        (listed("person.fone"), ("listed", "value")),
        (listed("person"), ("listed", "value")),
        (listed("source.isTest"), ("listed", "value")),
        (listed("occurredAt"), ("listed", "value")),
        (listed("'ana@example.com'"), ("listed", "value")),
        (listed(None), ("listed", "value")),
    ],
    ids=str,
)
def test_a_filter_that_cannot_work_is_a_problem(a_filter: FilterSpec, place: tuple[str, ...]) -> None:
    """At the start, each with its place."""
    assert [problem.path for problem in problems(TEST_LEADS, a_filter)] == [("filters", 1, *place)]


def test_names_are_unique() -> None:
    """They tell filters apart in the log and the receipts."""
    assert [problem.path for problem in problems(TEST_LEADS, TEST_LEADS)] == [("filters", 1, "name")]
