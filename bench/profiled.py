"""Where the connector's time goes: ``python -m bench.profiled REPORT LEADS run -c FILE``.

Runs the connector as ``connector run`` does, and after every two milliseconds of the process's CPU time books what each
of its two threads has used on the line where it is found. Unlike a tracing profiler this costs a few percent, whatever
is called, and it sees both threads on every Python.

A signal asks for the sample, not a thread of our own: that would get its turn mostly where the others give theirs up,
and would find them there. For the Kafka thread this cannot be helped: it is found where it waits for the interpreter,
so believe its sum and not its lines. What is written in C shows at the Python line that called it; what the event loop
itself does in C, where it is run.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Final

import uvloop

from connector.cli.problems import load_and_plan
from connector.service import Service
from connector.telemetry import logs

_PERIOD: Final = 0.002
_SWITCH: Final = 0.001
"""Python lets a waiting thread in after 5 ms, or when the other blocks. Sooner, so that the Kafka thread is also found
where it does not block."""
_ROWS: Final = 45
_DEEPEST: Final = 80

Place = tuple[str, int, str]
"""File, line, function."""


class Book:
    """CPU nanoseconds of one thread, by line (``own``) and by function with all that it calls (``total``)."""

    def __init__(self, clock: int) -> None:
        """``clock`` is the thread's CPU clock."""
        self._clock = clock
        self._before = time.clock_gettime_ns(clock)
        self.own: Counter[Place] = Counter()
        self.total: Counter[Place] = Counter()
        self.all = 0

    def add(self, frame: FrameType | None) -> None:
        """The thread is here; what it has used since the last time is booked here. Raises OSError when it is gone."""
        now = time.clock_gettime_ns(self._clock)
        used, self._before = now - self._before, now
        if used <= 0 or frame is None:
            return
        self.all += used
        code = frame.f_code
        self.own[code.co_filename, frame.f_lineno or code.co_firstlineno, code.co_name] += used
        functions: set[Place] = set()
        depth = 0
        while frame is not None and depth < _DEEPEST:
            code = frame.f_code
            functions.add((code.co_filename, code.co_firstlineno, code.co_name))
            frame, depth = frame.f_back, depth + 1
        for function in functions:
            self.total[function] += used


class Sampler:
    """Books the main thread and the one called ``kafka``. Lives on the main thread."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self._watched: dict[int, Book] = {}

    def start(self) -> None:
        """From now on."""
        self._process = time.process_time()
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, _PERIOD, _PERIOD)

    def stop(self) -> float:
        """Stop; returns the CPU seconds of the process meanwhile that are in no book (librdkafka's threads)."""
        signal.setitimer(signal.ITIMER_PROF, 0)
        return time.process_time() - self._process - sum(book.all for book in self.books.values()) / 1e9

    def _sample(self, _number: int, frame: FrameType | None) -> None:
        if len(self._watched) < 2:
            self._look_for_threads()
        frames = {**sys._current_frames(), threading.get_ident(): frame}
        for ident, book in list(self._watched.items()):
            try:
                book.add(frames.get(ident))
            except OSError:
                del self._watched[ident]  # the thread has ended, and its clock with it

    def _look_for_threads(self) -> None:
        main = threading.main_thread()
        for thread in threading.enumerate():
            if (thread is main or thread.name == "kafka") and thread.ident and thread.ident not in self._watched:
                book = Book(time.pthread_getcpuclockid(thread.ident))
                self._watched[thread.ident] = self.books["main" if thread is main else "kafka"] = book


def report(books: dict[str, Book], rest: float, leads: int) -> str:
    """The books as text: the dearest functions with all that they call, and the dearest lines."""
    parts = [f"CPU per lead over {leads} leads, start and end included.\n"]
    for name, book in books.items():
        parts.append(f"\n{name} thread: {book.all / leads / 1000:.2f} µs a lead\n")
        parts.append(_table("function, with all that it calls", book.total, book.all, leads))
        parts.append(_table("line, by itself and in C called from it", book.own, book.all, leads))
    parts.append(f"\nother threads (librdkafka): {rest / leads * 1e6:.2f} µs a lead\n")
    return "".join(parts)


def _table(title: str, counts: Counter[Place], total: int, leads: int) -> str:
    rows = [f"\n  µs/lead      %  {title}\n"]
    for (file, line, function), used in counts.most_common(_ROWS):
        rows.append(f"  {used / leads / 1000:7.2f}  {used / total * 100:5.1f}  {_short(file)}:{line} {function}\n")
    return "".join(rows)


def _short(file: str) -> str:
    path = Path(file)
    for mark in ("site-packages", "connector"):
        if mark in path.parts:
            start = path.parts.index(mark) + (mark == "site-packages")
            return "/".join(path.parts[start:])
    return "/".join(path.parts[-2:])


def main(arguments: list[str]) -> None:
    """The command."""
    file, leads, command, flag, config = arguments
    if (command, flag) != ("run", "-c"):
        raise SystemExit("usage: python -m bench.profiled REPORT LEADS run -c FILE")
    loaded, plan = load_and_plan(Path(config))
    logs.configure(loaded.settings.telemetry.log_format.value, loaded.settings.telemetry.log_level.value)
    sys.setswitchinterval(_SWITCH)
    sampler = Sampler()
    sampler.start()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(Service(loaded, plan).run())
    rest = sampler.stop()
    Path(file).write_text(report(sampler.books, rest, int(leads)), encoding="utf-8")
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
