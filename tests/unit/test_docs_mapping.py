"""docs/mapping.md and docs/scheduling.md say what the code does: their tables and fenced examples are run here.

A table is known by its header. Scenario tables vary the lead of mapping.md and the route above them: a column
"`x` in the event" (JSON), "in the contact" or "in the route" (YAML) sets ``x``, "`x` sent", "goes to" (the hub),
"ends as" and "taken by" are checked; an empty cell leaves things as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from connector.config import load
from connector.config.yaml_tree import parse
from connector.leads.decode import Decoder, Format, ReaderSchema
from connector.leads.filters import JINJA_FILTERS, OWN_FILTERS
from connector.leads.mapped import MappedLead, Parts
from connector.leads.mapper import Mapper, MappingError
from connector.leads.outcome import Reason, SetAside
from connector.leads.properties import PROPERTIES, properties_of
from connector.leads.refusal import RefusalError
from connector.leads.spec import Channel, Endpoint
from connector.suppression import SuppressionFile
from connector.tables import TableFile

ROOT = Path(__file__).parents[2]
PAGES = {name: (ROOT / "docs" / name).read_text("utf-8") for name in ("mapping.md", "scheduling.md")}
READER = ReaderSchema.parse((ROOT / "schemas" / "lead_event.avsc").read_text("utf-8"))
DECODER = Decoder(READER, default=Format.JSON)
ABSENT = "absent"
SENT = "sent"
GOES_TO = "goes to"
TAKEN_BY = "taken by"
REASONS = frozenset(Reason)
COLUMN = re.compile(r"`(?P<path>[A-Za-z_.]+)` (?P<place>in the event|in the contact|in the route|sent)")
CELLS = re.compile(r"(?<!\\)\|")
LIST = "suppressed.txt"
KINDS = frozenset({
    "sh", "json lead", "json contact", "yaml route", "yaml filters", f"text {LIST}", "python functions", "yaml tables",
    "csv campaigns.csv", "yaml teams.yaml",
})  # fmt: skip
BASE = {
    "kafka": {"bootstrap_servers": "localhost:9092", "topics": ["leads"]},
    "schemas": {"reader": "schemas/lead_event.avsc"},
    "ucontact": {"domain": "acme", "token_file": "token"},
    "dead_letters": {"topic": "leads.dead"},
}


@dataclass(frozen=True)
class Fence:
    """A fenced block; ``kind`` is all that stands behind the three backticks."""

    page: str
    line: int
    kind: str
    text: str


@dataclass(frozen=True)
class Row:
    """A row of a table by column, the route above it, and the filters, where there are some between the headline of its
    section and the table. Code has lost its backticks."""

    page: str
    line: int
    cells: dict[str, str]
    route: str
    filters: str


def code(cell: str) -> str:
    """The cell without the backticks around it and without Markdown's escapes."""
    inner = cell[1:-1] if len(cell) > 1 and cell[0] == cell[-1] == "`" and "`" not in cell[1:-1] else cell
    return inner.replace("\\|", "|")


def blocks(page: str) -> Iterator[Fence | Row]:
    """A page's fences and rows in order."""
    lines = PAGES[page].splitlines()
    route, filters, number, header = "", "", 0, None
    while number < len(lines):
        line = lines[number]
        number += 1
        if line.startswith("```"):
            start = number
            number = lines.index("```", start) + 1
            fence = Fence(page, start, line[3:], "\n".join(lines[start : number - 1]))
            route = fence.text if fence.kind == "yaml route" else route
            filters = fence.text if fence.kind == "yaml filters" else filters
            yield fence
        elif not line.startswith("|"):
            header = None
            filters = "" if line.startswith("#") else filters
        else:
            cells = [cell.strip() for cell in CELLS.split(line)[1:-1]]
            if header is None:
                header = cells
            elif not set(line) <= set("|-"):
                assert len(cells) == len(header), f"line {number}: {len(cells)} cells for {len(header)} columns"
                found = {name: code(cell) for name, cell in zip(header, cells, strict=True)}
                yield Row(page, number, found, route, filters)


BLOCKS = [block for page in PAGES for block in blocks(page)]
ROWS = [block for block in BLOCKS if isinstance(block, Row)]
FENCES = [block for block in BLOCKS if isinstance(block, Fence)]


