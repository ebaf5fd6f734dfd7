"""Made-up leads: they conform, they reach their routes where that can be, and where not that is said."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import phonenumbers
import pytest

from connector.cli.problems import examine_and_plan
from connector.leads.mapper import Mapper
from connector.leads.reader_schema import ReaderSchema
from connector.leads.record_types import MapperByRecord
from connector.leads.spec import (
    Channel,
    Endpoint,
    FilterSpec,
    ListSpec,
    MappingSpec,
    PhoneFormat,
    PhoneSpec,
    RouteSpec,
)
from connector.samples import RouteSample, Samples, search
from tests.unit.cli.support import READER, ROOT

NOW = 1_795_400_000_000
LEADS = json.loads(READER.read_text())
PHONES: dict[str, Any] = {"clientIds": "person.phones"}


def route(name: str, **changes: Any) -> RouteSpec:
    return RouteSpec(**{"name": name, "hub": name, "channel": Channel.TELEPHONY, "contact": PHONES, **changes})


def found(
    *routes: RouteSpec, schemas: tuple[Any, ...] = (LEADS,), topics: tuple[str, ...] = ("leads",), **more: Any
) -> list[RouteSample]:
    """The samples of all routes."""
    spec = MappingSpec(routes, **more)
    readers = [ReaderSchema.parse(json.dumps(schema)) for schema in schemas]
    mapper = (
        Mapper(spec, readers[0].raw)
        if len(readers) == 1
        else MapperByRecord(spec, [(each.fullname, each.raw) for each in readers])
    )
    samples = Samples(spec, readers, mapper, base_url="http://api", topics=topics, now_ms=NOW)
    return [samples.of(each) for each in routes]


def contact(sample: RouteSample) -> dict[str, Any]:
    assert sample.request is not None, sample.why
    return dict(json.loads(sample.request.body).popitem()[1][0])


def schema(*fields: tuple[str, Any]) -> dict[str, Any]:
    """A small event: what identifies it, and these fields."""
    own = [("eventId", "string"), ("occurredAt", "long"), ("phone", "string"), *fields]
    return {"type": "record", "name": "Event", "fields": [{"name": name, "type": kind} for name, kind in own]}


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("**/*.yaml")), ids=lambda path: path.stem)
def test_every_route_of_the_examples_is_reached(example: Path) -> None:
    """With a phone or an address that looks like one."""
    loaded, plan, problems, _ = examine_and_plan(example, check_files=False, connections=frozenset())
    assert loaded is not None and plan is not None, problems
    spec = loaded.settings.mapping()
    samples = Samples(
        spec, plan.readers, plan.mapper, base_url="http://api", topics=loaded.settings.kafka.topics, now_ms=NOW
    )
    for each in spec.routes:
        made = contact(samples.of(each))
        to = made["clientId"] if "clientId" in made else made["clientIds"][0]
        assert to.endswith("@example.com") or phonenumbers.is_valid_number(phonenumbers.parse(to, None))


@pytest.mark.parametrize(
    "when",
    [
        "source.platform == 'tiktok'",
        "'x' == source.formId",
        "source.platform | lower in ['a', 'b'] and not person.email",
        "source.platform not in ['sample platform'] and source.isTest",
        "priority > 7 and priority <= 9",
        "schedule is none or person.country is defined",
        "attributes.interest == 'car' and attributes['colour'].startswith('bl')",
        "(consent | pick('purpose', 'call')).granted and not (consent | pick('purpose', 'sms')).granted",
        "consent | selectattr('purpose', 'eq', 'email') | selectattr('granted') | list",
        "consent | length > 0 and 'VIP' in person.firstName",
        "person.phones | length == 1 and topic == 'leads'",
        "not (source.campaignId != 'c' or person.locale is eq 'es')",
        "schedule.at.timezone == 'Europe/Madrid'",
        True,
    ],
)
def test_what_a_condition_asks_for_is_made(when: Any) -> None:
    """Symbols, constants, items of lists, keys of maps, branches of unions, absence."""
    [sample] = found(route("a", when=when))
    assert contact(sample)["clientIds"] == ["+59894231234"]


def test_enums_and_logical_types() -> None:
    """The symbol that is compared with; decimals, dates, uuids, bytes and fixed conform."""
    fields = (
        ("state", {"type": "enum", "name": "State", "symbols": ["OPEN", "WON", "LOST"]}),
        ("price", {"type": "bytes", "logicalType": "decimal", "precision": 2, "scale": 2}),
        ("born", {"type": "int", "logicalType": "date"}),
        ("at", {"type": "int", "logicalType": "time-millis"}),
        ("key", {"type": "string", "logicalType": "uuid"}),
        ("raw", "bytes"),
        ("hash", {"type": "fixed", "name": "Hash", "size": 3}),
        ("when", [{"type": "long", "logicalType": "local-timestamp-micros"}, "null"]),
        ("ratio", "double"),
        ("nothing", "null"),
        ("either", ["int", {"type": "array", "items": "boolean"}, {"type": "map", "values": "long"}]),
    )
    wanted = route("won", when="state not in ['OPEN', 'LOST'] and ratio >= 2.5", contact={"clientIds": "[phone]"})
    [sample] = found(wanted, schemas=(schema(*fields),))
    assert contact(sample) and sample.lead is not None
    assert (sample.lead["state"], sample.lead["ratio"], sample.lead["price"]) == ("WON", 2.5, "0")


def test_routes_above_and_filters_are_avoided() -> None:
    """What they take is found out by trying."""
    routes = (
        route("all-tests", when="source.isTest"),
        route("google", when="source.platform == 'google'", goes_on=True),
        route("no-email", when="not person.email"),
        route("rest"),
    )
    filters = (FilterSpec("refused", when="consent[0].granted"), FilterSpec("sample", when="person.firstName == 'Ana'"))
    samples = found(*routes, filters=filters)
    assert [sample.why for sample in samples] == [""] * 4
    assert [sample.request.destination.hub for sample in samples if sample.request] == [each.name for each in routes]
    assert all(sample.lead and sample.lead["person"]["firstName"] != "Ana" for sample in samples)


def test_what_is_not_reached_is_said() -> None:
    """With what became of the last lead, without a guess."""
    _, behind, never, needy = found(
        route("all", when="source.platform != 'x' or true"),
        route("behind"),
        route("never", when="false"),
        route("needy", when="source.isTest"),
    )
    assert behind.request is None and "went to the route all above it" in behind.why
    assert never == RouteSample("never", "", None, None, "its condition never holds")
    assert needy.request is None and needy.lead is not None and "40 made-up leads" not in needy.why
    [refusing] = found(route("none", contact={"clientIds": "[] if priority else []"}))
    assert "ended as missing_field: clientIds" in refusing.why and refusing.lead is not None
    [all_, second] = found(route("first"), route("second"))
    assert all_.request is not None
    assert second.why == "the one lead that was made up went to the route first above it, which takes every lead"


def test_numbers_are_of_the_region_that_the_route_names() -> None:
    """By code, as an argument of e164, by a time zone; without any, of one of ours."""
    e164 = PhoneSpec(PhoneFormat.E164, "AR")
    by_code, by_filter, by_zone, plain = found(
        route("code", phones=e164, when="source.platform == '1'"),
        route("filter", contact={"clientIds": ["person.phones[0] | e164('US')"]}, when="source.platform == '2'"),
        route("zone", contact={**PHONES, "timezone": ["phone", "Europe/Madrid"]}, when="source.platform == '3'"),
        route("plain"),
    )
    regions = [
        phonenumbers.region_code_for_number(phonenumbers.parse(contact(each)["clientIds"][0], None))
        for each in (by_code, by_filter, by_zone, plain)
    ]
    assert regions == ["AR", "US", "ES", "UY"]
    assert contact(by_zone)["timezone"] == "Europe/Madrid"


def test_topics_records_lists_and_events() -> None:
    """A topic that the route takes, also made of a pattern; each type's own schema; a list's name; a CloudEvent."""
    order = {**schema(), "name": "Order", "namespace": "shop"}
    samples = found(
        route("web", topics=(r"^leads\.web-.*",), records=("leads.LeadEvent",)),
        route("orders", records=("shop.Order",), contact={"clientIds": "[phone]"}, topics=("orders",)),
        route("list", records=("leads.LeadEvent",), endpoint=Endpoint.LISTS, list=ListSpec("{{ source.campaignId }}")),
        schemas=(LEADS, order),
        topics=("orders", r"^leads\..*"),
    )
    web, orders, listed = samples
    assert web.topic == "leads.web-sample" and orders.topic == "orders" and web.lead is not None
    assert list(web.lead) == ["leads.LeadEvent"] and orders.lead is not None and list(orders.lead) == ["shop.Order"]
    assert listed.request is not None and listed.request.destination.filename == "sample campaignId"
    assert all(contact(each)["clientIds"] == ["+59894231234"] for each in samples)
    [event] = found(route("event", when="ce.type == 'lead.created'"))
    assert contact(event) and event.lead is not None and event.lead["type"] == "lead.created"


def test_times_are_near() -> None:
    """What happened lies just behind, what is asked for just ahead, whatever type carries it."""
    fields = (("call_at", "string"), ("createdAt", "string"), ("birthday", "string"))
    asks = route("a", contact={"clientIds": "[phone]", "timezone": "UTC", "scheduleDate": "call_at"})
    [sample] = found(asks, schemas=(schema(*fields),), event_time="createdAt")
    assert sample.lead is not None
    assert contact(sample)["scheduleDate"] == "2026-11-24 10:30:00"
    assert (sample.lead["createdAt"], sample.lead["birthday"]) == ("2026-11-23T02:11:20Z", "1990-05-17")


def test_an_event_with_fields_of_those_names() -> None:
    """``topic`` and ``ce`` are the event's own then."""
    own = schema(("topic", "string"), ("ce", "string"))
    [sample] = found(route("a", when="topic == 'x' and ce == 'y'", contact={"clientIds": "[phone]"}), schemas=(own,))
    assert contact(sample) and sample.topic == "leads" and sample.lead is not None
    assert (sample.lead["topic"], sample.lead["ce"]) == ("x", "y")
    [sample] = found(route("a", when="topic == 'x'"), topics=("leads", "x"))
    assert contact(sample) and sample.topic == "x"


