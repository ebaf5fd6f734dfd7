"""The platform examples: each event becomes exactly the request beside it, and docs/platforms.md says where from."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import fastavro
import orjson
import pytest

from connector.cli.check import check
from connector.cli.output import Output
from connector.config import load
from connector.leads.decode import Decoder, Format, SchemaKey
from connector.plan import make_plan
from connector.preview import Preview, Refused, Request, Sample
from tests.unit.cli.support import cli
from tests.unit.test_schemas import records

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "platforms"
SCHEMAS = ROOT / "schemas" / "platforms"
PLATFORMS = sorted(path.stem for path in EXAMPLES.glob("*.yaml"))
PAGE = (ROOT / "docs" / "platforms.md").read_text("utf-8")
NOW = "2026-03-06T15:00:00Z"
SCHEMA_ID = 7
NO_ROUTE = "no_route"

each_platform = pytest.mark.parametrize("platform", PLATFORMS)


@pytest.fixture(autouse=True)
def at_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Relative paths in the examples start at the repository's root."""
    monkeypatch.chdir(ROOT)


def event_of(platform: str) -> dict[str, Any]:
    """The platform's event."""
    return cast("dict[str, Any]", json.loads((EXAMPLES / f"{platform}.json").read_text("utf-8")))


def schema_of(platform: str) -> dict[str, Any]:
    """The platform's reader schema."""
    return cast("dict[str, Any]", json.loads((SCHEMAS / f"{platform}.avsc").read_text("utf-8")))


def as_json(platform: str, event: dict[str, Any]) -> bytes:
    """As a webhook receiver forwards it."""
    return orjson.dumps(event)


def as_avro(platform: str, event: dict[str, Any], writer: dict[str, Any] | None = None) -> bytes:
    """Written by fastavro in Confluent's framing, with the platform's schema or another one."""
    reader = make_plan(load(EXAMPLES / f"{platform}.yaml", {}, check_files=False), connections=frozenset()).reader
    lead = Decoder(reader, default=Format.JSON).decode("leads", orjson.dumps(event), None)
    assert isinstance(lead, dict), lead
    stream = BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(deepcopy(writer or schema_of(platform))), lead)
    return b"\0" + SCHEMA_ID.to_bytes(4, "big") + stream.getvalue()


def result_of(platform: str, value: bytes, writer: dict[str, Any] | None = None) -> Request | Refused:
    """What the example makes of a record, with the decoder and the mapper that `run` has."""
    loaded = load(EXAMPLES / f"{platform}.yaml", {}, check_files=False)
    plan = make_plan(loaded, connections=frozenset())
    now_ms = round(datetime.fromisoformat(NOW).timestamp() * 1000)

    def learn(key: SchemaKey) -> None:
        assert key == SchemaKey("id", SCHEMA_ID)
        plan.decoder.learn(key, json.dumps(writer or schema_of(platform)))

    preview = Preview(plan.decoder, plan.mapper, loaded.settings.ucontact.url, now_ms, 50, 262_144, learn)
    (result,) = preview.results([Sample("here", loaded.settings.kafka.topics[0], value)])
    return result


def reason_or_route(platform: str, event: dict[str, Any]) -> str:
    """The route that takes an event, or why none sends it: a filter by its name, else the reason."""
    result = result_of(platform, as_json(platform, event))
    if isinstance(result, Refused):
        return f"{result.why.outcome}: {result.why.filter}" if result.why.filter else result.why.reason.value
    return result.leads[0][1].route


@pytest.mark.parametrize("encoded", [as_json, as_avro])
@each_platform
def test_the_event_becomes_exactly_the_request_beside_it(platform: str, encoded: Any) -> None:
    """The same URL and the same bytes, whether the record is JSON or Avro."""
    expected = json.loads((EXAMPLES / f"{platform}.request.json").read_text("utf-8"))
    result = result_of(platform, encoded(platform, event_of(platform)))
    assert isinstance(result, Request), result
    assert result.url == expected["url"]
    assert json.loads(result.body) == expected["body"]
    assert result.body == orjson.dumps(expected["body"])


