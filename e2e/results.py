"""Results of cases, a JSON line each, in `out/e2e`.

`make e2e` names its run in the environment (E2E_RUN); what else is run of the cases goes to `partial.jsonl`, which no
report takes for a full run.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from e2e.evidence import Outcome

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "out" / "e2e"
PARTIAL = "partial"
KEDA = "keda-"
"""How the runs of `make e2e-keda` are called; they have cases of their own."""


def append(name: str, outcome: Outcome, *, allowed: int, remarks: Sequence[str], versions: Sequence[str]) -> None:
    """Write one result down."""
    line = {
        "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "case": name,
        "versions": list(versions),
        "allowed": allowed,
        "remarks": list(remarks),
        **asdict(outcome),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (FOLDER / f"{os.environ.get('E2E_RUN', PARTIAL)}.jsonl").open("ab") as file:
        file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def read(file: Path) -> list[dict[str, Any]]:
    """The results of one run."""
    return [orjson.loads(line) for line in file.read_bytes().splitlines()]
