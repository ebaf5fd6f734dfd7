"""Routes, hubs, ids and the mapper as a whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.leads.spec import Channel, Endpoint, ListSpec, YamlValue
from tests.unit.leads.samples import NOW_MS, lead, mapped, mapper, problems_of, route, set_aside

EXAMPLE: dict[str, YamlValue] = {
    "clientIds": ["person.phones"],
    "timezone": ["person.timezone", "phone", "America/Montevideo"],
    "scheduleDate": "schedule.at",
    "priority": "priority",
    "data": {"name": "{{ person.firstName }} {{ person.lastName }}", "campaign": "source.campaignId"},
}


def test_the_documented_example() -> None:
    """The route of the design gives exactly this request."""
    result = mapped(lead(), route(EXAMPLE, when="source.platform == 'google'"))
    assert result == MappedLead(
        "event-1",
        1_768_489_198_123,
        "main",
        Destination("sales", Endpoint.FRESH_LEADS),
        b'{"clientIds":["+59899123456","+59829012345"],"priority":5,"data":{"name":"Ana P\xc3\xa9rez",'
        b'"campaign":"campaign-1"},"timezone":"America/Montevideo"}',
    )


def test_the_first_match_wins() -> None:
    """Routes are tried in order, by condition."""
    routes = (
        route(name="meta", when="source.platform == 'meta'"),
        route(name="google", when="source.platform == 'google'"),
        route(name="rest"),
    )
    assert mapped(lead(), *routes).route == "google"
    assert mapped(lead(source={"platform": "web"}), *routes).route == "rest"


@pytest.mark.parametrize(
    ("topics", "topic", "taken"),
    [
        ((), "any", True),
        (("leads",), "leads", True),
        (("leads",), "leads.eu", False),
        (("other", r"^leads\..*"), "leads.eu", True),
        ((r"^leads",), "leads.eu", True),
        ((r"^leads$",), "leads.eu", False),
        ((r"^leads(\..*)?",), "xleads", False),
        (("leads.eu",), "leadsxeu", False),
    ],
)
def test_topics_are_names_or_patterns_of_their_beginning(topics: tuple[str, ...], topic: str, taken: bool) -> None:
    """A pattern means what it means in kafka.topics: the beginning of a name has to match."""
    result = mapper(route(topics=topics)).map(lead(), topic, NOW_MS)
    assert isinstance(result, MappedLead) is taken


def test_no_route() -> None:
    """A lead that no route takes is dead-lettered as such."""
    aside = set_aside(lead(), route(when="false"))
    assert (aside.outcome, aside.stage, aside.reason) == (Outcome.DEAD_LETTER, Stage.ROUTE, Reason.NO_ROUTE)


@pytest.mark.parametrize(
    ("hub", "expected", "from_event"),
    [
        ("sales", "sales", False),
        ("ventas México 1", "ventas México 1", False),
        (2024, "2024", False),
        ("hub-{{ source.platform }}", "hub-google", True),
        ({"python": "tests.unit.leads.functions_for_tests:platform_and_id"}, "google/event-1", True),
    ],
)
def test_a_hub_is_a_name_or_computed(hub: YamlValue, expected: str, from_event: bool) -> None:
    """A literal is the hub's name, never an expression; a template or function computes it from the event."""
    result = mapped(lead(), route(hub=hub))
    assert (result.destination.hub, result.hub_from_event) == (expected, from_event)


@pytest.mark.parametrize("name", [".", "..", " .. ", "x" * 256, "é" * 100_000, "\ud800"])
def test_a_hub_from_the_event_that_fits_no_url_sets_the_lead_aside(name: str) -> None:
    """A name that would make another URL of the request, or none at all, costs that one lead and nothing else."""
    aside = set_aside(lead(attributes={"hub": name}), route(hub="{{ attributes.hub }}"))
    assert (aside.reason, aside.stage) == (Reason.INVALID_FIELD, Stage.ROUTE)


