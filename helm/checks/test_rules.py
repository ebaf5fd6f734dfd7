"""What Prometheus' own tool says of the alerts."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from helm import tools
from helm.checks.render import CHART, manifests, run

TESTS = sorted(Path(__file__).parent.glob("rules*_test.yaml"))


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """The chart's PrometheusRule as a file of Prometheus."""
    found = manifests(CHART / "ci" / "everything-values.yaml")["PrometheusRule", "leads-lead-connector"]
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(found["spec"]), "utf-8")
    return path


def test_the_rules_are_valid(rules: Path) -> None:
    """Expressions parse, no rule is there twice."""
    run(tools.built("promtool"), "check", "rules", "--lint=all", "--lint-fatal", rules)


def test_the_dashboards_expressions_are_valid(tmp_path: Path) -> None:
    """With Grafana's variables filled in. What they ask for, tests/integration/test_metrics.py compares with a running
    connector."""
    dashboard = json.loads((CHART / "files" / "dashboard.json").read_text("utf-8"))
    targets = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    rules = [{"record": f"panel:{n}", "expr": expr.replace("$__rate_interval", "1m")} for n, expr in enumerate(targets)]
    path = tmp_path / "panels.yaml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), "utf-8")
    run(tools.built("promtool"), "check", "rules", "--lint=all", "--lint-fatal", path)


@pytest.mark.parametrize("tests", TESTS, ids=lambda path: path.stem)
def test_the_alerts_fire_when_they_should(rules: Path, tests: Path) -> None:
    """And not before, and not otherwise."""
    shutil.copy(tests, rules.parent)
    run(tools.built("promtool"), "test", "rules", rules.parent / tests.name)


def test_every_alert_is_tried_in_both_ways(rules: Path) -> None:
    """Firing, and silent."""
    alerts = {rule["alert"] for group in yaml.safe_load(rules.read_text("utf-8"))["groups"] for rule in group["rules"]}
    tried: list[dict[str, Any]] = [
        each
        for tests in TESTS
        for test in yaml.safe_load(tests.read_text("utf-8"))["tests"]
        for each in test["alert_rule_test"]
    ]
    for fires in (True, False):
        assert {each["alertname"] for each in tried if bool(each["exp_alerts"]) is fires} == alerts


def test_every_alert_names_its_entry_in_the_runbook(rules: Path) -> None:
    """By the anchor that its heading gets; what the entries say, tests/unit/test_runbook.py looks at."""
    headings = re.findall(r"^### (\w+)$", (tools.ROOT / "docs" / "runbook.md").read_text("utf-8"), re.MULTILINE)
    for group in yaml.safe_load(rules.read_text("utf-8"))["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["runbook_url"] == f"docs/runbook.md#{rule['alert'].lower()}"
            assert rule["alert"] in headings
