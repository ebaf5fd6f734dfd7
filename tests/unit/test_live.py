"""Which changes of the configuration are taken over, and what is said of those that are not."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from connector.config import ConfigurationError, Loaded, load
from connector.config.problems import dotted
from connector.live import LIVE, LiveConfiguration, fixed_changes, successor
from connector.plan import Plan, make_plan
from connector.watched import Unusable
from tests.integration.bed import READER

ROOT = Path(__file__).parents[2]
BASE: dict[str, Any] = {
    "kafka": {"bootstrap_servers": "127.0.0.1:1", "group_id": "g", "topics": ["leads"]},
    "schemas": {"reader": str(READER)},
    "ucontact": {"base_url": "http://127.0.0.1:1", "token_file": ""},
    "routes": [{"name": "all", "hub": "sales", "contact": {"clientIds": "person.phones"}}],
    "dead_letters": {"topic": "dead"},
}


class Told:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def file_read(self, what: str, path: Path, entries: int) -> None:
        self.heard.append(f"read {what} {entries}")

    def file_usable(self, what: str, path: Path) -> None:
        pass

    def file_trouble(self, what: str, path: Path, message: str) -> None:
        self.heard.append(message)


def write(folder: Path, **changes: Any) -> Path:
    """The configuration with other sections."""
    (folder / "token").write_text("a-token")
    config = {**BASE, "ucontact": {**BASE["ucontact"], "token_file": str(folder / "token")}, **changes}
    path = folder / "connector.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


def started(folder: Path) -> tuple[Loaded, Plan]:
    """What the process was started with."""
    loaded = load(write(folder), {})
    return loaded, make_plan(loaded)


def test_routes_and_limits_are_taken_over(tmp_path: Path) -> None:
    """The decoder stays, for it has learnt its schemas."""
    loaded, plan = started(tmp_path)
    route = {**BASE["routes"][0], "hub": "support", "paused": True}
    write(tmp_path, routes=[route], delivery={"max_in_flight": 2, "rates": {"leads": 5}}, unmatched="filter")
    new, made = successor(loaded, plan)
    assert new.settings.delivery.max_in_flight == 2 and made.paused == {"all"}
    assert made.decoder is plan.decoder and made.mapper is not plan.mapper


def test_what_needs_a_restart_is_named(tmp_path: Path) -> None:
    """All of it; and nothing is taken, also not what could be."""
    loaded, plan = started(tmp_path)
    kafka = {**BASE["kafka"], "topics": ["others"], "group_id": "h"}
    write(tmp_path, kafka=kafka, delivery={"buffer": {"max_leads": 500}, "max_in_flight": 2}, receipts={"topic": "r"})
    with pytest.raises(Unusable, match=r"group_id, kafka\.topics, delivery\.buffer\.max_leads, receipts") as raised:
        successor(loaded, plan)
    assert "max_in_flight" not in str(raised.value)


def test_another_schema_needs_a_restart(tmp_path: Path) -> None:
    """The mapping is checked against the schema that leads are decoded by."""
    schema = tmp_path / "reader.avsc"
    schema.write_text(READER.read_text())
    loaded = load(write(tmp_path, schemas={"reader": str(schema)}), {})
    plan = make_plan(loaded)
    schema.write_text(READER.read_text().replace('"eventId"', '"eventId", "aliases": ["id"]', 1))
    with pytest.raises(Unusable, match="the reader schemas"):
        successor(loaded, plan)


def test_a_mistake_is_told_as_at_the_start(tmp_path: Path) -> None:
    """With its place, and how many others there are."""
    loaded, plan = started(tmp_path)
    write(tmp_path, routes=[{**BASE["routes"][0], "contact": {"clientIds": "person.phone", "agent": "1"}}])
    with pytest.raises(ConfigurationError):
        successor(loaded, plan)

    async def body() -> None:
        told = Told()
        adopted: list[Plan] = []
        live = LiveConfiguration(loaded, plan, lambda _loaded, made: adopted.append(made), told)
        following = asyncio.create_task(live.follow())
        for changes in ({"unmatched": "x", "routes": []}, {"unmatched": "filter"}):
            write(tmp_path, **changes)
            heard = len(told.heard)
            live.ask()
            async with asyncio.timeout(60):
                while len(told.heard) == heard:
                    await asyncio.sleep(0.01)
        following.cancel()
        mistake, read = told.heard
        assert re.search(r"connector\.yaml:\d+:\d+: .*and 1 more: lead-connector check -c ", mistake)
        assert read == "read configuration 1" and len(adopted) == 1

    asyncio.run(body())


def test_a_configuration_that_can_be_read_once_only_is_not_followed(tmp_path: Path) -> None:
    """The process goes on with what it has."""
    loaded, plan = started(tmp_path)
    loaded.file.unlink()
    loaded.file.mkdir()

    async def body() -> None:
        with pytest.raises(Unusable):
            LiveConfiguration(loaded, plan, lambda _loaded, _plan: None, Told())

    asyncio.run(body())


def test_every_live_key_is_a_key_and_is_documented(tmp_path: Path) -> None:
    """docs/live-control.md names them all."""
    settings = load(write(tmp_path), {}).settings
    text = (ROOT / "docs" / "live-control.md").read_text()
    for path in LIVE:
        section: Any = settings
        for name in path:
            assert isinstance(name, str) and name in type(section).model_fields
            section = getattr(section, name)
        assert f"`{dotted(path)}`" in text
    assert list(fixed_changes(settings, settings)) == []
