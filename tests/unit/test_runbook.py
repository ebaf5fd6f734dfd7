"""Whoever is woken finds the entry: the runbook, the alarms of the log and the alerts of the chart are the same set."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from connector.leads.outcome import Reason
from connector.telemetry.alarms import Alarm
from connector.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text("utf-8")
ENTRIES = {part.split("\n", 1)[0]: part for part in re.split(r"^### ", RUNBOOK, flags=re.MULTILINE)[1:]}
RULES = (ROOT / "helm" / "lead-connector" / "templates" / "prometheusrule.yaml").read_text("utf-8")
_LOUD = ("warning", "warn", "error", "exception", "critical", "fatal")


def test_every_alarm_and_alert_has_its_entry_and_every_entry_its_alarm() -> None:
    """None is missing, none is left over."""
    alerts = re.findall(r"alert: (\w+)", RULES)
    assert alerts
    assert sorted(ENTRIES) == sorted([alarm.slug for alarm in Alarm] + alerts)
    assert re.findall(r'runbook_url: .*"alert" "(\w+)"', RULES) == alerts


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_every_entry_says_what_to_do(name: str) -> None:
    """In the same place."""
    assert "**Do**: " in ENTRIES[name]


def test_every_alarm_says_what_to_do() -> None:
    """In its line: an instruction, not a description. The text is what is the matter, and is searched for."""
    instructions = {"compare", "correct", "create", "decide", "find", "if", "look", "put", "raise", "report"}
    for alarm in Alarm:
        assert alarm.do.split()[0] in instructions, alarm
        assert not alarm.text.endswith((".", ":")) and not alarm.do.endswith((".", ":")), alarm


def test_a_line_holds_text_advice_and_entry() -> None:
    """Whatever its other fields are."""
    with capture_logs() as lines:
        Alarm.KAFKA.sound(error="gone", like_it_since=0)
    assert lines == [
        {
            "event": Alarm.KAFKA.text,
            "log_level": "warning",
            "error": "gone",
            "like_it_since": 0,
            "do": Alarm.KAFKA.do,
            "runbook": "kafka",
        }
    ]


def test_nothing_is_loud_but_alarms() -> None:
    """A warning that is logged past the list would have no entry."""
    loud = [
        f"{path.name}:{node.lineno}"
        for path in sorted((ROOT / "connector").rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in _LOUD
        and isinstance(node.func.value, ast.Name)
        and "log" in node.func.value.id
    ]
    assert loud == []


def test_the_metrics_that_it_names_exist() -> None:
    """Words in code that look like metrics."""
    names = {metric.name for metric in Metrics().described}
    words = set(re.findall(r"`((?:leads|kafka|hub|api|secret|time_to_lead)_[a-z_]+)`", RUNBOOK))
    assert len(words) > 5
    assert words - set(Reason) <= names


def test_the_configuration_keys_that_it_names_exist() -> None:
    """As the reference has them."""
    reference = (ROOT / "docs" / "configuration.md").read_text("utf-8")
    sections = {part.split("\n", 1)[0]: part for part in re.split(r"^### ", reference, flags=re.MULTILINE)[1:]}
    keys = set(re.findall(r"`((?:delivery|kafka|schemas|ucontact)\.[a-z_.]+)`", RUNBOOK))
    assert len(keys) > 5
    for key in keys:
        section, _, name = key.rpartition(".")
        assert f"`{key}`" in sections or f"\n| `{name}` |" in sections.get(f"`{section}`", ""), key
