"""``check`` and ``preview`` with several record types."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.unit.cli.support import LEAD, READER, cli, configuration

ORDER = {
    "type": "record",
    "name": "Order",
    "namespace": "shop",
    "fields": [
        {"name": "eventId", "type": "string"},
        {"name": "occurredAt", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "phone", "type": "string"},
    ],
}
ROUTES: list[dict[str, Any]] = [
    {"name": "orders", "record": "shop.Order", "hub": "shop", "contact": {"clientIds": "[phone]"}},
    {"name": "leads", "record": ["leads.LeadEvent"], "hub": "sales", "contact": {"clientIds": "person.phones"}},
]


def two_types(folder: Path, schema: object = ORDER, **changes: Any) -> Path:
    (folder / "order.avsc").write_text(json.dumps(schema))
    schemas = {"readers": [str(folder / "order.avsc")]}
    return configuration(folder, **{"routes": ROUTES, "schemas": schemas, **changes})


def test_what_is_read_and_where_it_goes(tmp_path: Path) -> None:
    """All types and their routes."""
    ran = cli("check", "-c", two_types(tmp_path))
    assert (ran.code, ran.err) == (0, "")
    assert f"leads.LeadEvent in {READER}, shop.Order" in ran.out
    assert "orders: every lead of type shop.Order to telephony hub shop" in ran.out
    summary = json.loads(cli("check", "-c", two_types(tmp_path), "--output", "json").out)["summary"]
    assert summary["schema"] == "leads.LeadEvent" and summary["schemas"] == ["leads.LeadEvent", "shop.Order"]
    assert [route["record"] for route in summary["routes"]] == [["shop.Order"], ["leads.LeadEvent"]]


def test_each_type_is_mapped_by_its_route(tmp_path: Path) -> None:
    """A lead of the main type as it stands, one of another under its full name."""
    order = {"shop.Order": {"eventId": "o-1", "occurredAt": "2026-03-08T09:00:00Z", "phone": "+59829012345"}}
    leads = tmp_path / "leads.json"
    leads.write_text(f"{json.dumps(LEAD)}\n{json.dumps(order)}\n")
    ran = cli("preview", "-c", two_types(tmp_path), "--input", leads, "--output", "json")
    assert ran.code == 0, ran.err
    assert [(each["hub"], each["body"]["leads"][0]["clientIds"]) for each in ran.lines] == [
        ("sales", ["+59899123456"]),
        ("shop", ["+59829012345"]),
    ]


def problems(config: Path) -> dict[str, str]:
    ran = cli("check", "-c", config, "--output", "json")
    assert ran.code == 2, ran.err
    return {problem["path"]: problem["message"] for problem in json.loads(ran.out)["problems"]}


def test_problems_have_their_place(tmp_path: Path) -> None:
    """In the schema's file, in a route that meets both types, in a name that no schema has, in two of one name."""
    assert (
        "contains itself"
        in problems(two_types(tmp_path, {**ORDER, "fields": [{"name": "next", "type": ["null", "shop.Order"]}]}))[
            "schemas.readers[0]"
        ]
    )
    routes = [{**ROUTES[1], "record": []}, {**ROUTES[0], "record": ["shop.Ordr"]}]
    assert problems(two_types(tmp_path, routes=routes)) == {
        "routes[0].contact.clientIds": "with leads of shop.Order: the event has no field 'person'",
        "routes[1].record": "no reader schema is called 'shop.Ordr'",
    }
    twice = two_types(tmp_path, json.loads(READER.read_text()))
    assert "another reader schema has the name leads.LeadEvent too" in problems(twice)["schemas.readers[0]"]


def test_a_recursive_reader_schema_is_refused_at_start(tmp_path: Path) -> None:
    """With what to do."""
    circle = {"type": "record", "name": "Node", "fields": [{"name": "next", "type": ["null", "Node"]}]}
    (tmp_path / "circle.avsc").write_text(json.dumps(circle))
    found = problems(configuration(tmp_path, schemas={"reader": str(tmp_path / "circle.avsc")}))
    message = "Node contains itself, and recursive types are not read: leave that field out of the schema"
    assert found["schemas.reader"].endswith(message)
