"""``python -m fuzz``: see ``docs/fuzzing.md``."""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fuzz.bout import Result, fuzz
from fuzz.targets import NAMES, target

OUT = Path("out/fuzz")
EVERY = 30.0
"""Seconds between two lines of progress of a target."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code: 0 no finding, 1 findings, 2 it cannot run."""
    options = _parser().parse_args(arguments)
    if options.reproduce is not None:
        if len(options.target or ()) != 1:
            sys.stderr.write("fuzz: --reproduce FILE needs one --target, the one that it is a finding of\n")
            return 2
        target(options.target[0]).one(options.reproduce.read_bytes())  # its traceback is what is asked for
        sys.stdout.write("nothing is found with this input any more\n")
        return 0
    if importlib.util.find_spec("atheris") is None:
        sys.stderr.write("fuzz: atheris is not installed; make fuzz does that, on Linux with an x86-64 processor\n")
        return 2
    return _fuzz(options)


def _fuzz(options: argparse.Namespace) -> int:
    names = options.target or NAMES
    each = max(options.seconds * options.jobs // len(names), 1)
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(
        f"{len(names)} targets, {each} s each, {options.jobs} at a time; corpus and findings in {options.out}"
    )
    with ThreadPoolExecutor(options.jobs) as pool:
        results = list(pool.map(lambda name: fuzz(name, each, options.out, _progress(console)), names))
    console.print(_table(results))
    for result in results:
        _tell(console, result)
    if any(result.trouble for result in results):
        return 2
    return 1 if any(result.findings for result in results) else 0


def _progress(console: Console) -> Callable[[Result], None]:
    told = time.monotonic() - EVERY  # the first line at once

    def progress(result: Result) -> None:
        nonlocal told
        if time.monotonic() - told >= EVERY:
            told = time.monotonic()
            console.print(
                f"{time.strftime('%H:%M:%S')} {result.name:<18}{result.runs:>12,} runs, {result.coverage:,} edges, "
                f"{result.corpus:,} inputs kept",
                highlight=False,
            )

    return progress


def _table(results: list[Result]) -> Table:
    table = Table("target", "runs", "edges", "features", "inputs kept", "findings")
    for column in table.columns[1:]:
        column.justify = "right"
    for result in results:
        numbers = (result.runs, result.coverage, result.features, result.corpus, len(result.findings))
        table.add_row(result.name, *(f"{number:,}" for number in numbers))
    return table


def _tell(console: Console, result: Result) -> None:
    if result.findings or result.trouble:
        console.print(f"\n{result.name}:", style="bold")
        console.print(result.trouble or result.said, markup=False, highlight=False)
    for finding in result.findings:
        again = f"python -m fuzz --target {result.name} --reproduce {finding}"
        console.print(f"again: {again}", markup=False, highlight=False, soft_wrap=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description="Coverage-guided fuzzing, with atheris.")
    parser.add_argument("--seconds", type=int, default=3_600, help="shared among the targets (3600)")
    parser.add_argument("--target", action="append", choices=NAMES, help="only this one; may be given several times")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time, each of which then has longer (1)")
    parser.add_argument("--out", type=Path, default=OUT, help=f"for corpus and findings ({OUT})")
    parser.add_argument("--reproduce", type=Path, metavar="FILE", help="only give this input to the target")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
