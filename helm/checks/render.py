"""The chart through `helm template`."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import yaml

from helm import tools

CHART = Path(__file__).parents[1] / "lead-connector"
VALUES = sorted((CHART / "ci").glob("*-values.yaml"))
"""Whole sets of values, each of which installs."""


def run(*command: str | Path, text: str | None = None) -> str:
    """What a program prints. Blocks; fails with all that it said when it does not end well."""
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def rendered(values: Path, *options: str) -> str:
    """The manifests as text."""
    return run(tools.helm(), "template", "leads", CHART, "--namespace", "sales", "--values", values, *options)


def manifests(values: Path, *options: str) -> dict[tuple[str, str], dict[str, Any]]:
    """The manifests by kind and name."""
    documents = [each for each in yaml.safe_load_all(rendered(values, *options)) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in documents}