def rows(*header: str) -> list[Row]:
    """The rows of the tables that have these columns."""
    return [row for row in ROWS if row.cells.keys() >= set(header)]


def is_scenario(row: Row) -> bool:
    """Whether the row varies the lead or the route."""
    return any(COLUMN.fullmatch(name) for name in row.cells)


def at_line(block: Row | Fence) -> str:
    """A test's name: where it stands."""
    return f"{block.page} line {block.line}"


def yaml(text: str) -> Any:
    """YAML as the configuration reads it."""
    return parse(f"{text}\n".encode()).plain()


def yaml_value(cell: str) -> Any:
    """What stands behind a colon."""
    return yaml(f"value: {cell}")["value"]


def page_lead() -> dict[str, Any]:
    """The lead that mapping.md shows, as it stands there."""
    (shown,) = [fence for fence in FENCES if fence.kind == "json lead"]
    lead = json.loads(shown.text)
    assert isinstance(lead, dict)
    return lead


def milliseconds(text: str) -> int:
    """Epoch milliseconds of ISO text with an offset."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def page_now() -> int:
    """The time that both pages name."""
    named = [re.search(r"[Nn]ow is\s+always \*\*(\S+)\*\*", text) for text in PAGES.values()]
    (now,) = {None if found is None else found[1] for found in named}
    assert now is not None
    return milliseconds(now)


def put(target: dict[str, Any], path: str, value: object) -> None:
    """Sets a path; what is null or missing on the way becomes an object."""
    *way, last = path.split(".")
    for step in way:
        if target.get(step) is None:
            target[step] = {}
        target = target[step]
    target[last] = value


def page_tables() -> dict[str, str]:
    """The tables of the page: names and files."""
    (shown,) = [fence for fence in FENCES if fence.kind == "yaml tables"]
    tables = yaml(shown.text)
    assert isinstance(tables, dict)
    return tables


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to write configurations to, with the page's list; the page's Python functions can be imported."""
    (functions,) = [fence for fence in FENCES if fence.kind == "python functions"]
    (tmp_path / "acme_mapping.py").write_text(functions.text, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    (listed,) = [fence for fence in FENCES if fence.kind == f"text {LIST}"]
    (tmp_path / LIST).write_text(listed.text, "utf-8")
    for name in page_tables().values():
        (shown,) = [fence for fence in FENCES if fence.kind == f"{name.partition('.')[2]} {name}"]
        (tmp_path / name).write_text(shown.text, "utf-8")
    return tmp_path


def mapper_of(routes: list[dict[str, Any]], folder: Path, **sections: Any) -> Mapper:
    """The mapper of a whole configuration file with these routes and other sections."""
    path = folder / "connector.yaml"
    path.write_text(json.dumps({**BASE, "tables": page_tables(), "routes": routes, **sections}), "utf-8")
    settings = load(path, {}, check_files=False).settings
    lists = {LIST: SuppressionFile(folder / LIST)}
    tables = {name: TableFile(folder / file) for name, file in settings.tables.items()}
    return Mapper(settings.mapping(), READER.raw, lists, tables)


def routes_of(text: str) -> list[dict[str, Any]]:
    """The routes of a fence; a part of a route is completed."""
    shown = yaml(text)
    return shown if isinstance(shown, list) else [{"name": "example", "hub": "sales", **shown}]


def parts_of(
    routes: list[dict[str, Any]], lead: dict[str, Any], folder: Path, now_ms: int, **sections: Any
) -> MappedLead | SetAside | Parts:
    """What becomes of a lead given as JSON on the topic ``leads``."""
    decoded = DECODER.decode("leads", json.dumps(lead).encode(), None)
    assert isinstance(decoded, dict), decoded
    return mapper_of(routes, folder, **sections).map(decoded, "leads", now_ms)


def mapped(
    routes: list[dict[str, Any]], lead: dict[str, Any], folder: Path, now_ms: int, **sections: Any
) -> MappedLead | SetAside:
    """The same, for a lead that one route takes."""
    result = parts_of(routes, lead, folder, now_ms, **sections)
    assert not isinstance(result, Parts), result
    return result


def takers(result: MappedLead | SetAside | Parts) -> str:
    """The routes that take a lead, as a cell names them; with the reason where one sets it aside."""
    if isinstance(result, Parts):
        ends = [(part.route, part.result) for part in result.each]
        return ", ".join(f"{name}: {end.reason}" if isinstance(end, SetAside) else name for name, end in ends)
    return result.reason.value if isinstance(result, SetAside) else result.route


def valued(cell: str, folder: Path) -> MappedLead | SetAside:
    """The page's lead with a value as ``data.value``."""
    contact = {"clientIds": "person.phones", "data": {"value": yaml_value(cell)}}
    return mapped([{"name": "example", "hub": "sales", "contact": contact}], page_lead(), folder, page_now())


def reason_or_contact(result: MappedLead | SetAside) -> str | dict[str, Any]:
    """The reason of a lead that was set aside, or the contact."""
    if isinstance(result, SetAside):
        return result.reason.value
    contact = json.loads(result.body)
    assert isinstance(contact, dict)
    return contact


def shown_as(expected: str, value: object) -> bool:
    """Whether a cell shows a value: text as it is, the rest as JSON."""
    if expected == ABSENT or value is None:
        return expected == ABSENT and value is None
    return value == expected if isinstance(value, str) else bool(json.loads(expected) == value)


@pytest.mark.parametrize("row", rows("value", "gives"), ids=at_line)
def test_a_value_gives_what_the_page_says(row: Row, folder: Path) -> None:
    """JSON, absent, or the reason for which the lead is set aside."""
    result = reason_or_contact(valued(row.cells["value"], folder))
    expected = row.cells["gives"]
    if isinstance(result, str) or expected in REASONS:
        assert result == expected
    else:
        found = result.get("data", {})
        assert found == ({} if expected == ABSENT else {"value": json.loads(expected)})


@pytest.mark.parametrize("row", rows("value", "check says"), ids=at_line)
def test_a_mistake_is_refused_with_the_words_of_the_page(row: Row, folder: Path) -> None:
    """Exactly one problem, with that message."""
    with pytest.raises(MappingError) as caught:
        valued(row.cells["value"], folder)
    assert [problem.message for problem in caught.value.problems] == [row.cells["check says"]]


@pytest.mark.parametrize("row", rows("in a route", "check says"), ids=at_line)
def test_a_route_that_cannot_work_is_refused_with_the_words_of_the_page(row: Row, folder: Path) -> None:
    """The lines shown, in a route that is right otherwise."""
    route = {
        "name": "example",
        "hub": "sales",
        "contact": {"clientIds": "person.phones"},
        **yaml(row.cells["in a route"]),
    }
    with pytest.raises(MappingError) as caught:
        mapper_of([route], folder)
    assert [problem.message for problem in caught.value.problems] == [row.cells["check says"]]


@pytest.mark.parametrize("row", rows("in a filter", "check says"), ids=at_line)
def test_a_filter_that_cannot_work_is_refused_with_the_words_of_the_page(row: Row, folder: Path) -> None:
    """The lines shown, in a filter that has a name."""
    routes = [{"name": "example", "hub": "sales", "contact": {"clientIds": "person.phones"}}]
    with pytest.raises(MappingError) as caught:
        mapper_of(routes, folder, filters=[{"name": "example", **yaml(row.cells["in a filter"])}])
    assert [problem.message for problem in caught.value.problems] == [row.cells["check says"]]


@pytest.mark.parametrize("row", [row for row in ROWS if is_scenario(row)], ids=at_line)
def test_a_scenario_ends_as_the_page_says(row: Row, folder: Path) -> None:
    """The properties that are sent, or the reason for which the lead is set aside."""
    lead, routes, now_ms = page_lead(), deepcopy(routes_of(row.route)), page_now()
    targets = {"in the event": lead, "in the route": routes[0], "in the contact": routes[0]["contact"]}
    expected: dict[str, str] = {}
    for name, cell in row.cells.items():
        column = COLUMN.fullmatch(name)
        if name == "now":
            now_ms = milliseconds(cell)
        elif name == "ends as":
            expected[SENT] = cell
        elif name == GOES_TO:
            expected[GOES_TO] = cell
        elif name == TAKEN_BY:
            expected[TAKEN_BY] = cell
        elif column is not None and column["place"] == SENT:
            expected[column["path"]] = cell
        elif column is not None and cell:
            value = json.loads(cell) if column["place"] == "in the event" else yaml_value(cell)
            put(targets[column["place"]], column["path"], value)
        else:
            assert column is not None or not name, f"unknown column {name!r}"
    assert expected
    if taken_by := expected.pop(TAKEN_BY, None):
        assert takers(parts_of(routes, lead, folder, now_ms)) == taken_by
        return
    end = mapped(routes, lead, folder, now_ms, filters=yaml(row.filters) or [])
    result = reason_or_contact(end)
    for name, cell in expected.items():
        if isinstance(result, str) or cell in REASONS:
            assert result == cell, name
        elif name == SENT:
            assert cell == SENT
        elif name == GOES_TO:
            assert isinstance(end, MappedLead) and end.destination.hub == cell
        else:
            assert shown_as(cell, result.get(name)), f"{name}: {result.get(name)!r}"


def test_each_shown_contact_is_what_the_route_above_gives(folder: Path) -> None:
    """For the lead of the page."""
    route, compared = "", 0
    for fence in FENCES:
        if fence.kind == "yaml route":
            route = fence.text
        elif fence.kind == "json contact":
            result = reason_or_contact(mapped(routes_of(route), page_lead(), folder, page_now()))
            assert result == json.loads(fence.text)
            compared += 1
    assert compared


def test_every_route_shown_is_accepted(folder: Path) -> None:
    """By the configuration and against the schema."""
    for fence in FENCES:
        if fence.kind == "yaml route":
            mapper_of(routes_of(fence.text), folder)


def test_nothing_on_the_page_escapes() -> None:
    """Every fence is of a kind, and every table of a form, that these tests know."""
    assert {fence.kind for fence in FENCES} == KINDS
    forms = [
        {"value", "gives"},
        {"value", "check says"},
        {"in a route", "check says"},
        {"in a filter", "check says"},
        {"property", "channels", "required"},
        {"reason", "outcome"},
    ]
    for row in ROWS:
        assert is_scenario(row) or any(form <= row.cells.keys() for form in forms), at_line(row)


def test_the_picture_of_a_clock_change_is_right(folder: Path) -> None:
    """What its two halves say they ask for, send and mean."""
    picture = (ROOT / "docs" / "clock-change.svg").read_text("utf-8")
    halves = re.findall(r'data-zone="(\S+)" data-asked="(\S+)" data-sent="(.+?)" data-instant="(\S+)"', picture)
    contact = {"clientIds": "person.phones", "timezone": "person.timezone", "scheduleDate": "schedule.at"}
    for zone, asked, sent, instant in halves:
        for value in ({"local": asked, "timezone": zone}, instant):
            lead = page_lead()
            put(lead, "schedule.at", value)
            put(lead, "person.timezone", zone)
            result = mapped([{"name": "example", "hub": "sales", "contact": contact}], lead, folder, page_now())
            found = reason_or_contact(result)
            assert isinstance(found, dict) and (found["scheduleDate"], found["timezone"]) == (sent, zone)
        assert sent[11:16] in picture
    assert len(halves) == picture.count("data-asked") == 2


def test_every_filter_has_an_example() -> None:
    """In the table of its kind, in which the example uses it."""
    tables: list[set[str]] = []
    last = 0
    for row in rows("filter", "value", "gives"):
        if row.line != last + 1:
            tables.append(set())
        last = row.line
        if name := row.cells["filter"]:
            assert re.search(rf"\| {name}\b", row.cells["value"]), name
            tables[-1].add(name)
    assert tables == [set(OWN_FILTERS), set(JINJA_FILTERS)]


def test_the_properties_are_the_connectors() -> None:
    """Names in order, channels, and what is required."""
    table = rows("property", "channels", "required")
    assert [row.cells["property"] for row in table] == [each.name for each in PROPERTIES]
    for channel in Channel:
        of_channel = [row.cells for row in table if row.cells["channels"] == "all" or channel in row.cells["channels"]]
        found = {cells["property"]: cells["required"] == "yes" for cells in of_channel}
        known = properties_of(channel, Endpoint.FRESH_LEADS)
        assert found == {name: row.required for name, row in known.items()}, channel


def test_every_reason_is_explained_and_shown() -> None:
    """The reasons of the last table are those that rows of these pages end in, each with its outcome."""
    table = {row.cells["reason"]: row.cells["outcome"] for row in rows("reason", "outcome")}
    ends = {cell for row in ROWS if "reason" not in row.cells for cell in row.cells.values() if cell in REASONS}
    assert table.keys() == ends
    for name, outcome in table.items():
        assert RefusalError(Reason(name), "").set_aside.outcome == outcome
