"""What a route's values ask of an event: that what they read is there, and is what they use it as."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import nodes

from connector.leads.properties import Kind, properties_of
from connector.leads.regions import REGIONS
from connector.leads.spec import MappingSpec, RouteSpec, YamlValue
from connector.leads.zones import ZONE_NAMES
from connector.samples.made_up import REGION, Role, region_in, zone_of
from connector.samples.places import filters_in, parsed, place_of, places_in
from connector.samples.wishes import Want, Wish

_ROLES = {
    Kind.PHONE: Role.PHONE,
    Kind.PHONES: Role.PHONE,
    Kind.EMAIL: Role.EMAIL,
    Kind.ZONE: Role.ZONE,
    Kind.SCHEDULE: Role.LATER,
    Kind.INTEGER: Role.NUMBER,
}


def needs_of(spec: MappingSpec, route: RouteSpec) -> list[Wish]:
    """The wishes of one route; what is used as something counts more than what only has to be there."""
    table = properties_of(route.channel, route.endpoint)
    used: list[tuple[YamlValue, Role | None]] = [
        (spec.lead_id, None),
        (spec.duplicate_key, None),
        (route.hub if isinstance(route.hub, str) and "{" in route.hub else None, None),
        (None if route.list is None else route.list.name, None),
        *((value, None) for name, value in route.contact.items() if name in table and table[name].kind not in _ROLES),
        (spec.event_time, Role.EARLIER),
        *((value, _ROLES[table[name].kind]) for name, value in route.contact.items()
          if name in table and table[name].kind in _ROLES),
        (route.phones.region, Role.COUNTRY),
    ]  # fmt: skip
    values = [(each, role) for value, role in used for each in (value if isinstance(value, list) else [value])]
    # What a condition picks is there too: it may be wished different, not absent.
    values.insert(0, (route.when, None))
    return [wish for value, role in values if not _is_a_name(value, role) for wish in _needs(value, role)]


def _is_a_name(value: YamlValue, role: Role | None) -> bool:
    """A candidate that stands for itself: ``phone``, ``America/Montevideo``, ``UY``."""
    return (role is Role.ZONE and (value == "phone" or value in ZONE_NAMES)) or (
        role is Role.COUNTRY and value in REGIONS
    )


def _needs(value: YamlValue, role: Role | None) -> Iterator[Wish]:
    for tree in parsed(value):
        for place in places_in(tree):
            yield Wish(place, Want.THERE)
        if role is not None:
            for each in _results(tree):
                if (result := place_of(each)) is not None:
                    yield Wish(result, Want.ROLE, role)
        for used in filters_in(tree):
            yield from _needs_of_filter(used)


def _results(node: nodes.Node) -> Iterator[nodes.Node]:
    """The parts of an expression that may be its value."""
    match node:
        case nodes.Or() | nodes.And():
            yield from _results(node.left)
            yield from _results(node.right)
        case nodes.CondExpr():
            yield from _results(node.expr1)
            if node.expr2 is not None:
                yield from _results(node.expr2)
        case nodes.List() | nodes.Tuple():
            for item in node.items:
                yield from _results(item)
        case nodes.Template() | nodes.Output():
            for child in node.iter_child_nodes():
                yield from _results(child)
        case _:
            yield node


def _needs_of_filter(used: nodes.Filter) -> Iterator[Wish]:
    place = place_of(used.node)
    if used.name == "int" and place is not None:
        yield Wish(place, Want.ROLE, Role.NUMBER)
    if used.name == "e164":
        if place is not None:
            yield Wish(place, Want.ROLE, Role.PHONE)
        for argument in used.args:
            for each in _results(argument):
                if (country := place_of(each)) is not None:
                    yield Wish(country, Want.ROLE, Role.COUNTRY)


def region_of(route: RouteSpec) -> tuple[str, str]:
    """The region that a route's values name (for numbers, in ``e164``, or by a time zone), and a zone there."""
    regions = route.phones.region if isinstance(route.phones.region, list) else [route.phones.region]
    named = [each.strip("'\"") for each in regions if isinstance(each, str)]
    for value in route.contact.values():
        for tree in parsed(value):
            for used in filters_in(tree):
                if used.name == "e164":
                    named += [each.value for argument in used.args for each in _results(argument)
                              if isinstance(each, nodes.Const)]  # fmt: skip
    candidates = route.contact.get("timezone")
    zones = [each for each in (candidates if isinstance(candidates, list) else [candidates])
             if isinstance(each, str) and each in ZONE_NAMES]  # fmt: skip
    named += [region_in(each) or "" for each in zones]
    region = next((each for each in named if each in REGIONS), REGION)
    return region, zone_of(region) or next(iter(zones), "UTC")
