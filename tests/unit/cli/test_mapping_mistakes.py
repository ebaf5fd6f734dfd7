"""A mapping with ten different mistakes is reported with ten places: file, line and column of the YAML."""

from __future__ import annotations

import json
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
dead_letters: {topic: leads.dead}
"""
EXPECTED = [
    ("duplicates.key", "isTest", "cannot be made from boolean", "uuid"),
    ("routes[0].when", "platform == 'GOGLE'", "the enum has no symbol 'GOGLE'", "did you mean GOOGLE?"),
    ("routes[0].contact.clientIds[0]", "person.fones", "there is no field 'fones' here", "did you mean phones?"),
    ("routes[0].contact.clientIds[1]", '"person.phones | frist"', "unknown filter 'frist'", "did you mean first?"),
    ("routes[0].contact.priority", "person.country", "priority cannot be made from string", "it takes int, long"),
    ("routes[0].contact.scheduleDate", "\"'tomorrow'\"", "not ISO 8601 date and time", ""),
    ("routes[0].contact.agent", "\"'ana'\"", "telephony (freshLeads) has no property 'agent'", ""),
    ("routes[0].contact.timezone[0]", "America/Montevido", "is no IANA time zone", "America/Montevideo"),
    ("routes[0].contact.data.name", '"{{ person.phones', "not a template", ""),
    ("routes[0].phones.region", "UK", "'UK' is no region", "GB"),
    ("routes[1].contact.clientId", "person.email", "clientId is required, and this may be null", "required"),
    ("routes[1].contact.data.late", "at > '2026", "> compares timestamp with string", "iso"),
]
"""Path, how the text at the place begins, and words of message and hint. Twelve, no two alike."""


def test_each_mistake_in_a_mapping_has_its_place(tmp_path: Path) -> None:
    """All at once, in the order of the file, with a way out where there is a nearest name."""
    (tmp_path / "token").write_text("t")
    (tmp_path / "lead.avsc").write_text(json.dumps(SCHEMA))
    config = tmp_path / "connector.yaml"
    text = MAPPING.replace("READER", str(tmp_path / "lead.avsc")).replace("TOKEN", str(tmp_path / "token"))
    config.write_text(text)
    ran = cli("check", "-c", config, "--output", "json")
    problems = json.loads(ran.out)["problems"]
    assert ran.code == 2
    assert [problem["path"] for problem in problems] == [path for path, *_ in EXPECTED]
    lines = text.splitlines()
    for problem, (_, beginning, message, hint) in zip(problems, EXPECTED, strict=True):
        assert problem["file"] == str(config)
        assert lines[problem["line"] - 1][problem["column"] - 1 :].startswith(beginning), problem
        assert message in problem["message"]
        assert hint in problem["hint"]


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
