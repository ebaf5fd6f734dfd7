"""One target fuzzed for a time, in a process of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from fuzz.targets import Target, target

TIMEOUT = 30
"""Seconds after which one input is taken to run for ever (its CPU time is bounded sooner, by ``claims``)."""
ROOM = 2_048
"""MiB that the process may have."""
_STATUS = re.compile(r"#(?P<runs>\d+)\s.*?cov: (?P<cov>\d+) ft: (?P<ft>\d+) corp: (?P<corpus>\d+)")
_FINAL = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_QUOTED = 4_000
"""Characters of what a process said that are kept with a finding."""


@dataclass(slots=True)
class Result:
    """What came of a target: ``coverage`` in edges, ``features`` as libFuzzer counts them, ``findings`` as files.

    ``trouble`` is what the process said where it ended without a finding and not by itself.
    """

    name: str
    runs: int = 0
    coverage: int = 0
    features: int = 0
    corpus: int = 0
    findings: list[Path] = field(default_factory=list)
    said: str = ""
    trouble: str = ""


def fuzz(name: str, seconds: int, out: Path, progress: Callable[[Result], None]) -> Result:
    """Fuzz a target for so long, or until it finds something. Blocks; ``progress`` is called now and then.

    Inputs of interest are kept in ``out/NAME/corpus`` for the next time, findings in ``out/NAME/findings``.
    """
    result = Result(name)
    chosen = target(name)
    place = out / name
    _prepare(place, chosen)
    engines = ["python", "compiled"] if getattr(chosen, "DECODES", False) and seconds > 1 else ["compiled"]
    for engine in engines:
        _run(result, engine, seconds // len(engines), place, chosen, progress)
        if result.findings or result.trouble:
            break
    return result


def _run(
    result: Result, engine: str, seconds: int, place: Path, chosen: Target, progress: Callable[[Result], None]
) -> None:
    before = set((place / "findings").iterdir())
    command = [sys.executable, "-m", "fuzz.worker", result.name, engine, *_options(place, chosen, seconds)]
    done = result.runs
    said: list[str] = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as run:
        try:
            for line in _lines(run):
                if found := _STATUS.match(line):
                    result.runs, result.coverage = done + int(found["runs"]), max(result.coverage, int(found["cov"]))
                    result.features, result.corpus = int(found["ft"]), int(found["corpus"])
                    progress(result)
                elif found := _FINAL.match(line):
                    result.runs = done + int(found[1])
                else:
                    said.append(line)
        except BaseException:
            run.kill()
            raise
    result.findings = sorted(set((place / "findings").iterdir()) - before)
    result.said = "".join(said)[-_QUOTED:]
    for finding in result.findings:
        (place / f"{finding.name}.txt").write_text(result.said, "utf-8")
    if run.returncode and not result.findings:
        result.trouble = result.said or f"it ended with {run.returncode}"


def _lines(run: subprocess.Popen[str]) -> Iterator[str]:
    if run.stdout is not None:
        yield from run.stdout


def _options(place: Path, chosen: Target, seconds: int) -> list[str]:
    words = place / "words.dict"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in chosen.WORDS), "ascii")
    return [
        str(place / "corpus"),
        str(place / "seeds"),
        f"-max_total_time={max(seconds, 1)}",
        f"-max_len={chosen.LONGEST}",
        f"-timeout={TIMEOUT}",
        f"-rss_limit_mb={ROOM}",
        f"-dict={words}",
        f"-artifact_prefix={place / 'findings'}/",
        "-report_slow_units=1000",  # claims have the CPU time, which says more on a busy machine
        "-print_final_stats=1",
    ]


def _prepare(place: Path, chosen: Target) -> None:
    for each in ("corpus", "seeds", "findings"):
        (place / each).mkdir(parents=True, exist_ok=True)
    for seed in chosen.seeds():
        (place / "seeds" / sha256(seed).hexdigest()[:16]).write_bytes(seed)


def _escaped(word: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 and byte not in b'"\\' else f"\\x{byte:02x}" for byte in word)
