"""What the chart asks Prometheus for: alerts, KEDA's query and the dashboard, taken apart into selectors.

The manifests are the chart's snapshots, which `make chart` keeps equal to what Helm renders: no Helm is needed here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import yaml

from tests.integration.bed import ROOT

CHART = ROOT / "helm" / "lead-connector"
ADDED = frozenset({"namespace", "job", "pod"})
"""Labels that Prometheus adds when it scrapes."""
_MATCHER = re.compile(r'(\w+)(?:=~|!~|!=|=)"([^"]*)"')


class Asked(NamedTuple):
    """One expression: its selectors, each a series with the values that its matchers name by label. ``shown`` are the
    labels by which it groups, and that its legend or annotations name: those of one of its series."""

    selectors: list[tuple[str, dict[str, list[str]]]]
    shown: set[str]


def taken_apart(expression: str, legend: str = "") -> Asked:
    """A PromQL expression whose selectors each have a `{…}`. ``legend`` is a text in which labels may be named."""
    groups = re.findall(r"\b(?:by|on) \(([\w, ]*)\)", expression)
    shown = {label for group in groups for label in re.findall(r"\w+", group)}
    shown |= set(re.findall(r"\{\{ ?(?:\$labels\.)?(\w+) ?\}\}", legend))
    selectors = [
        (series, {label: value.split("|") for label, value in _MATCHER.findall(inside) if label not in ADDED})
        for series, inside in re.findall(r"\b([a-z_]+)\{([^}]*)\}", expression)
        if series != "up"  # Prometheus' own
    ]
    return Asked(selectors, shown - ADDED)


def asked() -> list[Asked]:
    """Every expression of the chart."""
    return [*_of_manifests(), *_of_dashboard()]


def _of_manifests() -> Iterator[Asked]:
    snapshots = yaml.safe_load((CHART / "tests" / "__snapshot__" / "snapshot_test.yaml.snap").read_text("utf-8"))
    manifests = [yaml.safe_load(text) for each in snapshots.values() for text in each.values()]
    for manifest in manifests:
        kind = manifest.get("kind")
        if kind == "PrometheusRule":
            for group in manifest["spec"]["groups"]:
                for rule in group["rules"]:
                    yield taken_apart(rule["expr"], " ".join(rule["annotations"].values()))
        elif kind == "ScaledObject":
            for trigger in manifest["spec"]["triggers"]:
                yield taken_apart(trigger["metadata"].get("query", ""))


def _of_dashboard() -> Iterator[Asked]:
    dashboard = json.loads((CHART / "files" / "dashboard.json").read_text("utf-8"))
    for variable in dashboard["templating"]["list"]:
        for series in re.findall(r"label_values\(([a-z_]+)", variable["query"]):
            yield Asked([(series, {})], set())
    for panel in dashboard["panels"]:
        for target in panel.get("targets", ()):
            yield taken_apart(target["expr"], target["legendFormat"])