def test_a_split_sends_each_lead_to_one_of_its_hubs() -> None:
    """By the lead's id; an unknown hub is then the configuration's mistake and not the lead's."""
    under_test = mapper(route(name="example", hub={" sales ": 70, "social": 30}))
    for lead_id, hub in (("g-1001", "sales"), ("g-1002", "social")):
        result = under_test.map(lead(eventId=lead_id), "leads", NOW_MS)
        assert isinstance(result, MappedLead)
        assert (result.destination, result.hub_from_event) == (Destination(hub), False)
    weights = {Destination("sales"): 70, Destination("social"): 30}
    assert under_test.destinations == [("example", weights)]


def test_an_empty_computed_hub_sets_the_lead_aside() -> None:
    """No name, no request."""
    aside = set_aside(lead(), route(hub="{{ source.accountId }}"))
    assert (aside.stage, aside.reason) == (Stage.ROUTE, Reason.MISSING_FIELD)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"hub": {}}, "hub"),
        ({"hub": {"sales": 0}}, "hub"),
        ({"hub": {"sales": -1}}, "hub"),
        ({"hub": {"sales": 1.5}}, "hub"),
        ({"hub": {"sales": "70"}}, "hub"),
        ({"hub": {"sales": True, "other": 1}}, "hub"),
        ({"hub": {"sales": 1_000_001}}, "hub"),
        ({"hub": {" ": 1, "sales": 1}}, "hub"),
        ({"hub": {"sales": 1, " sales ": 1}}, "hub"),
        ({"hub": {"..": 1, "sales": 1}}, "hub"),
        ({"hub": {"x" * 256: 1, "sales": 1}}, "hub"),
        ({"hub": {"{{ source.platform }}": 70, "other": 30}}, "hub"),
        ({"hub": ""}, "hub"),
        ({"hub": ".."}, "hub"),
        ({"hub": "x" * 256}, "hub"),
        ({"hub": None}, "hub"),
        ({"hub": ["sales"]}, "hub"),
        ({"hub": "{{ source.platfrom }}"}, "hub"),
        ({"endpoint": Endpoint.LISTS}, "endpoint"),
        ({"list": ListSpec("'spring'")}, "list"),
        ({"endpoint": Endpoint.LISTS, "list": ListSpec("source.campain")}, "list"),
        ({"endpoint": Endpoint.LISTS, "list": ListSpec("''")}, "list"),
        ({"endpoint": Endpoint.LISTS, "list": ListSpec(7)}, "list"),
        ({"endpoint": Endpoint.LISTS, "list": ListSpec("priority")}, "list"),
        ({"endpoint": Endpoint.LISTS, "list": ListSpec("'" + "x" * 256 + "'")}, "list"),
        ({"endpoint": Endpoint.LISTS, "list": ListSpec("'spring'", max_leads=0)}, "list"),
        ({"when": "{{ source.isTest }}"}, "when"),
        ({"when": 1}, "when"),
        ({"when": ["true"]}, "when"),
        ({"topics": ("^(",)}, "topics"),
        ({"max_age": timedelta(0)}, "max_age"),
    ],
)
def test_a_route_that_cannot_work_is_a_problem(changes: dict[str, Any], place: str) -> None:
    """Later work and mistakes are refused at start, each with its place."""
    (problem,) = problems_of(route(**changes))
    assert problem.path[:3] == ("routes", 0, place)


def test_no_routes_is_a_problem() -> None:
    """A mapper without routes would set every lead aside."""
    assert problems_of()[0].path == ("routes",)


def test_a_failing_condition_sets_the_lead_aside() -> None:
    """It does not fall through to the next route: that would be a guess."""
    aside = set_aside(lead(), route(when="attributes.plan | int > 3", name="a"), route(name="b"))
    assert (aside.stage, aside.reason) == (Stage.ROUTE, Reason.EXPRESSION_FAILED)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", Reason.MISSING_FIELD),
        (" \t", Reason.MISSING_FIELD),
        (None, Reason.MISSING_FIELD),
        (["x"], Reason.INVALID_FIELD),
    ],
)
def test_a_lead_needs_an_id(value: object, reason: Reason) -> None:
    """Without an id a lead could be neither traced nor told from its repetition."""
    assert set_aside(lead(eventId=value), route()).reason is reason


