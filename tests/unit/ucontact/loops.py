"""Runs a test's coroutine on the event loop that asyncio brings and on the one that `run` uses: their TLS differs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias, TypeVar

import pytest
import uvloop

T = TypeVar("T")

Loop: TypeAlias = Callable[[], asyncio.AbstractEventLoop]

on_both_loops = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uv"])


def run(loop: Loop, body: Coroutine[Any, Any, T]) -> T:
    """Await ``body`` on a loop of its own; half a minute is taken for hanging."""

    async def bounded() -> T:
        return await asyncio.wait_for(body, 30)

    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(bounded())
