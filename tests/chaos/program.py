"""The connector as a case starts it: with a trace, and where the case says so a crash, a mutation or another clock.

    python -m tests.chaos.program --trace FILE [--crash-at STEP[:N]] [--mutation NAME] [--clock FILE]
        [--refuse-commits FILE] run -c CONFIG

``--crash-at``: SIGKILL to itself when the step is reached for the N-th time. ``--clock``: seconds by which the clock
is wrong, read again and again. ``--refuse-commits``: while the file exists the broker refuses every commit.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.chaos import clock
from tests.chaos.trace import Trace


def main(arguments: list[str]) -> None:
    """Build in what is asked for, then be the connector."""
    options = _parsed(arguments)
    trace = Trace(options.trace)
    if options.clock is not None:
        clock.install(options.clock)
    # Only now: a module of the connector may keep a name of what is replaced.
    from tests.chaos import instruments, mutations

    step, _, count = (options.crash_at or "").partition(":")
    if step and step not in instruments.STEPS:
        raise SystemExit(f"--crash-at {step}: must be one of {', '.join(instruments.STEPS)}")
    instruments.install(trace, instruments.Crash(trace, step or None, int(count or 1)), options.refuse_commits)
    if options.mutation is not None:
        mutations.MUTATIONS[options.mutation]()
    from connector.cli import main as connector

    sys.argv = ["lead-connector", *options.command]
    connector()


def _parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.program")
    parser.add_argument("--trace", type=Path, required=True)
    parser.add_argument("--crash-at", metavar="STEP[:N]")
    parser.add_argument("--mutation", metavar="NAME")
    parser.add_argument("--clock", type=Path, metavar="FILE")
    parser.add_argument("--refuse-commits", type=Path, metavar="FILE")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what the connector is given")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main(sys.argv[1:])
