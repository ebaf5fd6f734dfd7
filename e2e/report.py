"""``python -m e2e.report [--last N | FILE …]``: writes docs/kubernetes-results.md from the last full runs (1), or from
these, and from the last run of `make e2e-keda`. Where there is none on this machine, the rows of its cases stay as they
are on the page, and say of when.

Each file is one run's results (``out/e2e/<run>.jsonl``). Exit code 1 when there are not so many to report.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import textwrap
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from e2e import results

PAGE = results.ROOT / "docs" / "kubernetes-results.md"
_HEAD = """\
# Results on Kubernetes

Written by `make e2e` from its last full runs, not by hand. In each case leads flow at 200 a second through a release of
the chart while something happens to it; the sandbox's ledger says what arrived. How the cases are run:
[kubernetes.md](kubernetes.md#trials-on-a-cluster).

{what}

`lost` and `duplicated` are leads, over all runs; `may` is how many may come twice in one run: none where all ends in
order, and as many as a pod has in its requests where it does not. `without delivery` is the longest time in seconds
between two acceptances, `slowest` that from event to acceptance of the lead that took longest: medians over the runs,
and the longest of all where it differs.

| case | runs | leads | lost | duplicated | may | without delivery | slowest | |
|---|---|---|---|---|---|---|---|---|
"""
_DAYS = re.compile(r"full runs?: (\d{4}-\d\d-\d\d(?: to \d{4}-\d\d-\d\d)?)")
_EARLIER = "of an earlier run"


def page(lines: Sequence[Mapping[str, Any]], runs: int, before: str = "") -> str:
    """The page for the results of so many runs. `before` is the page as it is: rows of KEDA's cases that were not run
    again stay."""
    cases: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        cases.setdefault(line["case"], []).append(line)
    rows = [_row(case, found) for case, found in cases.items()]
    return _HEAD.format(what=_what(lines, runs)) + "".join([*rows, *_stay(before, cases)])


def _stay(before: str, run: Collection[str]) -> list[str]:
    if (found := _DAYS.search(before)) is None:
        return []
    stay = []
    for line in before.splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if cells and "KEDA" in cells[0] and cells[0] not in run:
            if _EARLIER not in cells[-1]:
                cells[-1] = "; ".join(filter(None, [cells[-1], f"{_EARLIER}, {found[1]}"]))
            stay.append(f"| {' | '.join(cells)} |\n")
    return stay


def _what(lines: Sequence[Mapping[str, Any]], runs: int) -> str:
    days = sorted({line["at"][:10] for line in lines})
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    parts: dict[str, None] = dict.fromkeys(part for line in lines for part in line["versions"])
    text = f"{runs} full run{'' if runs == 1 else 's'}: {when}. {'; '.join(parts)}."
    return textwrap.fill(text, 120, break_on_hyphens=False, break_long_words=False)


def _row(case: str, runs: Sequence[Mapping[str, Any]]) -> str:
    def total(key: str) -> str:
        return f"{sum(run[key] for run in runs):,}"

    def seconds(key: str) -> str:
        values = [run[key] for run in runs]
        middle, most = f"{statistics.median(values):.1f}", f"{max(values):.1f}"
        return middle if middle == most else f"{middle}, {most}"

    allowed = max(run["allowed"] for run in runs)
    remarks = "; ".join(runs[-1]["remarks"])
    cells = [case, str(len(runs)), total("leads"), total("lost"), total("duplicated"), str(allowed)]
    return f"| {' | '.join([*cells, seconds('silence'), seconds('slowest'), remarks])} |\n"


def last_full_runs(count: int) -> list[Path]:
    """The newest files that ``make e2e`` wrote, oldest first; fewer when there are not so many."""
    files = [file for file in _runs() if not file.name.startswith(results.KEDA)]
    return files[-count:]


def _runs() -> list[Path]:
    files = [file for file in results.FOLDER.glob("*.jsonl") if file.stem != results.PARTIAL]
    return sorted(files, key=lambda file: file.stat().st_mtime)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page. The exit code."""
    parser = argparse.ArgumentParser(prog="python -m e2e.report")
    parser.add_argument("--last", type=int, default=1, metavar="N", help="full runs, the last ones; 1")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="results of runs, instead")
    options = parser.parse_args(arguments)
    files = options.files or last_full_runs(options.last)
    if len(files) < (len(options.files) or options.last):
        sys.stderr.write(f"{len(files)} of {options.last} full runs in {results.FOLDER}: make e2e\n")
        return 1
    keda = [file for file in _runs() if file.name.startswith(results.KEDA) and file not in files][-1:]
    lines = [line for file in (*files, *keda) for line in results.read(file)]
    PAGE.write_text(page(lines, len(files), PAGE.read_text("utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
