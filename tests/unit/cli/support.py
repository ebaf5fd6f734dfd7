"""The command line as a process of its own, and a configuration to start from."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
READER = ROOT / "schemas" / "lead_event.avsc"

LEAD: dict[str, Any] = {
    "eventId": "lead-1",
    "occurredAt": "2026-03-08T09:00:00Z",
    "source": {"platform": "google", "campaignId": "c-7"},
    "person": {"firstName": "Ana", "lastName": "Peña", "phones": ["+59899123456"], "timezone": "America/Montevideo"},
}
"""Natural JSON of a lead."""


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Standard output as one JSON object a line."""
        return [json.loads(line) for line in self.out.splitlines()]


def cli(*arguments: str | Path, stdin: str | bytes = b"", environ: Mapping[str, str] | None = None) -> Ran:
    """Run ``lead-connector`` from the repository's root and wait for its end."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("CONNECTOR__")}
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-m", "connector", *map(str, arguments)],
        cwd=ROOT,
        env={**clean, "COLUMNS": "200", "NO_COLOR": "1", **(environ or {})},
        input=stdin.encode() if isinstance(stdin, str) else stdin,
        capture_output=True,
        timeout=300,
        check=False,
    )
    return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())


def configuration(folder: Path, **changes: Any) -> Path:
    """Write a configuration that is right (its token is there), with ``changes`` laid over it section by section.

    A change of None removes the section.
    """
    token = folder / "token"
    token.write_text("a-token")
    config: dict[str, Any] = {
        "kafka": {"bootstrap_servers": "127.0.0.1:1", "topics": ["leads"]},
        "schemas": {"reader": str(READER)},
        "ucontact": {"base_url": "http://127.0.0.1:1", "token_file": str(token)},
        "routes": [
            {
                "name": "google",
                "when": "source.platform == 'google'",
                "hub": "Ventas día/1",
                "contact": {
                    "clientIds": "person.phones",
                    "data": {"name": "{{ person.firstName }} {{ person.lastName }}"},
                },
            },
            {
                "name": "meta",
                "when": "source.platform == 'meta'",
                "hub": "social",
                "contact": {"clientIds": "person.phones"},
            },
        ],
        "dead_letters": {"topic": "leads.dead"},
    }
    for section, change in changes.items():
        if change is None:
            del config[section]
        elif isinstance(change, dict):
            config.setdefault(section, {}).update(change)
        else:
            config[section] = change
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
    return path


def lead(number: int, **changes: Any) -> dict[str, Any]:
    """A lead with an id of its own, and ``changes`` to its sections."""
    changed = {**LEAD, "eventId": f"lead-{number}"}
    for key, change in changes.items():
        changed[key] = {**changed[key], **change} if isinstance(change, dict) else change
    return changed
