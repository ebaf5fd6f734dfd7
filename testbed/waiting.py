"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(
    condition: Callable[[], T | None],
    *,
    limit: float,
    what: str,
    interval: float = 0.05,
    details: Callable[[], str] = str,
) -> T:
    """Block until `condition` gives a truthy value and return it.

    `limit` and `interval` are seconds, monotonic clock. Raises TimeoutError, which names `what` was awaited and adds
    `details()`, when the limit passes; whatever `condition` raises goes through.
    """
    deadline = time.monotonic() + limit
    while True:
        if value := condition():
            return value
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{what}: not within {limit:g} s\n{details()}".rstrip())
        time.sleep(interval)
