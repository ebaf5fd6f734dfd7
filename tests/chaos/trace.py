"""The event trace of one connector process: JSON lines, each written at once, so that a kill loses none.

Every event has ``e`` (its name), ``t`` (seconds on the monotonic clock, which all processes of a machine share) and
``w`` (real milliseconds since the epoch, whatever the process's clock is made to show).

| event | further fields |
|---|---|
| ``claim`` | ``n`` its number here, ``topic``, ``partition``, ``fetched``: when what is committed was asked for |
| ``revoked`` | ``p`` partitions, ``lost``; written when the callback has returned |
| ``request`` | ``n``, ``leads``: offsets by claim number; ``unknown``: leads that no outstanding record stands for |
| ``answer`` | ``n`` of the request, ``kind`` (the answer class, or ``cancelled``) |
| ``committed`` | ``p``: topic, partition, offset and metadata of each acknowledged commit |
| ``refused`` | ``p`` partitions whose commit failed, ``error`` |
| ``crash`` | ``step`` |
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import orjson

_real_time_ns = time.time_ns  # the instruments may shift the clock later


class Trace:
    """Appends events to a file. Any thread."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o644)

    def write(self, event: str, **fields: Any) -> None:
        """One event, now."""
        line = {"e": event, "t": time.monotonic(), "w": _real_time_ns() // 1_000_000, **fields}
        os.write(self._file, orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE))


def read(path: Path) -> list[dict[str, Any]]:
    """The events of a trace, in the order in which they were written; none when it was never begun."""
    if not path.exists():
        return []
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]
