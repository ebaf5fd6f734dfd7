"""A mapping with two dozen different mistakes is reported with as many places: file, line and column of the YAML."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.unit.cli.support import cli

SCHEMA = {
    "type": "record",
    "name": "Lead",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "platform", "type": {"type": "enum", "name": "Platform", "symbols": ["GOOGLE", "META"]}},
        {"name": "isTest", "type": "boolean"},
        {
            "name": "person",
            "type": {
                "type": "record",
                "name": "Person",
                "fields": [
                    {"name": "phones", "type": {"type": "array", "items": "string"}},
                    {"name": "email", "type": ["null", "string"]},
                    {"name": "country", "type": "string"},
                ],
            },
        },
    ],
}
MAPPING = """\
kafka: {bootstrap_servers: "localhost:9092", topics: [leads]}
schemas: {reader: READER}
ucontact: {domain: acme, token_file: TOKEN}
lead: {id: id, event_time: at}
duplicates:
  key: isTest
routes:
  - name: calls
    when: platform == 'GOGLE' and not isTest
    hub: sales
    contact:
      clientIds: [person.fones, "person.phones | frist"]
      priority: person.country
      scheduleDate: "'tomorrow'"
      agent: "'ana'"
      timezone: [America/Montevido]
      data:
        name: "{{ person.phones | join(' ') }"
    phones: {format: e164, region: UK}
  - name: mails
    when: platform in ['META', 'GOOGLE']
    hub: mails
    channel: email
    contact:
      clientId: person.email
      data: {late: at > '2026-01-01'}
  - name: windows
    hub: sales
    wehn: not isTest
    contact:
      clientIds: [person.phones, person]
    contact_window: {days: [mon-fry], from: "09:00", to: "25:00"}
  - name: no-hub
    contact:
      clientIds: person.fones
  - name: messages
    hub: texts
    channel: sms
    list: {name: "'June'"}
    contact:
      clientId: person.phones[0]
      subject: "'Hi'"
  - name: uploads
    hub: sales
    endpoint: lists
    list: {name: person}
    contact:
      clientIds: person.phones
      scheduleDate: at
  - name: calls
    hub: sales
    channel: fax
    contact:
      clientIds: person.phones
