"""Routes into lists: the name of a lead's list, and what its contact may have."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from connector.leads.mapped import Collect, Destination
from connector.leads.outcome import Reason, Stage
from connector.leads.spec import ContactWindow, Endpoint, ListSpec, RouteSpec, ScheduleSpec, YamlValue
from tests.unit.leads.samples import contact_of, lead, mapped, problems_of, route, set_aside


def listed(name: YamlValue, **more: Any) -> RouteSpec:
    """A route whose leads go into lists of this name."""
    return route(endpoint=Endpoint.LISTS, list=ListSpec(name, 200, timedelta(minutes=10)), **more)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("'spring clients'", "spring clients"),
        ("source.campaignId", "campaign-1"),
        ("{{ source.campaignId }} {{ occurredAt.strftime('%Y-%m-%d') }}", "campaign-1 2026-01-15"),
        ("{{ source.platform }} ", "google"),
    ],
)
def test_a_list_is_named_by_a_value(name: str, expected: str) -> None:
    """Leads with the same name go together; the hub is the route's."""
    result = mapped(lead(), listed(name))
    assert result.destination == Destination("sales", Endpoint.LISTS, expected)
    assert result.collect == Collect(200, 600.0)


def test_fresh_leads_are_not_collected() -> None:
    """They are to be called now."""
    assert mapped(lead(), route()).collect is None


@pytest.mark.parametrize(("campaign", "reason"), [(None, Reason.MISSING_FIELD), ("\ud800", Reason.INVALID_FIELD)])
def test_a_lead_without_a_name_for_its_list_is_set_aside(campaign: str | None, reason: Reason) -> None:
    """As one without a hub is."""
    aside = set_aside(lead(source={"campaignId": campaign}), listed("source.campaignId"))
    assert (aside.stage, aside.reason) == (Stage.ROUTE, reason)


def test_the_contact_of_a_list_has_a_time_zone_and_no_date() -> None:
    """``scheduleDate`` is for fresh leads only ("Propiedades de fresh leads")."""
    contact: dict[str, YamlValue] = {"clientIds": "person.phones", "timezone": ["America/Montevideo"]}
    assert contact_of(lead(), listed("'spring'", contact=contact))["timezone"] == "America/Montevideo"
    at = {**contact, "scheduleDate": "occurredAt"}
    assert problems_of(listed("'spring'", contact=at))[0].path == ("routes", 0, "contact", "scheduleDate")
    window = ScheduleSpec(window=ContactWindow(frozenset({1}), 540, 1200))
    assert problems_of(listed("'spring'", schedule=window))[0].path == ("routes", 0, "contact_window")


def test_a_list_of_each_day_is_one_of_utc() -> None:
    """There is no clock in the mapping: the day is the event's."""
    event = lead(occurredAt=datetime.fromisoformat("2026-01-16T00:30:00+02:00"))
    name = "{{ occurredAt.strftime('%d') }}"
    assert mapped(event, listed(name)).destination.filename == "16"
