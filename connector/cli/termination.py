"""SIGTERM for a process that has no handler of its own yet."""

from __future__ import annotations

import os
import signal
from types import FrameType


def end_on_sigterm(code: int) -> None:
    """From now on SIGTERM ends the process at once with this exit code. On the main thread only.

    Without a handler Linux does not even deliver the signal to the first process of a container, so one that comes
    while Python still imports would be lost, and the container killed when its time is up.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        os._exit(code)

    signal.signal(signal.SIGTERM, end)
