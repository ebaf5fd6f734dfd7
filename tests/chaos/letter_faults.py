"""Scenarios around the topics that the connector writes: dead letters that are refused, receipts and duplicates."""

from __future__ import annotations

import itertools
import json
from typing import Any

from testbed.topic_settings import refusing_writes
from tests.chaos import scenarios
from tests.chaos.bed import Case
from tests.integration.bed import as_json, count, lead, read_all

POISON = 12
REFUSED = "a letter cannot be written; its partition's progress waits"


def dead_letters_refused(case: Case) -> None:
    """Records that are no leads, while the dead-letter topic is there and takes nothing; then it does again."""
    scenarios.under_load(case)
    member = case.member().start()
    case.wait_accepted(300)
    with refusing_writes(case.broker.bootstrap_servers, case.dead):
        case.feed.close()  # the stream goes on below: a feed is not for two threads
        for number in range(POISON):
            case.feed.put(b"garbage", f"poison-{number}", number % 2)
        case.feed.flush()
        first = {
            n: min(o for (_, p, o), name in case.feed.produced.items() if p == n and str(name).startswith("poison"))
            for n in (0, 1)
        }
        case.feed.start(scenarios.RATE)
        case.wait(lambda: member.events(REFUSED), "a letter to be refused")
        offset = {number: at.offset for number, at in case.observer.committed().items()}
        case.wait_accepted(600)
        case.wait(
            lambda: all(case.observer.committed()[n].offset > offset[n] + 50 for n in (2, 3, 4, 5)),
            "commits of the partitions that have no poison",
        )
        ends = {n: case.observer.committed()[n].offset for n in (0, 1)}
        assert all(ends[n] <= first[n] for n in (0, 1)), "committed beyond what was not set aside"
    case.healed()
    case.wait(lambda: member.metric("leads_outcome_total", outcome="dead_letter") >= POISON, "the dead letters")
    case.wait_accepted(300)
    case.recover()


def once(receipts: str) -> dict[str, Any]:
    """Changes to the configuration with which duplicates are found, also across restarts."""
    return {"receipts": {"topic": receipts}, "duplicates": {"key": "eventId"}}


class Twice:
    """Writes each event twice on its partition, the second time some leads later."""

    APART = 60

    def __init__(self, case: Case) -> None:
        self._case = case
        self._numbers = itertools.count()
        self.names: set[str] = set()

    def load(self, leads: int) -> None:
        """So many leads, twice as many records; returns when all are acknowledged."""
        for _ in range(leads // self.APART):
            events = [(n, lead(n, "twice")) for n in itertools.islice(self._numbers, self.APART)]
            for number, event in events * 2:
                self.names.add(event["eventId"])
                self._case.feed.put(as_json(event), event["eventId"], number % 6)
        self._case.feed.flush()


def killed_with_receipts(case: Case, receipts: str, *, takeover: bool) -> Twice:
    """kill -9 under a load of events that come twice; started again, or ``takeover`` by a second member."""
    twice = Twice(case)
    case.api.fault(**scenarios.SLOW)
    one = case.member("one", changes=once(receipts)).start()
    two = case.member("two", changes=once(receipts)).start() if takeover else one
    share = 3 if takeover else 6
    case.wait(lambda: one.metric("kafka_partitions") == two.metric("kafka_partitions") == share, "partitions shared")
    twice.load(1800)
    case.wait(lambda: one.delivered() >= 100 and two.delivered() >= 100, "leads delivered")
    twice.load(1800)
    one.kill()
    case.healed()
    if not takeover:
        one.start(ready=False)
    twice.load(600)
    case.recover()
    return twice


def last_receipts(case: Case, receipts: str) -> dict[str, dict[str, Any]]:
    """What the last receipt of each lead says."""
    bootstrap = case.broker.bootstrap_servers
    found: dict[str, dict[str, Any]] = {}
    for each in read_all(bootstrap, receipts, count(bootstrap, receipts)):
        found[each["key"].decode()] = json.loads(each["value"])
    return found
