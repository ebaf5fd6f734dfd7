"""The mapping of a configuration with holes in it, so that the mistakes in what is there are found in the same run.

What is wrong or missing has been told already. Something harmless stands in for it where the rest can be checked
without it; a route that has no channel, endpoint, condition or contact that can be read is left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from connector.config.routes import RouteSettings, yaml_value
from connector.config.section import NotGiven
from connector.config.settings import FilterList, Settings
from connector.leads.spec import Channel, FilterSpec, ListSpec, MappingSpec, PhoneSpec, RouteSpec, ScheduleSpec

T = TypeVar("T")
S = TypeVar("S")

_A_LIST = ListSpec("'list'")
_NO_FILTER = FilterSpec("", "false")
_NO_ROUTE = RouteSpec("", "hub", Channel.TELEPHONY, {"clientIds": "'112'"})
"""Stands where a route is that cannot be checked, so that the others keep their places."""


def draft_mapping(settings: Settings) -> tuple[MappingSpec, list[str]]:
    """As ``Settings.mapping``, and the names of what was left out. Raises NotGiven where there are no routes at all."""
    routes: list[RouteSpec] = []
    left_out: list[str] = []
    for index, route in enumerate(settings.routes):
        try:
            routes.append(_route(route))
        except NotGiven:
            routes.append(_NO_ROUTE)
            left_out.append(f"routes[{index}]")
    filters: FilterList = _or(lambda: settings.filters, ())
    duplicates = _or(lambda: settings.duplicates, None)
    return (
        MappingSpec(
            routes=tuple(routes),
            lead_id=_or(lambda: yaml_value(settings.lead.id), "eventId"),
            event_time=_or(lambda: yaml_value(settings.lead.event_time), "occurredAt"),
            filters=tuple(_or(each.spec, _NO_FILTER) for each in filters),
            duplicate_key=_or(lambda: None if duplicates is None else yaml_value(duplicates.key), None),
        ),
        left_out,
    )


def _route(route: RouteSettings) -> RouteSpec:
    """Raises NotGiven where what the contact's check depends on is not there."""
    return RouteSpec(
        name=_or(lambda: route.name, ""),
        hub=_or(lambda: yaml_value(route.hub), "hub"),
        channel=route.channel,
        contact={name: yaml_value(value) for name, value in route.contact.items()},
        endpoint=route.endpoint,
        when=yaml_value(route.when),
        topics=_or(lambda: route.topics, ()),
        list=_or(lambda: None if route.list is None else route.list.spec(), _A_LIST),
        records=_or(lambda: route.record, ()),
        max_age=_or(lambda: route.max_age, None),
        schedule=_or(route.schedule, ScheduleSpec()),
        phones=_or(lambda: route.phones.spec(), PhoneSpec()),
    )


def _or(read: Callable[[], T], instead: S) -> T | S:
    try:
        return read()
    except NotGiven:
        return instead
