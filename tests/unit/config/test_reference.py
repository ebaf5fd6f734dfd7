from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connector.config import json_schema, load, reference_markdown
from connector.config.section import item_section_of, section_of
from connector.config.settings import Settings
from connector.config.wording import walk
from connector.leads.mapper import Mapper

ROOT = Path(__file__).parents[3]


def test_the_reference_is_up_to_date() -> None:
    stale = "docs/configuration.md is stale: run python -m connector.config > docs/configuration.md"
    assert (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8") == reference_markdown(), stale


def test_every_key_is_described_in_the_reference() -> None:
    text = reference_markdown()
    for path, field in walk(Settings):
        if section_of(field.annotation) is None and item_section_of(field.annotation) is None:
            assert field.description, path
            assert f"| `{path[-1]}` |" in text, path


@pytest.mark.parametrize("name", ["minimal.yaml", "google-and-meta.yaml"])
def test_the_examples_load(name: str) -> None:
    assert load(ROOT / "examples" / name, {}, check_files=False).warnings == ()


@pytest.mark.parametrize("name", ["minimal.yaml", "google-and-meta.yaml"])
def test_the_examples_fit_the_canonical_schema(name: str) -> None:
    settings = load(ROOT / "examples" / name, {}, check_files=False).settings
    reader = json.loads((ROOT / settings.schemas.reader).read_text(encoding="utf-8"))
    assert Mapper(settings.mapping(), reader)


def test_the_schema_describes_every_key_and_allows_no_other() -> None:
    schema = json_schema()
    json.dumps(schema)
    for path, field in walk(Settings):
        node = _at(schema, path)
        if section_of(field.annotation) is None:
            assert node.get("description"), path
    for definition in schema["$defs"].values():
        if "properties" in definition:
            assert definition["additionalProperties"] is False
    assert _at(schema, ("delivery", "batch", "linger"))["default"] == "100ms"
    assert _at(schema, ("delivery", "batch", "max_leads"))["minimum"] == 1
    assert "ge" not in json.dumps(schema).replace('"', " ").split()
    assert "from" in _at(schema, ("routes", 0, "contact_window"))["required"]


def _at(schema: dict[str, Any], path: tuple[str | int, ...]) -> dict[str, Any]:
    node = schema
    for part in path:
        node = node["items"] if isinstance(part, int) else node["properties"][part]
        reference = node.get("$ref") or next((o["$ref"] for o in node.get("anyOf", []) if "$ref" in o), None)
        if reference:
            target = schema["$defs"][reference.removeprefix("#/$defs/")]
            node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return node
