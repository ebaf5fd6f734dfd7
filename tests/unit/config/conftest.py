"""A valid configuration to break, and a way to load text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from connector.config import ConfigurationError, Loaded, Problem, load

VALID = """\
kafka:
  bootstrap_servers: localhost:9092
  topics: [leads]
schemas:
  reader: schemas/lead_event.avsc
ucontact:
  domain: acme
  token_file: /run/secrets/ucontact/token
routes:
  - name: all
    hub: sales
    contact:
      clientIds: person.phones
dead_letters: {topic: leads.dead}
"""


class Writer:
    """Writes a configuration file and loads it, without looking for the files that it names."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "config.yaml"

    def load(self, text: str | bytes, environ: Mapping[str, str] | None = None, *, check_files: bool = False) -> Loaded:
        self.path.write_bytes(text.encode() if isinstance(text, str) else text)
        return load(self.path, environ or {}, check_files=check_files)

    def problems(
        self, text: str | bytes, environ: Mapping[str, str] | None = None, *, check_files: bool = False
    ) -> list[Problem]:
        with pytest.raises(ConfigurationError) as caught:
            self.load(text, environ, check_files=check_files)
        return caught.value.problems


@pytest.fixture
def config(tmp_path: Path) -> Writer:
    return Writer(tmp_path)


def changed(old: str, new: str) -> str:
    """Return the valid configuration with one text replaced, which must be in it."""
    assert old in VALID
    return VALID.replace(old, new)
