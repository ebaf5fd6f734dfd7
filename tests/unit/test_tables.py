"""Tables in files: read at the start with every problem in its place, and again when they change."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from connector.config import load
from connector.plan import draft_plan, make_plan
from connector.reporting import Reporting
from connector.tables import LARGEST, TableFile
from connector.telemetry.health import Health
from connector.telemetry.metrics import Metrics
from connector.watched import Unusable
from tests.unit.cli.support import cli
from tests.unit.test_suppression import replaced

READER = Path(__file__).parents[2] / "schemas" / "lead_event.avsc"
CONFIGURATION = """\
kafka: {{bootstrap_servers: "localhost:9092", topics: [leads]}}
schemas: {{reader: {reader}}}
ucontact: {{domain: acme, token_file: {folder}/token}}
tables:
  campaigns: {folder}/{file}
routes:
  - name: all
    hub: sales
    contact:
      clientIds: person.phones
      contactId: source.campaignId | lookup('campaigns')
dead_letters: {{topic: leads.dead}}
"""
_END = "dead_letters: {topic: leads.dead}\n"


def configuration(folder: Path, file: str) -> Path:
    """A configuration with a table in a file of the folder."""
    (folder / "token").write_text("t")
    path = folder / "config.yaml"
    path.write_text(CONFIGURATION.format(reader=READER, folder=folder, file=file))
    return path


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """A file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", "key,value\nspring,Spring offer\n5,five\n"),
        ("t.CSV", "key;value\r\nspring;Spring offer\r\n5;five\r\n"),
        ("t.yaml", "# names\nspring: Spring offer\n5: five\n"),
        ("t.yml", "{spring: Spring offer, '5': five}"),
        ("t.json", '{\n\t"spring": "Spring \\u006fffer",\n\t"5": "five"\n}\n'),
    ],
)
def test_every_way_to_write_a_table(tmp_path: Path, name: str, content: str) -> None:
    """The same entries."""
    table = TableFile(written(tmp_path, name, content))
    assert (table.get("spring"), table.get("5"), table.get("x"), len(table)) == ("Spring offer", "five", None, 2)


def test_whole_numbers_need_no_quotes(tmp_path: Path) -> None:
    """Others would lose digits, and what is no text has none."""
    assert TableFile(written(tmp_path, "t.yaml", "a: 5\nb: 007\nc: yes\nd: 2026-01-01\n")).content == {
        "a": "5", "b": "007", "c": "yes", "d": "2026-01-01",
    }  # fmt: skip
    for value in ("1.50", "true", "null", "[a]", "{b: c}", ""):
        with pytest.raises(Unusable, match=r"line 2: the value must be text or a whole number"):
            TableFile(written(tmp_path, "t.yaml", f"a: b\nc: {value}\n"))


WRONG = [
    ("t.csv", b"campaign,name\nsecret,b\n", "line 1: the header is key,value (or key;value)"),
    ("t.csv", b"key,value\nsecret,b\nc,d\nsecret,e\n", "line 4: this key was given before, on line 2"),
    ("t.yaml", b"secret: a\nb: c\nsecret: d\n", "line 3: this key was given before, on line 1"),
    ("t.json", b'{"secret": "a",\n"b": "c",\n"secret": "d"}', "line 3: this key was given before, on line 1"),
    ("t.yaml", b"- secret\n", "line 1: a table has a key and a value on each line (key: value)"),
    ("t.json", b"{}", "line 1: the table has no entry"),
    ("t.yaml", b"a: &a [x]\nb: *a\n", "line 1: the value must be text or a whole number (write it in quotes)"),
    ("t.json", b'{"secret": ', "line 1: "),
    ("t.yaml", b"secret: caf\xe9\n", "line 1: the byte 0xE9 is not UTF-8"),
    ("t.txt", b"key,value\na,b\n", "a table is a file named .csv, .yaml, .yml or .json"),
    ("t.csv", b"key,value\na," + b"b" * LARGEST, "the file is larger than 4,194,304 bytes"),
    ("t.json", b'{"a": "' + b"b" * 2**20 + b'"}', "line 1: the file has more than 1,048,576 bytes"),
]


