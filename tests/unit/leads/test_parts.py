"""Routes that go on: a lead that several of them take."""

from __future__ import annotations

from typing import Any

import pytest

from connector.leads.mapped import MappedLead, Parts
from connector.leads.outcome import Outcome, Reason, SetAside
from connector.leads.spec import Channel, RouteSpec
from tests.unit.leads.samples import NOW_MS, lead, mapper, route

SMS = route({"clientId": "person.phones | first"}, name="sms", hub="welcome", channel=Channel.SMS, goes_on=True)
MAIN = route(name="main")


def ends(result: MappedLead | SetAside | Parts) -> list[tuple[str, str]] | str:
    """Each part's route, with its hub or the reason; of a lead in one part the route or the reason."""
    if isinstance(result, Parts):
        return [
            (name, end.reason.value if isinstance(end, SetAside) else end.destination.hub) for name, end in result.each
        ]
    return result.reason.value if isinstance(result, SetAside) else result.route


def taken(*routes: RouteSpec, event: dict[str, Any] | None = None, only: str | None = None, **how: Any) -> Any:
    """What these routes make of a lead."""
    return mapper(*routes, **how).map(lead() if event is None else event, "leads", NOW_MS, only)


def test_a_route_that_goes_on_leaves_the_lead_to_the_next_too() -> None:
    """In the order of the routes, up to the first that takes it and does not go on."""
    assert ends(taken(SMS, MAIN, route(name="never"))) == [("sms", "welcome"), ("main", "sales")]
    assert ends(taken(MAIN, SMS)) == "main"


def test_a_lead_in_one_part_is_the_plain_case() -> None:
    """Whichever route that is; and none is no_route as ever."""
    assert ends(taken(SMS, route(name="main", when="false"))) == "sms"
    assert ends(taken(route(name="first", when="false", goes_on=True), MAIN)) == "main"
    assert ends(taken(route(when="false", goes_on=True))) == "no_route"


def test_what_fails_in_one_part_does_not_stop_the_others() -> None:
    """A contact, a condition, an age: the part is set aside with the reason that the lead would have alone."""
    number = lead(person={"phones": ["ask Ana", "+59899123456"]})
    assert ends(taken(SMS, MAIN, event=number)) == [("sms", "invalid_field"), ("main", "sales")]
    failing = route(name="failing", when="attributes.plan | int > 5", goes_on=True)
    assert ends(taken(failing, MAIN)) == [("failing", "expression_failed"), ("main", "sales")]
    last = route(name="last", when="attributes.plan | int > 5")
    assert ends(taken(SMS, last, MAIN)) == [("sms", "welcome"), ("last", "expression_failed")], "it does not go on"
    assert ends(taken(failing, route(when="false"))) == "expression_failed"


def test_a_lead_without_an_id_has_no_parts() -> None:
    """What all parts would need fails once."""
    assert ends(taken(SMS, MAIN, lead_id="source.accountId")) == "missing_field"


def test_the_parts_of_a_lead_are_no_duplicates_of_each_other() -> None:
    """Each route that goes on has keys of its own; the others share theirs, which are those they have without it."""
    result = taken(SMS, MAIN, duplicate_key="eventId")
    assert isinstance(result, Parts)
    keys = [end.duplicate_key for _, end in result.each if isinstance(end, MappedLead)]
    assert keys == ["event-1\0sms", "event-1"]
    alone = taken(SMS, route(when="false"), duplicate_key="eventId")
    assert alone.duplicate_key == "event-1\0sms", "also where no other route takes the lead"
    unkeyed = taken(SMS, MAIN, duplicate_key="source.accountId")
    assert [end.duplicate_key for _, end in unkeyed.each] == [None, None]


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_part_that_comes_back_is_mapped_by_its_route_alone(goes_on: bool) -> None:
    """Also when no route goes on any more; the present configuration decides what it becomes."""
    sms = route(SMS.contact, name="sms", hub="other", channel=Channel.SMS, goes_on=goes_on)
    for only, hub in (("sms", "other"), ("main", "sales")):
        result = taken(sms, MAIN, only=only)
        assert isinstance(result, MappedLead) and (result.route, result.destination.hub) == (only, hub)


def test_a_part_whose_route_is_gone_is_not_given_to_the_others() -> None:
    """They have had theirs: the lead would be sent to them twice."""
    for routes in ([SMS, MAIN], [SMS, MAIN, route(name="gone", when="false")]):
        result = taken(*routes, only="gone")
        assert isinstance(result, SetAside)
        assert (result.outcome, result.reason) == (Outcome.DEAD_LETTER, Reason.NO_ROUTE)
        assert "gone" in result.message
