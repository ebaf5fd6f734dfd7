"""Ctrl-C and SIGTERM: an orderly end once there is something to end, an interruption before."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType


class Signals:
    """Takes both signals of the main thread while entered.

    Until ``orderly`` is set, and for a second signal, they raise KeyboardInterrupt.
    """

    def __init__(self) -> None:
        self.orderly = False
        self.asked = threading.Event()
        """Set by the first signal once ``orderly``."""

    def __enter__(self) -> Signals:
        self._before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, _number: int, _frame: FrameType | None) -> None:
        if not self.orderly or self.asked.is_set():
            raise KeyboardInterrupt
        self.asked.set()
