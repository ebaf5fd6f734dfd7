"""The chart and the connector mean the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

import connector
from connector.config import load
from connector.config.settings import Settings
from connector.service import LEAVE
from connector.telemetry.metrics import TIME_TO_LEAD_BOUNDS
from helm.checks.render import CHART, VALUES, manifests, rendered
from helm.tools import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml")) + sorted((ROOT / "examples" / "platforms").glob("*.yaml"))
BASIC = CHART / "ci" / "basic-values.yaml"
REST = 5
"""Seconds for what comes after the Kafka thread has let go; templates/_configuration.tpl."""


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_connector_gets_the_configuration_that_was_written(example: Path, tmp_path: Path) -> None:
    """Through Helm's own reading and writing of YAML, where `off` or 09:00 might become something else."""
    indented = "".join(f"  {line}" for line in example.read_text("utf-8").splitlines(keepends=True))
    values = tmp_path / "values.yaml"
    values.write_text(f"config:\n{indented}\nsecrets: {{ucontact: {{existingSecret: token}}}}\n", "utf-8")
    written = load(example, {}, check_files=False).settings
    name = "leads-lead-connector"
    got = _load(manifests(values)["ConfigMap", name]["data"]["connector.yaml"], tmp_path, {})
    if got.kafka.group_id == name:
        assert written.kafka.group_id == "lead-connector"
        written = written.model_copy(
            update={"kafka": written.kafka.model_copy(update={"group_id": name})},
        )
    assert got == written


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_the_connector_takes_what_the_chart_gives_it(values: Path, tmp_path: Path) -> None:
    """Configuration and environment of every set of values."""
    found = manifests(values)
    [workload] = [each for (kind, _), each in found.items() if kind in ("Deployment", "StatefulSet")]
    [container] = workload["spec"]["template"]["spec"]["containers"]
    environment = {each["name"]: each.get("value", "leads-lead-connector-0") for each in container.get("env", [])}
    name = workload["metadata"]["name"]
    settings = _load(found["ConfigMap", name]["data"]["connector.yaml"], tmp_path, environment)
    assert settings.kafka.group_instance_id == (f"{name}-0" if workload["kind"] == "StatefulSet" else None)
    assert settings.telemetry.listen is not None
    assert [each["containerPort"] for each in container["ports"]] == [settings.telemetry.listen.port]
    grace = workload["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace == settings.delivery.drain_timeout.total_seconds() + LEAVE + REST


def test_the_chart_is_for_this_version() -> None:
    """A tag that is not given is the connector's version."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text("utf-8"))
    assert (chart["version"], chart["appVersion"]) == (connector.__version__, connector.__version__)


def test_an_objective_is_a_bound_of_the_histogram() -> None:
    """Between two bounds nothing can be counted; below a second an objective is nobody's."""
    schema = json.loads((CHART / "values.schema.json").read_text("utf-8"))
    rules = schema["properties"]["monitoring"]["properties"]["rules"]["properties"]
    assert rules["objective"]["properties"]["seconds"]["enum"] == [b for b in TIME_TO_LEAD_BOUNDS if b >= 1]


def test_no_secret_is_in_the_manifests() -> None:
    """Secrets are referred to, never made, and never in the environment."""
    for values in VALUES:
        text = rendered(values)
        assert "kind: Secret\n" not in text
        assert "secretKeyRef" not in text


def _load(text: str, folder: Path, environment: dict[str, str]) -> Settings:
    path = folder / "connector.yaml"
    path.write_text(text, "utf-8")
    return load(path, environment, check_files=False).settings


def _values_in_the_documents() -> list[str]:
    text = (ROOT / "docs" / "kubernetes.md").read_text("utf-8")
    return re.findall(r"^```yaml\n# values\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("values", _values_in_the_documents(), ids=lambda text: " ".join(text.split())[:60])
def test_values_in_the_documents_install(values: str, tmp_path: Path) -> None:
    """Laid over the smallest ones, and the connector takes what comes of them."""
    path = tmp_path / "values.yaml"
    path.write_text(values, "utf-8")
    found = manifests(BASIC, "--values", str(path))
    _load(found["ConfigMap", "leads-lead-connector"]["data"]["connector.yaml"], tmp_path, {})
