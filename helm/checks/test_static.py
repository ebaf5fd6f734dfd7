"""What Helm, the schemas of Kubernetes and helm-unittest say of the chart."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from helm import docs, tools
from helm.checks.render import CHART, VALUES, rendered, run

every_set = pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)


@every_set
def test_lint_has_nothing_to_say(values: Path) -> None:
    """Warnings count too."""
    run(tools.helm(), "lint", "--strict", CHART, "--values", values)


@every_set
@pytest.mark.parametrize("version", tools.KUBERNETES)
def test_every_manifest_satisfies_its_schema(values: Path, version: str) -> None:
    """No key that the API server does not know, in either version, custom resources included."""
    schemas = tools.schemas()
    run(
        tools.built("kubeconform"),
        "-strict",
        "-kubernetes-version",
        version,
        "-schema-location",
        f"{schemas}/v{version}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json",
        "-schema-location",
        f"{schemas}/crds/{{{{.ResourceKind}}}}_{{{{.ResourceAPIVersion}}}}.json",
        text=rendered(values, "--kube-version", version),
    )


def test_the_templates_own_tests_pass() -> None:
    """helm-unittest; after an intended change: `make chart-snapshots`."""
    run(tools.built("untt"), "--strict", CHART)


def test_every_value_is_set_by_a_test_of_the_templates() -> None:
    """A value that nobody tries may do nothing."""
    tried: set[str] = set()
    for suite in (CHART / "tests").glob("*_test.yaml"):
        content = yaml.safe_load(suite.read_text("utf-8"))
        for each in [content, *content["tests"]]:
            for path, value in (each.get("set") or {}).items():
                tried |= set(_paths(path, value))
    values = [value.path for value in docs.described((CHART / "values.yaml").read_text("utf-8"))]
    untried = [path for path in values if not any(each == path or each.startswith(f"{path}.") for each in tried)]
    assert untried == []


def _paths(path: str, value: object) -> list[str]:
    """This path, and those below it."""
    below = value.items() if isinstance(value, dict) else ()
    return [path, *(inner for key, each in below for inner in _paths(f"{path}.{key}", each))]
