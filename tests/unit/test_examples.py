"""The examples load and compile, and the commands of README, examples and docs/mapping.md work from the root."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from connector.cli.lead_file import leads
from connector.config import Loaded, load
from connector.leads.decode import Decoder, Format, ReaderSchema
from connector.leads.mapped import MappedLead
from connector.leads.mapper import Mapper
from connector.leads.outcome import SetAside
from connector.leads.properties import properties_of
from connector.leads.spec import Channel, Endpoint

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
READER = ReaderSchema.parse((ROOT / "schemas" / "lead_event.avsc").read_text("utf-8"))
README = (ROOT / "README.md").read_text("utf-8")
NOW = "2026-03-06T15:00:00Z"
"""The time at which the documents preview the example leads."""


def fenced(text: str, language: str) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def readme_configuration(folder: Path) -> Path:
    """README's configuration as a file."""
    (snippet,) = fenced(README, "yaml")
    path = folder / "connector.yaml"
    path.write_text(snippet, "utf-8")
    return path


def mapper_of(loaded: Loaded) -> Mapper:
    """Compiled against the schema of the repository, which is the one that every example names."""
    assert loaded.settings.schemas.reader == Path("schemas/lead_event.avsc")
    return Mapper(loaded.settings.mapping(), READER.raw)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.name)
def test_an_example_loads_and_compiles_without_a_warning(path: Path) -> None:
    """Every configuration in the folder."""
    loaded = load(path, {}, check_files=False)
    mapper = mapper_of(loaded)
    assert not loaded.warnings
    assert not mapper.warnings
    assert mapper.destinations


def test_the_configuration_in_the_readme_loads_and_compiles(tmp_path: Path) -> None:
    """As it stands there."""
    loaded = load(readme_configuration(tmp_path), {}, check_files=False)
    assert not loaded.warnings
    assert mapper_of(loaded).destinations


def test_the_example_leads_show_each_way_that_a_lead_can_go() -> None:
    """As soon as possible, at an instant, at a wall time (moved into the window), and aside for several reasons."""
    mapper = mapper_of(load(EXAMPLES / "google-and-meta.yaml", {}, check_files=False))
    decoder = Decoder(READER, default=Format.JSON)
    now_ms = round(datetime.fromisoformat(NOW).timestamp() * 1000)
    ends: dict[str, Any] = {}
    for each in leads((EXAMPLES / "leads.json").read_bytes()):
        lead = decoder.decode("leads-all", each.value, None)
        assert isinstance(lead, dict), lead
        result = mapper.map(lead, "leads-all", now_ms)
        if isinstance(result, MappedLead):
            contact = orjson.loads(result.body)
            ends[str(lead["eventId"])] = (result.route, contact["timezone"], contact.get("scheduleDate"))
        else:
            assert isinstance(result, SetAside), "one route for each"
            ends[str(lead["eventId"])] = result.reason.value
    assert ends == {
        "google-1001": ("google-sales", "America/Montevideo", None),
        "google-1002": ("google-sales", "America/Chicago", "2026-03-09 10:30:00"),
        "google-1003": "too_old",
        "google-test": "no_route",
        "meta-2001": ("meta-sales", "Europe/Madrid", "2026-03-07 10:00:00"),
        "meta-2002": "missing_field",
        "web-3001": ("everything-else", "America/Buenos_Aires", None),
    }


def test_the_leads_for_every_hub_reach_each_kind_of_hub_on_both_endpoints() -> None:
    """And have, together, every property that the API has for the channel and the endpoint."""
    loaded = load(EXAMPLES / "every-hub.yaml", {}, check_files=False)
    channels = {route.name: (route.channel, route.endpoint) for route in loaded.settings.routes}
    mapper = mapper_of(loaded)
    decoder = Decoder(READER, default=Format.JSON)
    now_ms = round(datetime.fromisoformat(NOW).timestamp() * 1000)
    hubs: set[tuple[str, Endpoint]] = set()
    properties: dict[tuple[Channel, Endpoint], set[str]] = {}
    aside: dict[str, str] = {}
    for each in leads((EXAMPLES / "every-hub-leads.json").read_bytes()):
        lead = decoder.decode("leads", each.value, None)
        assert isinstance(lead, dict), lead
        result = mapper.map(lead, "leads", now_ms)
        if isinstance(result, MappedLead):
            hubs.add((result.destination.hub, result.destination.endpoint))
            properties.setdefault(channels[result.route], set()).update(orjson.loads(result.body))
        else:
            assert isinstance(result, SetAside), "one route for each"
            aside[str(lead["eventId"])] = result.reason.value
    names = ("sales", "reminders", "advisers", "texts", "chats", "mails")
    assert hubs == {(hub, endpoint) for hub in names for endpoint in Endpoint}
    together = {channel: {name for key, names in properties.items() if key[0] is channel for name in names}
                for channel in Channel}  # fmt: skip
    assert together == {channel: set(properties_of(channel, Endpoint.FRESH_LEADS)) for channel in Channel}
    assert all("scheduleDate" not in names for (_, endpoint), names in properties.items() if endpoint is Endpoint.LISTS)
    assert aside == {"email-without": "missing_field", "by-letter": "no_route"}


@pytest.mark.parametrize("page", ["README.md", "examples/README.md", "docs/mapping.md"])
def test_the_commands_of_a_page_work_from_the_root(page: str, tmp_path: Path) -> None:
    """All but those that run until they are stopped, in a copy of the folders that they name."""
    blocks = fenced((ROOT / page).read_text("utf-8"), "sh")
    lines = [
        line for block in blocks for line in block.splitlines() if not line.startswith(("make ", "lead-connector run"))
    ]
    assert any(NOW in line for line in lines)
    for folder in ("examples", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    environ = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR__")}
    environ["PATH"] = os.pathsep.join([sysconfig.get_path("scripts"), environ.get("PATH", os.defpath)])
    if page == "README.md":
        readme_configuration(tmp_path)
        (tmp_path / "token").write_text("any-token")
        environ["CONNECTOR__UCONTACT__TOKEN_FILE"] = "token"
    done = subprocess.run(
        ["sh", "-eu", "-c", "\n".join(lines)], cwd=tmp_path, env=environ, capture_output=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"warning" not in done.stderr
    assert b'"scheduleDate": "2026-03-09 10:30:00"' in done.stdout
