"""One fuzzing process: ``python -m fuzz.worker TARGET compiled|python [libFuzzer's options]``.

Started by ``fuzz.bout``. The connector is instrumented while it is imported, so a target is imported here and nowhere
before.
"""

from __future__ import annotations

import logging
import signal
import sys
from contextlib import suppress
from types import FrameType
from typing import Any

import atheris

COMPILED = ("_read", "_write", "_schema", "_validation", "_logical_writers")
"""fastavro's modules in C, each of which has a twin in Python."""
GUIDED = 2.0
"""Seconds of CPU time for one input in the twin."""


def main(arguments: list[str]) -> None:
    """Fuzz one target until libFuzzer ends the process."""
    name, engine, *options = arguments
    packages = ["connector"]
    if engine == "python":
        packages.append("fastavro")
        # fastavro takes the twin where this import fails.
        without: dict[str, Any] = dict.fromkeys(f"fastavro.{module}" for module in COMPILED)
        sys.modules.update(without)
    logging.disable(logging.CRITICAL)  # what is said of a million inputs nobody reads
    with atheris.instrument_imports(include=packages, enable_loader_override=False):
        from fuzz.targets import target

        one = target(name).one

    def guide(data: bytes) -> None:
        # What fastavro's version in Python does is not what the connector does (its integers have no end, for one, and
        # long ones take minutes): it shows the ways there are, and the compiled one is held to the claims on all that
        # is kept.
        with suppress(Exception):
            signal.setitimer(signal.ITIMER_VIRTUAL, GUIDED)
            try:
                one(data)
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    signal.signal(signal.SIGVTALRM, _give_up)
    atheris.Setup([f"fuzz.{name}", *options], guide if engine == "python" else one)
    atheris.Fuzz()


def _give_up(_number: int, _frame: FrameType | None) -> None:
    raise TimeoutError


if __name__ == "__main__":
    main(sys.argv[1:])