@pytest.mark.parametrize(("name", "content", "message"), WRONG, ids=[f"{name} {told}" for name, _, told in WRONG])
def test_a_wrong_table_is_a_problem_with_file_line_and_place(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    """Of the configuration and of the table; nothing of what is in it."""
    path = written(tmp_path, name, content)
    loaded = load(configuration(tmp_path, name), {})
    (problem,) = draft_plan(loaded).problems
    assert (problem.path, problem.line, problem.column) == ("tables.campaigns", 5, 14)
    assert problem.message.startswith(f"{path}: {message}") and "secret" not in problem.message


def test_check_tells_once_of_a_table_that_is_not_there(tmp_path: Path) -> None:
    """With its place, and that other expressions are sound."""
    ran = cli("check", "-c", str(configuration(tmp_path, "none.csv")), "--output", "json")
    report = json.loads(ran.out)
    assert ran.code == 2
    assert [(each["path"], each["line"]) for each in report["problems"]] == [("tables.campaigns", 5)]
    assert "there is no such file" in report["problems"][0]["message"]


def test_a_mistake_in_a_filter_is_told_with_its_place(tmp_path: Path) -> None:
    """File, line and column of the value that it stands in."""
    written(tmp_path, "t.csv", "key,value\na,b\n")
    path = configuration(tmp_path, "t.csv")
    for wrong, message in (
        ("source.campaignId | lookup('campains')", "there is no table 'campains'"),
        ("priority | money('EURO')", "'EURO' is no currency of ISO 4217"),
        ("occurredAt | date('%x')", "%x is not available in a pattern"),
        ("source | money('EUR')", "money takes a number or its text, not record"),
    ):
        path.write_text(path.read_text().rpartition("contactId: ")[0] + f"contactId: {wrong}\n" + _END)
        (problem,) = draft_plan(load(path, {})).problems
        assert (problem.message, problem.path) == (message, "routes[0].contact.contactId")
        assert str(problem).startswith(f"{path}:11:18: ")


def test_a_tables_name_is_a_word(tmp_path: Path) -> None:
    """It stands in expressions."""
    path = configuration(tmp_path, "t.csv")
    written(tmp_path, "t.csv", "key,value\na,b\n")
    path.write_text(path.read_text().replace("  campaigns:", "  my campaigns:"))
    ran = cli("check", "-c", str(path), "--output", "json")
    assert "'my campaigns' is not a table's name" in ran.out


def test_preview_looks_up(tmp_path: Path) -> None:
    """As `run` does."""
    written(tmp_path, "t.csv", "key,value\nspring,Spring offer\n")
    event = json.loads((READER.parents[1] / "examples" / "leads.json").read_text("utf-8"))[0]
    event["source"]["campaignId"] = "spring"
    leads = written(tmp_path, "leads.json", json.dumps([event]))
    ran = cli("preview", "-c", str(configuration(tmp_path, "t.csv")), "--input", str(leads), "--output", "json",
              "--now", "2026-03-06T15:00:00Z")  # fmt: skip
    assert ran.code == 0, ran.err
    assert "Spring offer" in ran.out


@pytest.mark.parametrize(
    "spoil",
    [
        Path.unlink,
        lambda path: replaced(path, b""),
        lambda path: replaced(path, b"key,value\nsecret,b\nsecret,c\n"),
        lambda path: os.truncate(path, LARGEST + 1),
    ],
    ids=["gone", "empty", "a key twice", "too large"],
)
def test_a_table_is_read_again_and_a_wrong_one_changes_nothing(tmp_path: Path, spoil: Callable[[Path], object]) -> None:
    """The last good content stays; it is told at each look."""
    path = written(tmp_path, "t.csv", "key,value\na,one\n")
    plan = make_plan(load(configuration(tmp_path, "t.csv"), {}))
    (table,) = plan.files
    assert isinstance(table, TableFile) and plan.tables == {"campaigns": table}
    spoil(path)
    told = []
    for _ in range(4):
        try:
            assert not table.look()
        except Unusable as error:
            told.append(str(error))
    assert len(told) >= 3 and len(set(told)) == 1 and told[0].startswith(f"{path}: ") and "secret" not in told[0]
    assert table.get("a") == "one"
    replaced(path, b"key,value\na,two\n")
    assert not table.look() and table.look() and table.get("a") == "two"
    path.touch()
    assert not table.look() and not table.look()


def test_what_is_told_of_a_table() -> None:
    """Its own name in the log, the status page and the metric."""
    metrics, health = Metrics(), Health()
    reporting = Reporting(metrics, health, lambda: 0)
    reporting.file_trouble("table", Path("t.csv"), "line 2: …")
    assert {name: str(each) for name, each in health.troubles.items()} == {
        "table t.csv": "line 2: … (runbook: changed-file)"
    }
    reporting.file_usable("table", Path("t.csv"))
    reporting.file_read("table", Path("t.csv"), 5)
    assert not health.troubles and metrics.registry.get_sample_value("file_reloads_total", {"what": "table"}) == 1
