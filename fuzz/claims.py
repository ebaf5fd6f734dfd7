"""What every input is held to: its claims hold, and it costs little time and memory."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 5.0
"""CPU time of one input, so that other load on the machine is no finding. What is usual takes a millisecond, a whole
megabyte of the smallest things a second or two while it is being watched, and what is caught minutes, or for ever."""
MEMORY = 256 * 1024 * 1024
"""Bytes by which one input may raise the most that the process ever had."""
_UNIT = 1 if sys.platform == "darwin" else 1024


class Finding(AssertionError):
    """An input did what no input may do."""


def claim(holds: object, message: str) -> None:
    """Raise Finding where a claim does not hold."""
    if not holds:
        raise Finding(message)


@contextmanager
def bounded(seconds: float = SECONDS, memory: int = MEMORY) -> Iterator[None]:
    """What is done inside has to end within so much CPU time and memory, whether it raises or not. What never ends is
    for whoever runs it to notice (libFuzzer's ``-timeout``, pytest's)."""
    started, peak = time.process_time(), _peak()
    try:
        yield
    finally:
        took, grown = time.process_time() - started, _peak() - peak
        claim(took <= seconds, f"it took {took:.1f} s of CPU time")
        claim(grown <= memory, f"it took {grown // (1 << 20)} MiB of memory")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
