"""Where things lie in the project."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
READER: Final = ROOT / "schemas" / "lead_event.avsc"
OUT: Final = ROOT / "out"
WORK: Final = OUT / "bench"
"""Configuration, logs and token of the last benchmark; written anew each time."""
RESULTS: Final = OUT / "bench.json"