@each_platform
def test_check_finds_nothing_wrong(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No problem and no warning, with a token."""
    token = tmp_path / "token"
    token.write_text("any-token")
    monkeypatch.setenv("CONNECTOR__UCONTACT__TOKEN_FILE", str(token))
    code = check(EXAMPLES / f"{platform}.yaml", online=False, output=Output.JSON)
    report = json.loads(capsys.readouterr().out)
    assert (code, report["problems"], report["warnings"]) == (0, [], [])


@each_platform
def test_every_type_and_field_says_what_it_is(platform: str) -> None:
    """And what the platform may leave out is null, empty or false then."""
    for each in records(schema_of(platform)):
        for described in (each, *each["fields"]):
            assert described.get("doc", "").endswith((".", "…")), described["name"]
        for field in each["fields"]:
            if isinstance(field["type"], list):
                assert field["type"][0] == "null" and field["default"] is None, field["name"]


@pytest.mark.parametrize(
    ("platform", "changes", "end"),
    [
        ("google-ads", {"is_test": True}, "filtered: test-leads"),
        ("google-ads", {"lead_submit_time": None}, "google-ads"),
        ("google-ads", {"user_column_data": []}, "missing_field"),
        ("meta-lead-ads", {"custom_disclaimer_responses": []}, "meta-call"),
        ("meta-lead-ads", {"custom_disclaimer_responses.1.is_checked": ""}, "meta-call"),
        ("meta-lead-ads", {"field_data.1.values": ["<test lead: dummy data for full_name>"]}, "filtered: test-leads"),
        ("meta-lead-ads", {"created_time": "2026-03-05T14:58:30+0000"}, "too_old"),
        ("linkedin-lead-gen", {"testLead": True}, "filtered: test-leads"),
        ("linkedin-lead-gen", {"form": None}, "missing_field"),
        ("hubspot", {"properties.hs_email_optout": "true"}, "filtered: opted-out"),
        ("hubspot", {"archived": True}, "filtered: archived"),
        ("hubspot", {"properties.lifecyclestage": "customer"}, NO_ROUTE),
        ("hubspot", {"properties.recent_conversion_date": None}, "too_old"),
        ("segment", {"event": "Product Viewed", "properties": None}, "filtered: other-events"),
        ("segment", {"properties.is_test": True}, "filtered: test-leads"),
        ("segment", {"properties.consent_call": None}, "filtered: no-consent"),
        ("segment", {"timestamp": None}, "demo-requested"),
        ("salesforce-cdc", {"ChangeEventHeader.changeType": "UPDATE"}, "filtered: later-changes"),
        ("salesforce-cdc", {"ChangeEventHeader.changeType": "GAP_CREATE"}, NO_ROUTE),
        ("salesforce-cdc", {"ChangeEventHeader.changeType": "NEW_IN_2030"}, NO_ROUTE),
        ("salesforce-cdc", {"DoNotCall": True}, "filtered: do-not-call"),
        ("salesforce-cdc", {"MobilePhone": None}, "missing_field"),
        ("web-form", {"contact_by": "call", "call_at": "2026-03-09T10:30"}, "web-call"),
        ("web-form", {"website": "https://spam.example.com"}, "filtered: robots"),
        ("web-form", {"consent": False}, "filtered: no-consent"),
    ],
)
def test_other_events_of_the_platform(platform: str, changes: dict[str, Any], end: str) -> None:
    """Tests, refusals and gaps: which route takes the event, or the reason why it is set aside."""
    event = event_of(platform)
    for path, value in changes.items():
        *way, last = path.split(".")
        target: Any = event
        for step in way:
            target = target[int(step) if step.isdigit() else step]
        target[last] = value
    assert reason_or_route(platform, event) == end


def test_the_schema_that_salesforce_publishes_resolves() -> None:
    """More fields than ours, times as plain numbers, and its other name for a person's name."""
    writer = schema_of("salesforce-cdc")
    writer["fields"].insert(1, {"name": "Website", "type": ["null", "string"], "default": None})
    for each in records(writer):
        if each["name"] == "PersonName":
            each["name"] = "Switchable_PersonName"
            del each["aliases"]
        for field in each["fields"]:
            if field["name"] in {"commitTimestamp", "CreatedDate", "LastModifiedDate"}:
                field["type"] = ["null", "long"] if "default" in field else "long"
    stream = BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(deepcopy(writer)), event_of("salesforce-cdc"))
    result = result_of("salesforce-cdc", b"\0" + SCHEMA_ID.to_bytes(4, "big") + stream.getvalue(), writer)
    assert isinstance(result, Request), result
    expected = json.loads((EXAMPLES / "salesforce-cdc.request.json").read_text("utf-8"))
    assert json.loads(result.body) == expected["body"]


def sections() -> dict[str, str]:
    """The page's sections by the example that each names."""
    found = {}
    for section in PAGE.split("\n## ")[1:]:
        if named := re.search(r"\(\.\./examples/platforms/([a-z-]+)\.yaml\)", section):
            found[named[1]] = section
    return found


def rows(section: str) -> Iterator[tuple[str, str]]:
    """Property and origin, row by row."""
    for line in section.splitlines():
        if (row := re.fullmatch(r"\| `([^`]+)` \| (.+) \|", line)) is not None:
            yield row[1], row[2]


def properties_of(contact: dict[str, Any]) -> set[str]:
    """The properties of a contact, those of data one by one."""
    return {f"data.{name}" for name in contact["data"]} | (contact.keys() - {"data"})


def is_in(schema: Any, steps: list[str]) -> bool:
    """Whether a path of field names leads to a field; lists and nulls on the way count for nothing."""
    if isinstance(schema, list):
        return any(is_in(branch, steps) for branch in schema)
    if isinstance(schema, dict) and schema["type"] == "array":
        return is_in(schema["items"], steps)
    if not steps:
        return True
    if not isinstance(schema, dict) or schema["type"] != "record":
        return False
    return any(is_in(field["type"], steps[1:]) for field in schema["fields"] if field["name"] == steps[0])


@each_platform
def test_the_page_names_each_property_and_fields_that_are_there(platform: str) -> None:
    """Every property of the example's routes, and no field that the schema lacks."""
    table = dict(rows(sections()[platform]))
    routes = load(EXAMPLES / f"{platform}.yaml", {}, check_files=False).settings.mapping().routes
    assert table.keys() == set().union(*(properties_of(route.contact) for route in routes))
    schema = schema_of(platform)
    paths = [path for origin in table.values() for path in re.findall(r"`([^`]+)`", origin)]
    assert paths
    for path in paths:
        assert is_in(schema, re.sub(r"\[[^]]*\]", "", path).split(".")), path


def test_the_command_of_the_page_gives_the_request_of_the_example() -> None:
    """As it stands there."""
    (line,) = [line for line in PAGE.splitlines() if line.startswith("lead-connector ")]
    ran = cli(*shlex.split(line)[1:], "--output", "json")
    assert ran.code == 0, ran.err
    expected = json.loads((EXAMPLES / "google-ads.request.json").read_text("utf-8"))
    assert [{key: shown[key] for key in expected} for shown in ran.lines] == [expected]