def test_an_id_may_be_a_number_or_uuid() -> None:
    """Both become text."""
    assert mapped(lead(eventId=7), route()).lead_id == "7"
    assert mapped(lead(eventId=UUID(int=7)), route()).lead_id == str(UUID(int=7))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), (1_768_489_200_000, 1_768_489_200_000), ("2026-01-15T15:00:00Z", 1_768_489_200_000)],
)
def test_event_time(value: object, expected: int | None) -> None:
    """An instant, milliseconds or ISO text; none is none."""
    assert mapped(lead(occurredAt=value), route()).event_time_ms == expected


def test_an_unreadable_event_time_sets_the_lead_aside() -> None:
    """max_age could not be kept."""
    assert set_aside(lead(occurredAt="yesterday"), route()).reason is Reason.INVALID_FIELD


@pytest.mark.parametrize("event", [{}, {"eventId": "x"}, lead(person=None), lead(person=[]), lead(schedule=3)])
def test_mapping_never_raises_for_a_lead(event: dict[str, Any]) -> None:
    """Whatever a lead lacks, it is mapped or set aside."""
    contact: dict[str, YamlValue] = {**EXAMPLE, "data": {"x": "(person.firstName ~ '').split(',')[3].upper()"}}
    assert isinstance(mapper(route(contact)).map(event, "leads", NOW_MS), MappedLead | SetAside)


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WHATSAPP])
def test_a_message_route(channel: Channel) -> None:
    """Text channels send one clientId."""
    result = mapped(lead(), route({"clientId": "person.phones | first"}, channel=channel))
    assert result.body == b'{"clientId":"+59899123456"}'


@pytest.mark.parametrize(
    ("key", "event", "expected"),
    [
        ("eventId", lead(), "event-1"),
        ("eventId", lead(eventId=UUID(int=7)), str(UUID(int=7))),
        ("priority", lead(), "5"),
        ("priority", lead(priority=0), "0"),
        ("source.externalLeadId", lead(), None),
        ("source.externalLeadId", lead(source={"externalLeadId": ""}), None),
        ("source.externalLeadId", lead(source={"externalLeadId": "ñandú \U0001f600"}), "ñandú \U0001f600"),
        ("schedule.at.local", lead(), None),
        ("attributes.plan", lead(), "gold"),
        ("attributes.nothing", lead(), None),
        ("{{ source.platform }}/{{ eventId }}", lead(), "google/event-1"),
        ("person.phones | first", lead(), "+59899123456"),
        ("person.phones | first", lead(person={"phones": []}), None),
    ],
)
def test_a_duplicate_key_is_text_or_none(key: str, event: dict[str, Any], expected: str | None) -> None:
    """Numbers and ids become text; what is null, empty or lies below something that is null is no key."""
    result = mapper(route({"clientIds": ["+59899"]}), duplicate_key=key).map(event, "leads", NOW_MS)
    assert isinstance(result, MappedLead), result
    assert result.duplicate_key == expected


def test_without_duplicates_there_is_no_key() -> None:
    """The rest of the lead is the same with and without."""
    plain = mapped(lead(), route())
    assert plain.duplicate_key is None
    keyed = mapper(route(), duplicate_key="eventId").map(lead(), "leads", NOW_MS)
    assert keyed == plain._replace(duplicate_key="event-1")


def test_a_failing_duplicate_key_sets_the_lead_aside() -> None:
    """Without its key it might go twice; the message does not quote the lead."""
    aside = mapper(route(), duplicate_key="(person.email or 1) / 2").map(lead(), "leads", NOW_MS)
    assert isinstance(aside, SetAside) and aside.reason is Reason.EXPRESSION_FAILED
    words = "a value is of a type that it does not take, or absent"
    assert aside.message == f"duplicate_key: the expression failed with TypeError: {words}"


def test_a_lead_that_cannot_go_needs_no_key() -> None:
    """Its own reason stands."""
    aside = mapper(route(when="false"), duplicate_key="(person.email or 1) / 2").map(lead(), "leads", NOW_MS)
    assert isinstance(aside, SetAside) and aside.reason is Reason.NO_ROUTE


def test_a_duplicate_key_is_checked_against_the_schema() -> None:
    """A field that no lead has is refused at start."""
    (problem,) = problems_of(route(), duplicate_key="eventID")
    assert problem.path == ("duplicate_key",) and "eventId" in problem.hint
