"""compose.yaml and what it mounts agree with the project. That it comes up is tried with an engine (docs/image.md)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.config import load
from testbed.jars import KAFKA_VERSION, REGISTRY_VERSION

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"]
OURS = ("topics", "sandbox", "connector", "lead")
ONCE = ("topics", "lead")


def test_versions_are_those_of_the_test_bed() -> None:
    """Kafka and registry are what the tests run on."""
    assert SERVICES["kafka"]["image"] == f"${{KAFKA_IMAGE:-apache/kafka:{KAFKA_VERSION}}}"
    assert SERVICES["registry"]["image"] == f"${{REGISTRY_IMAGE:-apicurio/apicurio-registry:{REGISTRY_VERSION}}}"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_can_be_waited_for(name: str) -> None:
    """Its image is a variable with a version, and who depends on it waits until it is healthy, or done."""
    service = SERVICES[name]
    assert re.fullmatch(r"\$\{[A-Z]+_IMAGE:-[a-z0-9/-]+:[\w.-]+\}", service["image"])
    assert ("healthcheck" in service) == (name not in ONCE)
    for other, wanted in service.get("depends_on", {}).items():
        done = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert wanted == {"condition": done}


@pytest.mark.parametrize("name", SERVICES)
def test_ports_are_open_to_this_machine_only(name: str) -> None:
    """Nothing here asks for a password."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", OURS)
def test_our_containers_may_do_nothing(name: str) -> None:
    """Read-only root, no capabilities."""
    assert SERVICES[name]["read_only"] is True
    assert SERVICES[name]["cap_drop"] == ["ALL"]


def test_what_is_mounted_is_there() -> None:
    """Docker would make a folder in the place of a missing file."""
    mounted = [each.split(":")[0] for service in SERVICES.values() for each in service.get("volumes", [])]
    files = [ROOT / path for path in mounted if path.startswith("./")]
    assert len(files) >= 8
    assert all(path.exists() for path in files)


def test_the_configuration_is_valid() -> None:
    """And its drain ends before the container's time is up."""
    settings = load(ROOT / "compose" / "connector.yaml", {}, check_files=False).settings
    grace = int(SERVICES["connector"]["stop_grace_period"].removesuffix("s"))
    assert settings.delivery.drain_timeout.total_seconds() < grace