def test_expressions_of_any_length() -> None:
    """One that the mapper takes is looked through, or it is said that it is not."""
    chain = " or ".join(f"source.platform == 'p{number}'" for number in range(120))
    sum_ = "+".join(["1"] * 120)
    for when in (chain, f"not ({chain})", f"{sum_} == 120"):
        [sample] = found(route("a", when=when))
        assert sample.request is not None or "nested" in sample.why


def test_the_same_again() -> None:
    """The same configuration and time give the same leads."""
    routes = (route("a", when="source.platform in ['x', 'y']"), route("b"))
    assert found(*routes) == found(*routes)


def test_a_huge_schema_is_left_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What need not be there is left out, and the tries end when many values have been made. In CPU time."""
    kind: Any = {"type": "record", "name": "R0", "fields": [{"name": f"f{n}", "type": "string"} for n in range(10)]}
    for level in range(1, 4):
        fields = [{"name": f"f{n}", "type": kind if n == 0 else f"R{level - 1}"} for n in range(15)]
        kind = {"type": "record", "name": f"R{level}", "fields": fields}
    deep: Any = "string"
    for level in range(45):
        deep = {"type": "record", "name": f"D{level}", "fields": [{"name": "next", "type": ["null", deep]}]}
    monkeypatch.setattr(search, "MOST_MADE", 100_000)
    began = time.process_time()
    huge, deeper = schema(("much", kind), ("deep", deep)), schema(("deep", deep))
    [sample, *_] = found(
        route("a", when="phone == '1' and phone == '2'", contact={"clientIds": "[phone]"}), schemas=(huge,)
    )
    assert sample.request is None and sample.why
    [sample] = found(route("a", contact={"clientIds": "[phone]"}), schemas=(deeper,))
    assert contact(sample) and json.dumps(sample.lead).count("next") < 20
    assert time.process_time() - began < 30
