"""``python -m bench``: see ``docs/performance.md``."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console

from bench import parts, usage
from bench.bed import bed
from bench.drain import WrongError
from bench.tables import save
from testbed.engine import ImageUnavailableError
from testbed.process import ProcessDiedError
from testbed.repository import FetchError

_PAPER = 120
"""Columns where the output is no terminal."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 done, 1 failed. Bad usage exits with 2."""
    options = _parser().parse_args(arguments)
    if not usage.available():
        sys.stderr.write("bench: reads CPU time and memory from Linux' /proc, which this system lacks\n")
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is stopped
    console = Console() if sys.stdout.isatty() else Console(width=_PAPER)
    try:
        results: dict[str, Any] = {}
        if options.stages:
            save(parts.stages(console, options.runs or (5 if options.quick else 15)))
            return 0
        with bed(console, real_registry=options.registry == "real") as running:
            if options.memory:
                leads = options.leads or (200_000 if options.quick else 1_000_000)
                results |= parts.memory(running, leads, options.latency[-1])
            if options.quiet_topic:
                results |= parts.quiet_topic(running, options.latency[0])
            if options.profile:
                results |= parts.profile(running, _leads(options), options.latency[0])
            if not results:
                runs = options.runs or (1 if options.quick else 3)
                results |= parts.drains(running, _leads(options), runs, options.latency)
    except KeyboardInterrupt:
        return 1
    except (FetchError, ImageUnavailableError, ProcessDiedError, TimeoutError, WrongError) as error:
        sys.stderr.write(f"bench: {error}\n")
        return 1
    save(results)
    return 0


def _leads(options: argparse.Namespace) -> int:
    return int(options.leads or (40_000 if options.quick else 200_000))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Drains a real Kafka into a fast sink, beside a floor without HTTP. Without --memory, "
        "--quiet-topic or --profile: the drain. Results also in out/bench.json.",
    )
    parser.add_argument("--leads", type=_count, help="in the backlog; 200,000, or 1,000,000 for --memory")
    parser.add_argument("--runs", type=_count, help="of each subject; 3, or 15 rounds for --stages")
    parser.add_argument(
        "--latency", type=_milliseconds, nargs="+", default=[0.0, 20.0], metavar="MS", help="of the sink; 0 20"
    )
    parser.add_argument("--quick", action="store_true", help="40,000 leads (200,000 for --memory), one run")
    parser.add_argument("--memory", action="store_true", help="peak memory with a million leads waiting (last latency)")
    parser.add_argument("--quiet-topic", action="store_true", help="delay of single leads, 5 a second (first latency)")
    parser.add_argument("--profile", action="store_true", help="one drain under a profiler (first latency)")
    parser.add_argument("--stages", action="store_true", help="only what each stage costs by itself, without Kafka")
    parser.add_argument(
        "--registry", choices=("minimal", "real"), default="minimal", help="real: the test bed's, 158 MB to fetch"
    )
    return parser


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)


def _milliseconds(text: str) -> float:
    if not (text.isascii() and text.replace(".", "", 1).isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of milliseconds")
    return float(text)


if __name__ == "__main__":
    sys.exit(main())
