"""`docs/formats.md`: its configurations are accepted, and its names are the connector's."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from connector.config import load
from connector.config.yaml_tree import parse
from connector.leads.cloud_event import ATTRIBUTES
from connector.leads.decode import Format, ReaderSchema
from connector.leads.mapper import Mapper
from connector.leads.record_types import MapperByRecord

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "formats.md").read_text("utf-8")
LEAD = ReaderSchema.parse((ROOT / "schemas" / "lead_event.avsc").read_text("utf-8"))
ORDER: dict[str, Any] = {
    "type": "record",
    "name": "shop.Order",
    "fields": [{"name": name, "type": "string"} for name in ("eventId", "occurredAt", "phone")],
}
BASE = {
    "kafka": {"bootstrap_servers": "localhost:9092", "topics": ["leads"]},
    "schemas": {"reader": "schemas/lead_event.avsc"},
    "ucontact": {"domain": "acme", "token_file": "token"},
    "dead_letters": {"topic": "leads.dead"},
}


def test_the_configurations_shown_are_accepted(tmp_path: Path) -> None:
    """By the configuration and against the schemas."""
    shown = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(shown) == 2
    for text in shown:
        path = tmp_path / "connector.yaml"
        path.write_text(json.dumps({**BASE, **parse(text.encode()).plain()}), "utf-8")
        settings = load(path, {}, check_files=False).settings
        if settings.schemas.readers:
            MapperByRecord(settings.mapping(), [(LEAD.fullname, LEAD.raw), ("shop.Order", ORDER)])
        else:
            Mapper(settings.mapping(), LEAD.raw)


def test_formats_and_attributes_are_all_there() -> None:
    """Each format has its row, and each attribute is named."""
    assert set(re.findall(r"^\| `(\w+)`(?: \(default\))? \|", PAGE, re.MULTILINE)) >= set(Format)
    assert {f"ce.{name}" for name in ATTRIBUTES} <= set(re.findall(r"`(ce\.\w+)`", PAGE))
