"""One drain: the connector, or the floor, reads a topic's backlog from its beginning to its end."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence

from confluent_kafka import Consumer, TopicPartition

from bench.data import PARTITIONS
from bench.program import LIMIT, Sink, connector, python
from bench.results import Run
from bench.usage import CpuTrack, Neighbours, peak_bytes
from testbed.process import Process, ProcessDiedError

_PATIENCE = 120.0
"""Seconds without a single lead after which a drain counts as stuck."""
_SAMPLE = 0.02
_SAMPLES_A_LOOK = 5


class WrongError(Exception):
    """Leads were lost, sent twice or changed: whatever was measured is worth nothing."""


def drain_connector(
    sink: Sink,
    *,
    bootstrap: str,
    registry: str,
    topic: str,
    leads: int,
    latency_ms: float,
    launch: Sequence[str] = ("connector",),
) -> Run:
    """Start a connector in a fresh group, wait until the sink has ``leads`` leads, stop it.

    The time is from the first arrival at the sink to the last, and so is the CPU: starting up is not in it. Raises
    WrongError, ProcessDiedError, TimeoutError.
    """
    sink.reset(latency_ms)
    neighbours = Neighbours()
    process, group = connector(bootstrap=bootstrap, registry=registry, topic=topic, sink=sink.url, launch=launch)
    process.start()
    try:
        track = _watch(process, sink, leads)
        others, peak = neighbours.cores(), peak_bytes(process.pid)
    finally:
        process.stop(limit=LIMIT)
    if (code := process.wait(limit=LIMIT)) != 0:
        raise ProcessDiedError(f"the connector ended with {code}\n{process.log_tail()}")
    stats = sink.stats()
    _check(stats, leads, _committed(bootstrap, group, topic), process)
    first, last = stats["first_ns"], stats["last_ns"]
    return Run(
        f"connector, {latency_ms:g} ms",
        leads,
        (last - first) / 1e9,
        track.at(last) - track.at(first),
        stats["contact_bytes"],
        others,
        stats["requests"],
        peak,
    )


def drain_floor(*, bootstrap: str, topic: str, leads: int) -> Run:
    """The floor in a process of its own. Raises ProcessDiedError."""
    neighbours = Neighbours()
    arguments = ("--bootstrap", bootstrap, "--topic", topic, "--leads", str(leads))
    process = python("floor", "bench.floor", *arguments)
    process.start()
    if process.wait(limit=_PATIENCE + leads / 1000) != 0:
        raise ProcessDiedError(f"the floor failed\n{process.log_tail()}")
    others = neighbours.cores()
    result = json.loads(process.log_text().splitlines()[-1])
    if result["leads"] != leads:
        raise WrongError(f"the floor read {result['leads']} leads of {leads}: is the topic its own?")
    return Run("floor", leads, result["seconds"], result["cpu_seconds"], result["contact_bytes"], others)


def check_same(runs: Sequence[Run]) -> None:
    """All made the same contacts, at least by their size. Raises WrongError."""
    sizes = {run.subject: run.contact_bytes for run in runs}
    if len(set(sizes.values())) > 1:
        raise WrongError(f"the subjects made contacts of different sizes, so they do different work: {sizes}")


def _watch(process: Process, sink: Sink, leads: int) -> CpuTrack:
    """Sample the connector until all leads have arrived."""
    track = CpuTrack(process.pid)
    arrived, progress_at = 0, time.monotonic()
    while arrived < leads:
        for _ in range(_SAMPLES_A_LOOK):
            if not process.running:
                raise ProcessDiedError(f"the connector ended while it drained\n{process.log_tail()}")
            track.sample()
            time.sleep(_SAMPLE)
        now = sink.stats()["distinct"]
        if now > arrived:
            arrived, progress_at = now, time.monotonic()
        elif time.monotonic() - progress_at > _PATIENCE:
            raise TimeoutError(f"stuck at {arrived} of {leads} leads\n{process.log_tail()}")
    track.sample()
    return track


def _check(stats: dict[str, int], leads: int, committed: int, process: Process) -> None:
    found = {"arrived": stats["leads"], "different ones": stats["distinct"], "committed": committed}
    if any(count != leads for count in found.values()):
        counts = ", ".join(f"{name} {count}" for name, count in found.items())
        raise WrongError(f"{leads} leads were waiting; {counts}\n{process.log_tail()}")


def _committed(bootstrap: str, group: str, topic: str) -> int:
    """Records that the group has committed, in all partitions together (each begins at offset 0)."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
    try:
        answers = consumer.committed([TopicPartition(topic, p) for p in range(PARTITIONS)], LIMIT)
    finally:
        consumer.close()
    return sum(max(0, answer.offset) for answer in answers)
