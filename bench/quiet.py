"""A quiet topic: how long after its arrival at a consumer is a single lead posted?"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from statistics import median

from bench.data import Framer, trickle
from bench.drain import WrongError
from bench.program import LIMIT, Sink, connector, python
from bench.usage import Neighbours, cpu_seconds
from testbed.process import Process
from testbed.waiting import until

_WARM_UP = 20
RATE = 5.0
"""Leads a second."""
SECONDS = 30.0


@dataclass(frozen=True)
class Spread:
    """Milliseconds."""

    median: float
    p99: float
    longest: float


@dataclass(frozen=True)
class Quiet:
    """``sink``: from the producer's call to the arrival at the sink. ``plain``: to the arrival at a consumer that does
    nothing else, in a process and group of its own. ``added``: the difference, lead by lead."""

    leads: int
    sink: Spread
    plain: Spread
    added: Spread
    cpu_percent: float
    """Of one core, by the connector."""
    others: float


def measure(sink: Sink, *, bootstrap: str, registry: str, topic: str, framer: Framer, latency_ms: float) -> Quiet:
    """Write leads at a quiet pace to an empty topic that a connector and a plain consumer read. Raises WrongError."""
    sink.reset(latency_ms, record=True)
    process, _group = connector(bootstrap=bootstrap, registry=registry, topic=topic, sink=sink.url)
    plain = python("plain", "bench.plain", "--bootstrap", bootstrap, "--topic", topic)
    numbers = range(_WARM_UP, _WARM_UP + round(RATE * SECONDS))
    process.start()
    plain.start()
    try:
        # Connections, the schema's look-up and the first rebalance are not what is asked here.
        warm_up = trickle(bootstrap, topic, framer, range(_WARM_UP), repeat(0.05))
        _wait(sink, plain, set(warm_up))
        neighbours, cpu = Neighbours(), cpu_seconds(process.pid)
        sent = trickle(bootstrap, topic, framer, numbers, _pauses())
        _wait(sink, plain, set(sent))
        cpu = cpu_seconds(process.pid) - cpu
        others = neighbours.cores()
    finally:
        process.stop(limit=LIMIT)
        plain.stop(limit=LIMIT)
    if (arrived := sink.stats()["leads"]) != len(warm_up) + len(sent):
        raise WrongError(f"{len(warm_up) + len(sent)} leads were written, {arrived} arrived")
    at_sink, at_plain = sink.recorded(), _seen(plain)
    return Quiet(
        len(sent),
        _spread([at_sink[n] - sent[n] for n in sent]),
        _spread([at_plain[n] - sent[n] for n in sent]),
        _spread([at_sink[n] - at_plain[n] for n in sent]),
        cpu / SECONDS * 100,
        others,
    )


def _pauses() -> Iterator[float]:
    # Uneven, so that no period of anybody's falls in with ours.
    while True:
        yield random.uniform(0.5, 1.5) / RATE


def _wait(sink: Sink, plain: Process, numbers: set[int]) -> None:
    until(
        lambda: numbers <= sink.recorded().keys() and numbers <= _seen(plain).keys(),
        limit=2 * LIMIT,
        what="all leads at the sink and the plain consumer",
        interval=0.5,
        details=plain.log_tail,
    )


def _seen(plain: Process) -> dict[int, int]:
    """What the plain consumer has written so far; its last line may still be under way."""
    lines = (line.split() for line in plain.log_text().splitlines(keepends=True) if line.endswith("\n"))
    return {int(words[0]): int(words[1]) for words in lines if len(words) == 2 and words[0].isdigit()}


def _spread(nanoseconds: Sequence[int]) -> Spread:
    ordered = sorted(value / 1e6 for value in nanoseconds)
    return Spread(median(ordered), ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)], ordered[-1])
