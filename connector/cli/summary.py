"""What a configuration will do, in short."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypedDict

import orjson

from connector.config import Loaded
from connector.leads.decode import Format
from connector.leads.mapped import Destination
from connector.leads.spec import FilterSpec, YamlValue
from connector.plan import Plan
from connector.samples import RouteSample, Samples
from connector.ucontact.client import request_url

LONGEST_VALUE = 100
"""Characters of a sample's property that are shown to people."""

_GoesOn = TypedDict("_GoesOn", {"continue": bool})
"""A class cannot have the key, which is a word of Python."""


class FilterSummary(TypedDict):
    """One filter: a condition, or a value that is looked up among the ``entries`` of a file."""

    name: str
    when: YamlValue
    value: YamlValue
    file: str | None
    entries: int | None


class HubSummary(TypedDict):
    """One hub of a split."""

    hub: str
    weight: int
    url: str


class SampleSummary(TypedDict):
    """A lead that was made up (natural JSON), and the request that it becomes; without one, ``why`` there is none."""

    made_up: bool
    topic: str
    lead: dict[str, object] | None
    url: str | None
    body: object
    why: str | None


class RouteSummary(_GoesOn):
    """One route. ``url`` is None where the event or a split decides the hub; ``split`` is None where there is none."""

    name: str
    topics: list[str]
    record: list[str]
    when: YamlValue
    hub: YamlValue
    channel: str
    endpoint: str
    url: str | None
    split: list[HubSummary] | None
    sample: SampleSummary


class Summary(TypedDict):
    """What is read, how, and where it goes; ``start`` holds where nothing is committed."""

    bootstrap_servers: str
    topics: list[str]
    group_id: str
    start: str
    schema: str
    schema_file: str
    schemas: list[str]
    format: str
    formats: dict[str, str]
    registry: str | None
    api: str
    filters: list[FilterSummary]
    routes: list[RouteSummary]
    unmatched: str
    dead_letters: str


def summary(loaded: Loaded, plan: Plan, now_ms: int) -> Summary:
    """Sum a complete configuration up. The samples are of the time ``now_ms`` (milliseconds since the epoch); for them
    the mapping runs, with the functions that it names."""
    settings = loaded.settings
    mapping = settings.mapping()
    base_url = settings.ucontact.url
    samples = Samples(
        mapping, plan.readers, plan.mapper, base_url=base_url, topics=settings.kafka.topics, now_ms=now_ms
    )
    routes: list[RouteSummary] = [
        {
            "name": route.name,
            "topics": list(route.topics),
            "record": list(route.records),
            "when": route.when,
            "hub": route.hub,
            "channel": route.channel.value,
            "endpoint": route.endpoint.value,
            "continue": route.goes_on,
            "url": request_url(base_url, next(iter(weights))) if weights and not isinstance(route.hub, dict) else None,
            "split": _split(base_url, weights) if weights and isinstance(route.hub, dict) else None,
            "sample": _sample(samples.of(route)),
        }
        for route, (_, weights) in zip(mapping.routes, plan.mapper.destinations, strict=True)
    ]
    return {
        "bootstrap_servers": settings.kafka.bootstrap_servers,
        "topics": list(settings.kafka.topics),
        "group_id": settings.kafka.group_id,
        "start": settings.kafka.start.value,
        "schema": plan.reader.fullname,
        "schema_file": str(settings.schemas.reader),
        "schemas": [reader.fullname for reader in plan.readers],
        "format": settings.schemas.format.value,
        "formats": {topic: Format(form).value for topic, form in settings.schemas.formats.items()},
        "registry": None if settings.schemas.registry is None else settings.schemas.registry.url,
        "api": settings.ucontact.url,
        "filters": [_filter_summary(each, plan) for each in mapping.filters],
        "routes": routes,
        "unmatched": settings.unmatched.value,
        "dead_letters": settings.dead_letters.topic,
    }


def _sample(found: RouteSample) -> SampleSummary:
    request = found.request
    return {
        "made_up": True,
        "topic": found.topic,
        "lead": found.lead,
        "url": None if request is None else request.url,
        "body": None if request is None else orjson.Fragment(request.body),
        "why": found.why or None,
    }


