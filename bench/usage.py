"""What processes use, read from Linux' ``/proc``."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_UTIME, _STIME, _CUTIME, _CSTIME, _PPID = 11, 12, 13, 14, 1  # proc(5), counted from the field after the name


def available() -> bool:
    """Whether this system tells what is asked here."""
    return (_PROC / "self" / "stat").exists() and (_PROC / "stat").exists()


def cpu_seconds(pid: int) -> float:
    """User and system time of a process with all its threads, in steps of usually 10 ms."""
    fields = _fields(_PROC / str(pid))
    return (fields[_UTIME] + fields[_STIME]) / _TICKS


def peak_bytes(pid: int) -> int:
    """The most memory that a process has ever had in RAM (VmHWM)."""
    return _status(pid, "VmHWM:")


def resident_bytes(pid: int) -> int:
    """The memory that a process has in RAM now (VmRSS)."""
    return _status(pid, "VmRSS:")


class CpuTrack:
    """CPU time of a process over time: sampled while it runs, asked for any instant between afterwards."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._instants: list[int] = []
        self._seconds: list[float] = []

    def sample(self) -> None:
        """Take a sample. Raises OSError when the process is gone."""
        self._instants.append(time.monotonic_ns())
        self._seconds.append(cpu_seconds(self._pid))

    def at(self, instant: int) -> float:
        """CPU seconds used until an instant (`time.monotonic_ns`), straight between the samples around it."""
        after = min(max(1, bisect_left(self._instants, instant)), len(self._instants) - 1)
        (t0, t1), (s0, s1) = self._instants[after - 1 : after + 1], self._seconds[after - 1 : after + 1]
        return s0 + (s1 - s0) * (instant - t0) / (t1 - t0)


class Neighbours:
    """How much of the machine others take: what is busy and is not this process or one that it started."""

    def __init__(self) -> None:
        self._started = time.monotonic()
        self._busy, self._ours = _busy(), _ours()

    def cores(self) -> float:
        """The average since construction, in cores; rough, for it is counted in ticks."""
        others = (_busy() - self._busy) - (_ours() - self._ours)
        return max(0.0, others / _TICKS / (time.monotonic() - self._started))


def _busy() -> int:
    user, nice, system, _idle, _iowait, irq, softirq = map(
        int, (_PROC / "stat").read_text().splitlines()[0].split()[1:8]
    )
    return user + nice + system + irq + softirq


def _ours() -> int:
    """Ticks of this process, of children it has waited for, and of those that run."""
    me = os.getpid()
    own = _fields(_PROC / str(me))
    total = own[_UTIME] + own[_STIME] + own[_CUTIME] + own[_CSTIME]
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                fields = _fields(folder)
            except OSError:
                continue  # it ended meanwhile
            if fields[_PPID] == me:
                total += fields[_UTIME] + fields[_STIME] + fields[_CUTIME] + fields[_CSTIME]
    return total


def _fields(folder: Path) -> list[int]:
    # The name, in parentheses, may hold blanks and parentheses itself. The state after it is a letter.
    return [0, *map(int, (folder / "stat").read_text().rpartition(")")[2].split()[1:])]


def _status(pid: int, name: str) -> int:
    for line in (_PROC / str(pid) / "status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) * 1024
    raise ValueError(f"process {pid} has no {name}")
