"""Watches a case from outside: what the group has committed, and what the connector processes say of themselves."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx2
from confluent_kafka import Consumer, KafkaException, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from connector.kafka.clients import Clients
from connector.kafka.journal import decode, mark_of
from connector.kafka.settings import KafkaSettings
from connector.kafka.topics import TopicMarks
from testbed.groups import Committed
from tests.chaos.evidence import Commit, Partition, Range, Sample

EVERY = 0.2
"""Seconds between two looks."""
_ANSWER = 3.0
"""Seconds to wait for an answer: brokers and processes may be away."""


@dataclass(frozen=True, slots=True)
class _Look:
    at: float
    wall_ms: int
    mark: str
    committed: list[tuple[Partition, int, str]]


class Repeated:
    """Does something again and again in a thread of its own, until it is closed."""

    def __init__(self, name: str, turn: Callable[[], None]) -> None:
        self._turn = turn
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.start()

    def close(self) -> None:
        """End it; waits for the turn under way."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(EVERY):
            self._turn()


class Observer:
    """Samples the offsets and metadata that the group has committed on a topic, directly at the broker."""

    def __init__(self, bootstrap: str, group: str, topic: str, partitions: int) -> None:
        self._partitions = [TopicPartition(topic, number) for number in range(partitions)]
        self._topic = topic
        settings = {"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False, "log_level": 0}
        self._sampling, self._asking = Consumer(settings), Consumer(settings)
        clients = Clients(KafkaSettings(bootstrap, group, ()), lambda _message: None)
        self._marks = TopicMarks(clients.admin, lambda _message: None)
        self._mark = self._marks.mark(topic)
        self._looks: list[_Look] = []
        self._closed = False
        self._thread = Repeated("observer", self._look)

    def lag(self) -> int | None:
        """Records between what is committed and the ends; None while the broker cannot be asked."""
        try:
            total = 0
            for answer in self._asking.committed(self._partitions, _ANSWER):
                where = TopicPartition(answer.topic, answer.partition)
                low, high = self._asking.get_watermark_offsets(where, _ANSWER)
                total += high - (answer.offset if answer.offset >= 0 else low)
        except KafkaException:
            return None
        return total

    def topic_made_anew(self) -> None:
        """The topic has another id now, and the offsets mean other records: what was seen before is forgotten."""
        self._marks.forget()
        self._mark = self._marks.mark(self._topic)
        self._looks.clear()

    def commits(self) -> list[Commit]:
        """All that was seen."""
        return [
            Commit("observer", look.at, look.wall_ms, where, offset, self.resolved(offset, metadata))
            for look in self._looks
            for where, offset, metadata in look.committed
            if self.is_of_this_topic(offset, metadata)
        ]

    def is_of_this_topic(self, offset: int, metadata: str) -> bool:
        """False for a commit whose metadata says that it counts the records of an earlier topic of this name: a new
        owner makes nothing of it."""
        return mark_of(offset, metadata) in (None, self._mark)

    def resolved(self, offset: int, metadata: str) -> Sequence[Range]:
        """What metadata of the topic as it is now calls resolved above the offset."""
        return decode(offset, metadata, self._mark).resolved

    def committed(self) -> dict[int, Committed]:
        """Offsets and metadata as they stand, by partition. Raises KafkaException when the broker cannot be asked."""
        answers = self._asking.committed(self._partitions, _ANSWER)
        return {a.partition: Committed(a.offset, a.metadata or "") for a in answers if a.offset >= 0}

    def close(self) -> None:
        """End it, after a last look. Once is enough."""
        if self._closed:
            return
        self._closed = True
        self._thread.close()
        self._look()
        self._sampling.close()
        self._asking.close()

    def _look(self) -> None:
        try:
            answers = self._sampling.committed(self._partitions, _ANSWER)
        except KafkaException:
            return
        committed = [((a.topic, a.partition), a.offset, a.metadata or "") for a in answers if a.offset >= 0]
        self._looks.append(_Look(time.monotonic(), time.time_ns() // 1_000_000, self._mark, committed))


def sample(admin: str, pid: int) -> Sample | None:
    """What a process says of itself now; None when it does not answer."""
    asked = time.monotonic()
    try:
        text = httpx2.get(f"{admin}metrics", timeout=_ANSWER).raise_for_status().text
        rss = resident(pid)
    except (httpx2.HTTPError, OSError):
        return None
    metrics: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if family.type in ("counter", "gauge"):
            # A counter with labels that never counted has no sample.
            metrics.setdefault(f"{family.name}_total" if family.type == "counter" else family.name, 0.0)
            for each in family.samples:
                metrics[each.name] = metrics.get(each.name, 0.0) + each.value
    return Sample(asked, metrics, rss)


def resident(pid: int) -> float:
    """Resident memory of a process in MiB; 0 where the system does not tell. Raises OSError when it is gone."""
    if sys.platform != "linux":
        return 0.0
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0  # a process that has just ended, and is not yet waited for
