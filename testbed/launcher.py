"""Starts programs from one thread that lives as long as this process."""

import queue
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import Future


class _Launcher:
    """One thread, started when first needed.

    The kernel's "when the parent goes" means the thread that started the program: a broker started from a pool's
    worker would die with that worker.
    """

    def __init__(self) -> None:
        self._jobs: queue.SimpleQueue[tuple[Callable[[], subprocess.Popen[bytes]], Future[subprocess.Popen[bytes]]]]
        self._jobs = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def run(self, job: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="testbed-launcher", daemon=True)
                self._thread.start()
        answer: Future[subprocess.Popen[bytes]] = Future()
        self._jobs.put((job, answer))
        return answer.result()

    def _work(self) -> None:
        while True:
            job, answer = self._jobs.get()
            try:
                answer.set_result(job())
            except Exception as error:  # noqa: BLE001 (handed to the caller, who raises it)
                answer.set_exception(error)


_launcher = _Launcher()


def launch(job: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
    """Run `job` on that thread and wait; returns and raises what it does. Any thread may call."""
    return _launcher.run(job)
