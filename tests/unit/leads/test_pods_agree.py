"""Two pods give one local time: the rules come from one pinned package, never from the machine.

When these pins fail because a new tzdata is out: write it into pyproject.toml, run ``make lock``, and see what changes
in tests/vectors/schedule.json.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest

from tests.unit.leads.samples import ROOT

VECTORS = json.loads((ROOT / "tests" / "vectors" / "schedule.json").read_text("utf-8"))
ZONES = sorted({row["zone"] for row in VECTORS["rows"]})
NOON_MS = int(datetime(2026, 7, 1, 12, tzinfo=UTC).timestamp()) * 1000

CONNECTOR = """
import json, sys
from connector.leads.moments import read_moment
from connector.leads.schedule import local_text
print(json.dumps([local_text(read_moment(int(sys.argv[1]), zone)) for zone in sys.argv[2:]]))
"""
SANDBOX = """
import json, sys
from sandbox.schedule import due_at
date = "2026-07-01 12:00:00"
print(json.dumps([due_at({"scheduleDate": date, "timezone": zone}, "UTC", 0) for zone in sys.argv[2:]]))
"""
WHENEVER = """
import json, sys
from whenever import Instant
instant = Instant.from_timestamp(int(sys.argv[1]), unit="millisecond")
print(json.dumps([instant.to_tz(zone).to_plain().format_iso(sep=" ", unit="second") for zone in sys.argv[2:]]))
"""
STANDARD = """
import json, sys
from datetime import datetime
from zoneinfo import ZoneInfo
clocks = [datetime.fromtimestamp(int(sys.argv[1]) / 1000, ZoneInfo(zone)) for zone in sys.argv[2:]]
print(json.dumps([str(clock.replace(tzinfo=None)) for clock in clocks]))
"""


@pytest.fixture
def false_machine(tmp_path: Path) -> dict[str, str]:
    """The environment of a machine whose zone files all hold the clock of Kathmandu."""
    clock = (files("tzdata") / "zoneinfo" / "Asia" / "Kathmandu").read_bytes()
    for name in ZONES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(clock)
    return {"PYTHONTZPATH": str(tmp_path), "TZDIR": str(tmp_path), "TZ": "Asia/Kathmandu"}


def told(script: str, environment: dict[str, str]) -> list[object]:
    """What a fresh process says of noon in all zones."""
    command = [sys.executable, "-c", script, str(NOON_MS), *ZONES]
    run = subprocess.run(
        command, env={**os.environ, **environment}, cwd=ROOT, check=True, capture_output=True, text=True
    )
    found = json.loads(run.stdout)
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize("script", [CONNECTOR, SANDBOX], ids=["connector", "sandbox"])
def test_the_machines_zone_files_change_nothing(script: str, false_machine: dict[str, str]) -> None:
    """A machine with wrong rules, a wrong TZ and a wrong PYTHONTZPATH says the same as this one."""
    found = told(script, false_machine)
    assert found == told(script, {})
    assert len(set(found)) > 3


@pytest.mark.parametrize("script", [WHENEVER, STANDARD], ids=["whenever", "zoneinfo"])
def test_the_libraries_alone_would_be_taken_in(script: str, false_machine: dict[str, str]) -> None:
    """So the test above can fail: both look at the machine's files first."""
    assert told(script, false_machine) == ["2026-07-01 17:45:00"] * len(ZONES)


def test_the_package_is_pinned_everywhere_to_the_version_that_is_installed() -> None:
    """In what pip resolves, in what ``make install`` and an image install, and in the agreed cases."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    pins = [each.removeprefix("tzdata==") for each in dependencies if each.startswith("tzdata")]
    for name in ("requirements.txt", "requirements-dev.txt"):
        pins += re.findall(r"^tzdata==(\S+)", (ROOT / name).read_text("utf-8"), re.MULTILINE)
    assert pins == [version("tzdata")] * 3
    assert VECTORS["tzdata"] == import_module("tzdata").IANA_VERSION
