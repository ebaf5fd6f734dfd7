"""``python -m tests.chaos.report [--last N | FILE …]``: writes docs/reliability.md from the last full runs (1), or from
these.

Each file is one run's results (``out/chaos/<run>.jsonl``); what was not run by ``make chaos`` is passed over unless it
is named. Exit code 1 when there are not so many to report.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.chaos import results
from tests.integration.bed import ROOT

PAGE = ROOT / "docs" / "reliability.md"

_HEAD = """\
# Reliability

What became of the leads when things went wrong: written by `make chaos` from its last full runs, not by hand. Each case
runs the real connector against a real Kafka while a fault happens; the sandbox's ledger says what really arrived.

{what}

| | invariant, checked in every case |
|---|---|
| L | every lead is accepted by the API, dead-lettered or parked |
| W | the committed offset never passes an unresolved record |
| M | what the commit metadata calls resolved was resolved |
| D | a lead that was accepted twice was in doubt, and is counted by the connector's own metrics |
| P | after healing the lag returns to 0 without a restart |
| Z | no request starts for a partition once its revoke callback has returned |
| B | memory stays bounded |

`duplicated` counts acceptances beyond the first of a lead, over all runs; `because` says what the connector could not
know: `restart` (killed before its commit), `in_flight` (the answer came after the partition had left), `lost` (the
partition was lost before the commit), `commit_failed`, `ambiguous` (no answer came), `reset` (a tool set the group
back), `anew` (the topic was made anew, and not yet known to be another). `recovered` is the median time in seconds from
healing to lag 0, the group's session time-out of 6 s included.

| case | protocol | runs | leads | lost | duplicated | because | parked | dead-lettered | recovered | broken |
|---|---|---|---|---|---|---|---|---|---|---|
"""
_MUTATIONS = """
## Tests of the tests

Each of these mistakes, built into the connector, makes a case fail by the invariants named.

| mistake | broken |
|---|---|
"""


def page(lines: Sequence[Mapping[str, Any]], runs: int) -> str:
    """The page for the results of so many runs."""
    cases: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    mistakes: dict[str, set[str]] = {}
    for line in lines:
        if line["mutation"] is None:
            cases.setdefault((line["case"], line["protocol"]), []).append(line)
        else:
            mistakes.setdefault(line["mutation"], set()).update(line["violations"])
    rows = [_row(case, protocol, cases[case, protocol]) for case, protocol in sorted(cases)]
    text = _HEAD.format(what=_what(lines, runs)) + "".join(rows)
    if mistakes:
        text += _MUTATIONS + "".join(f"| {name} | {', '.join(sorted(mistakes[name]))} |\n" for name in sorted(mistakes))
    return text


def _what(lines: Sequence[Mapping[str, Any]], runs: int) -> str:
    days = sorted({line["at"][:10] for line in lines})
    versions: dict[str, list[str]] = {}
    for line in lines:
        for name, version in line["versions"].items():
            if version not in versions.setdefault(name, []):
                versions[name].append(version)
    parts = ", ".join(f"{name} {' and '.join(found)}" for name, found in versions.items())
    when = " to ".join(dict.fromkeys((days[0], days[-1])))
    return textwrap.fill(f"{runs} full run{'' if runs == 1 else 's'}: {when}. Versions: {parts}.", 120)


def _row(case: str, protocol: str, runs: Sequence[Mapping[str, Any]]) -> str:
    def total(key: str) -> str:
        return f"{sum(run[key] for run in runs):,}"

    causes = sorted({cause for run in runs for cause in run["causes"]})
    seconds = [run["seconds_to_recover"] for run in runs if run["seconds_to_recover"] is not None]
    recovered = f"{statistics.median(seconds):.1f}" if seconds else "never"
    broken = ", ".join(sorted({letter for run in runs for letter in run["violations"]}))
    cells = [case, protocol, str(len(runs)), total("leads"), total("lost"), total("duplicated"), ", ".join(causes)]
    cells += [total("parked"), total("dead_lettered"), recovered, broken]
    return f"| {' | '.join(cells)} |\n"


def last_full_runs(count: int) -> list[Path]:
    """The newest files that ``make chaos`` wrote, oldest first; fewer when there are not so many."""
    files = [file for file in results.FOLDER.glob("*.jsonl") if file.stem != results.PARTIAL]
    return sorted(files, key=lambda file: file.stat().st_mtime)[-count:]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page. The exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.report")
    parser.add_argument("--last", type=int, default=1, metavar="N", help="full runs, the last ones; 1")
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="results of runs, instead")
    options = parser.parse_args(arguments)
    files = options.files or last_full_runs(options.last)
    if len(files) < (len(options.files) or options.last):
        sys.stderr.write(f"{len(files)} of {options.last} full runs in {results.FOLDER}: make chaos\n")
        return 1
    lines = [line for file in files for line in results.read(file)]
    PAGE.write_text(page(lines, len(files)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