def _filter_summary(each: FilterSpec, plan: Plan) -> FilterSummary:
    if each.listed is None:
        return {"name": each.name, "when": each.when, "value": None, "file": None, "entries": None}
    value, file = each.listed.value, each.listed.file
    return {"name": each.name, "when": None, "value": value, "file": file, "entries": len(plan.lists[file])}


def _split(base_url: str, weights: Mapping[Destination, int]) -> list[HubSummary]:
    return [
        {"hub": destination.hub, "weight": weight, "url": request_url(base_url, destination)}
        for destination, weight in weights.items()
    ]


def as_text(what: Summary) -> str:
    """For people, one thing a line."""
    formats = "".join(f", {topic} {form}" for topic, form in what["formats"].items())
    others = "".join(f", {name}" for name in what["schemas"][1:])
    lines = [
        ("reads", f"{', '.join(what['topics'])} at {what['bootstrap_servers']}"),
        ("as group", f"{what['group_id']}, from the {what['start']} record where nothing is committed"),
        ("schema", f"{what['schema']} in {what['schema_file']}{others}"),
        ("format", f"{what['format']}{formats}; registry {what['registry'] or 'none'}"),
        *(("filter", _filter(each)) for each in what["filters"]),
        *(("route", f"{_route(route)}\n{_sample_text(route)}") for route in what["routes"]),
        *([("unmatched", "leads that no route takes are filtered")] if what["unmatched"] == "filter" else []),
        ("dead letters", what["dead_letters"]),
    ]
    return "\n".join(f"{name:<13}{text}" for name, text in lines)


def _filter(each: FilterSummary) -> str:
    if each["file"] is None:
        return f"{each['name']}: no lead with {_value(each['when'])}"
    return f"{each['name']}: no lead with {_value(each['value'])} in {each['file']} ({each['entries']:,} entries)"


def _route(route: RouteSummary) -> str:
    which = "every lead" if route["when"] is None else f"leads with {_value(route['when'])}"
    if route["topics"]:
        which += f" of {', '.join(route['topics'])}"
    if route["record"]:
        which += f" of type {', '.join(route['record'])}"
    if split := route["split"]:
        total = sum(each["weight"] for each in split)
        shares = [f"{100 * each['weight'] / total:.3g} % {each['hub']}" for each in split]
        to = "".join(f"\n{'':<13}POST {each['url']}" for each in split)
        return f"{route['name']}: {which} to {route['channel']} hubs by id, {', '.join(shares)}{to}"
    hub = f"{route['channel']} hub {_value(route['hub'])}"
    to = f"POST {route['url']}" if route["url"] else f"{route['endpoint']}, the event says to which hub"
    further = "; continue: the routes below are tried too" if route["continue"] else ""
    return f"{route['name']}: {which} to {hub}{further}\n{'':<13}{to}"


def _sample_text(route: RouteSummary) -> str:
    """The request in short: a line for each property."""
    sample = route["sample"]
    if sample["url"] is None:
        lines = [f"no made-up lead becomes a request: {sample['why']}"]
    else:
        where = "" if route["url"] else f", POST {sample['url']}"
        body = orjson.loads(orjson.dumps(sample["body"]))
        lines = [f"a made-up lead as its body{where}:", *_short(body)]
    return "\n".join(f"{'':<13}{line}" for line in lines)


def _short(body: dict[str, Any]) -> list[str]:
    """The body of one contact, with what is long cut off."""
    [contacts] = [value for value in body.values() if isinstance(value, list)]
    names = "".join(f"{_cut(name)}: {_cut(value)}, " for name, value in body.items() if not isinstance(value, list))
    key = next(name for name, value in body.items() if isinstance(value, list))
    properties = [f"    {_cut(name)}: {_cut(value)}" for name, value in contacts[0].items()]
    return [f"  {{{names}{_cut(key)}: [{{", *(f"{each}," for each in properties[:-1]), *properties[-1:], "  }]}"]


def _cut(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def _value(value: YamlValue) -> str:
    """An expression as it stands in the configuration; a function by what is under it."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {inner}" for key, inner in value.items())
    return str(value)