dead_letters: {topic: leads.dead}
"""
EXPECTED = [
    ("duplicates.key", "isTest", "cannot be made from boolean", "uuid"),
    ("routes[0].when", "platform == 'GOGLE'", "the enum has no symbol 'GOGLE'", "did you mean GOOGLE?"),
    ("routes[0].contact.clientIds[0]", "person.fones", "there is no field 'fones' here", "did you mean phones?"),
    ("routes[0].contact.clientIds[1]", '"person.phones | frist"', "unknown filter 'frist'", "did you mean first?"),
    ("routes[0].contact.priority", "person.country", "priority cannot be made from string", "it takes int, long"),
    ("routes[0].contact.scheduleDate", "\"'tomorrow'\"", "not ISO 8601 date and time", "'2026-07-01T09:30:00'"),
    ("routes[0].contact.agent", "\"'ana'\"", "telephony (freshLeads) has no property 'agent'", "only for preview"),
    ("routes[0].contact.timezone[0]", "America/Montevido", "is no IANA time zone", "America/Montevideo"),
    ("routes[0].contact.data.name", '"{{ person.phones', "not a template", "closed by }}"),
    ("routes[0].phones.region", "UK", "'UK' is no region", "GB"),
    ("routes[1].contact.clientId", "person.email", "clientId is required, and this may be null", "| required"),
    ("routes[1].contact.data.late", "at > '2026", "> compares timestamp with string", "iso"),
    ("routes[2].wehn", "wehn: not isTest", "there is no such key", "Did you mean when?"),
    ("routes[2].contact.clientIds[1]", "person]", "clientIds cannot be made from record", "it takes array, int"),
    ("routes[2].contact_window.days", "[mon-fry]", "'mon-fry' is not a day", "a range such as mon-fri"),
    ("routes[2].contact_window.to", '"25:00"', "'25:00' is not a time of day", '"09:00" to "24:00"'),
    ("routes[3].hub", "name: no-hub", "is required", "hub: sales"),
    ("routes[3].contact.clientIds", "person.fones", "there is no field 'fones' here", "did you mean phones?"),
    ("routes[4].list", "{name: \"'June'\"}", "freshLeads has no lists", "write endpoint: lists"),
    ("routes[4].contact.subject", "\"'Hi'\"", "sms (freshLeads) has no property 'subject'", "only for email"),
    ("routes[5].list.name", "person", "a list's name cannot be made from record", "a template gives text"),
    ("routes[5].contact.scheduleDate", "at", "telephony (lists) has no property", "only for freshLeads"),
    ("routes[6].name", "calls", "the name 'calls' is taken by routes[0]", "its own name"),
    ("routes[6].channel", "fax", "must be one of telephony, preview, sms, whatsapp, email", ""),
]
"""Path, how the text at the place begins, and words of message and hint. In the order of the file."""


def test_each_mistake_in_a_mapping_has_its_place(tmp_path: Path) -> None:
    """All at once, in the order of the file, each with a way out; those of a key do not hide those of the values."""
    (tmp_path / "token").write_text("t")
    (tmp_path / "lead.avsc").write_text(json.dumps(SCHEMA))
    config = tmp_path / "connector.yaml"
    text = MAPPING.replace("READER", str(tmp_path / "lead.avsc")).replace("TOKEN", str(tmp_path / "token"))
    config.write_text(text)
    ran = cli("check", "-c", config, "--output", "json")
    report = json.loads(ran.out)
    problems = report["problems"]
    assert ran.code == 2
    assert report["unchecked"] == ["routes[6]"], "what a channel that is none keeps from being looked at"
    assert [problem["path"] for problem in problems] == [path for path, *_ in EXPECTED]
    lines = text.splitlines()
    for problem, (_, beginning, message, hint) in zip(problems, EXPECTED, strict=True):
        assert problem["file"] == str(config)
        assert lines[problem["line"] - 1][problem["column"] - 1 :].startswith(beginning), problem
        assert message in problem["message"]
        assert hint in problem["hint"]
        assert problem["hint"] or "must be one of" in problem["message"], "a way out"
    places = [f"{config}:{each['line']}:{each['column']}: {each['path']}: " for each in problems]
    for command in ("check", "run"):
        told = cli(command, "-c", config)
        assert told.code == 2
        for line, place in zip(told.err.splitlines(), places, strict=False):
            assert line.startswith(place)
        assert f"{len(EXPECTED)} problems in the configuration" in told.err


def test_what_works_but_hardly_as_meant_is_a_warning_with_its_place(tmp_path: Path) -> None:
    """It does not keep the connector from starting."""
    (tmp_path / "token").write_text("t")
    (tmp_path / "lead.avsc").write_text(json.dumps(SCHEMA))
    config = tmp_path / "connector.yaml"
    head = MAPPING.partition("duplicates:")[0]
    head = head.replace("READER", str(tmp_path / "lead.avsc")).replace("TOKEN", str(tmp_path / "token"))
    routes = "routes:\n  - name: a\n    hub: person.country\n    contact: {clientIds: [person.email]}\n"
    routes += "    when: person.email > 'a'\n"
    config.write_text(f"{head}{routes}dead_letters: {{topic: leads.dead}}\n")
    ran = cli("check", "-c", config, "--output", "json")
    warnings = json.loads(ran.out)["warnings"]
    assert ran.code == 0
    assert [(each["path"], each["line"], each["column"]) for each in warnings] == [
        ("routes[0].when", 9, 11),
        ("routes[0].hub", 7, 10),
    ]
    leads = tmp_path / "leads.json"
    leads.write_text("")
    previewed = cli("preview", "-c", config, "--input", leads)
    assert previewed.code == 0
    assert previewed.err.count("warning: ") == 2


def test_a_hole_in_a_section_hides_nothing_else(tmp_path: Path) -> None:
    """Whatever is wrong with a route's other keys, with filters, the lead's id and the duplicates: the contacts are
    looked at, and nothing is told of what stands in for them."""
    (tmp_path / "token").write_text("t")
    (tmp_path / "lead.avsc").write_text(json.dumps(SCHEMA))
    head = MAPPING.partition("lead:")[0].replace("READER", str(tmp_path / "lead.avsc"))
    text = f"""{head.replace("TOKEN", str(tmp_path / "token"))}\
lead: {{id: id, event_time: at, more: 1}}
duplicates: {{window: 1h}}
filters:
  - listed: {{value: id}}
  - {{name: tests, when: isTset}}
routes:
  - hub: {{a: [b]}}
    phones: {{format: e146}}
    list: [x]
    endpoint: lists
    max_age: soon
    topics: 7.5
    past_dates: {{policy: never}}
    contact: {{clientIds: person.fones, scheduleDate: at}}
  - name: b
    list: {{max_leads: 5}}
    endpoint: lists
    hub: b
    contact: {{clientIds: person.fones}}
dead_letters: {{topic: leads.dead}}
"""
    config = tmp_path / "connector.yaml"
    config.write_text(text)
    ran = cli("check", "-c", config, "--output", "json")
    report = json.loads(ran.out)
    paths = {problem["path"] for problem in report["problems"]}
    assert {"filters[1].when", "routes[0].contact.clientIds", "routes[0].contact.scheduleDate"} < paths
    assert {"routes[1].contact.clientIds", "routes[1].list.name", "lead.more", "duplicates.key"} < paths
    lines = text.splitlines()
    for problem in report["problems"]:
        assert problem["line"], problem
        assert not re.search(r"'112'|'list'|eventId|occurredAt", problem["message"]), problem
        assert lines[problem["line"] - 1].strip()
    assert len(paths) == len(report["problems"])
