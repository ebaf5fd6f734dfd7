"""Callbacks of ours on the event loop that raise: what asyncio only logs would leave leads outstanding for ever.

Part of the composition root. Tasks are a TaskGroup's, which does the same for them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


def watch_callbacks(loop: asyncio.AbstractEventLoop, failed: Callable[[Exception], None]) -> None:
    """Have ``failed`` called, on the loop, with what a callback of this package raises. Those of libraries are logged
    as ever: a connection that breaks in an odd way must not end the process."""

    def handle(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if "handle" in context and isinstance(error, Exception) and _is_ours(error):
            failed(error)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(handle)


def _is_ours(error: Exception) -> bool:
    """Whether the callback itself, which asyncio calls from its own frame, is of this package."""
    called = error.__traceback__ and error.__traceback__.tb_next
    return called is not None and str(called.tb_frame.f_globals.get("__name__", "")).startswith("connector.")
