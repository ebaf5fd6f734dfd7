"""Leads for two hubs, one of which takes nothing: they share some partitions, and each has one of its own."""

from __future__ import annotations

import itertools
import time
from typing import Any

from testbed import groups, topics
from testbed.groups import Committed
from testbed.waiting import until
from tests.chaos.actors import Member
from tests.chaos.bed import Case
from tests.chaos.session import SESSION
from tests.integration.bed import as_json, lead

HUBS = {"sales": "telephony", "away": "telephony"}
PARTITIONS = 6
SHARED = range(4)
ALONE = {"sales": 4, "away": 5}
"""The partition that each hub has for itself."""
CONTACT = {"clientIds": "person.phones", "data": {"id": "eventId"}}
ROUTES: list[dict[str, Any]] = [
    {"name": "away", "when": "priority == 0", "hub": "away", "contact": CONTACT},
    {"name": "sales", "hub": "sales", "contact": CONTACT},
]
SOON = 45.0
"""Seconds for the partitions to be free of leads that are parked: far above ``park_after`` and the session."""
BUFFER = 600
"""Leads that the common buffer holds."""
MAKE: dict[str, Any] = {"hubs": HUBS, "partitions": PARTITIONS}
"""How a case must be made for these scenarios."""


class Leads:
    """Writes leads whose names begin with their hub's."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._numbers = itertools.count()
        self.written = dict.fromkeys(HUBS, 0)

    def put(self, hub: str, partition: int) -> None:
        """One lead; see ``Case.feed.flush``."""
        event = lead(next(self._numbers), hub)
        event["priority"] = 0 if hub == "away" else 1
        self._case.feed.put(as_json(event), event["eventId"], partition)
        self.written[hub] += 1

    def load(self, shared: int, alone: int) -> None:
        """So many for each hub on each shared partition, in turn, and on its own. Returns when all are acknowledged."""
        for _ in range(shared):
            for partition in SHARED:
                for hub in HUBS:
                    self.put(hub, partition)
        for hub, partition in ALONE.items():
            for _ in range(alone):
                self.put(hub, partition)
        self._case.feed.flush()

    def accepted(self, hub: str) -> int:
        """Leads of a hub that the API has, each as often as it accepted it."""
        return int(self._case.api.stats()["hubs"][hub]["accepted"])

    def wait_accepted(self, hub: str) -> None:
        """Until the API has all leads of the hub."""
        self._case.wait(lambda: self.accepted(hub) >= self.written[hub], f"all leads of {hub}")


def changes(retries: str | None = None, **delivery: Any) -> dict[str, Any]:
    """Changes to the configuration; with a retry topic leads are parked."""
    found: dict[str, Any] = {"routes": ROUTES, "delivery": {"buffer": {"max_leads": BUFFER}, **delivery}}
    if retries is not None:
        found["delivery"] |= {"park_after": "1s"}
        found["retries"] = {"topic": retries, "pause": "1s"}
    return found


def resting(case: Case, retries: str) -> int:
    """Records of the retry topic that the group has not resolved."""
    bootstrap = case.broker.bootstrap_servers
    committed = groups.committed(bootstrap, case.group, retries)
    ends = topics.log_offsets(bootstrap, retries)
    return sum(at.end - committed.get(number, Committed(at.start)).offset for number, at in ends.items())


def written(case: Case, retries: str) -> int:
    """Records that were ever written to the retry topic."""
    return sum(at.end for at in topics.log_offsets(case.broker.bootstrap_servers, retries).values())


def alone_is_done(case: Case) -> bool:
    """Whether the API has all leads of the partition that the hub which is there has for itself."""
    here = {name for (_, number, _), name in case.feed.produced.items() if number == ALONE["sales"]}
    return here <= case.api.counts().keys()


def wait_in_place(case: Case) -> None:
    """One hub is down for much longer than a session. Its leads wait where they are; the other's go on, on partitions
    that have none of the first to their end; nothing moves."""
    leads = Leads(case)
    leads.load(20, 50)
    member = case.member(changes=changes()).start()
    for hub in HUBS:
        leads.wait_accepted(hub)
    case.api.fault(kind="status", status=503, hub="away")
    began, rebalances = time.monotonic(), member.metric("kafka_rebalances_total")
    leads.load(300, 1500)
    case.wait(lambda: alone_is_done(case), "the other hub's own partition to its end")
    while time.monotonic() - began < 2 * SESSION:
        for _ in range(100):
            leads.put("sales", ALONE["sales"])
        case.feed.flush()
        case.wait(lambda: alone_is_done(case), "leads of the other hub to go on")
    assert member.metric("hubs_open") == 1
    assert member.metric("kafka_rebalances_total") == rebalances, "nothing moved"
    case.api.heal()
    case.healed()
    leads.load(20, 50)
    for hub in HUBS:
        leads.wait_accepted(hub)
    case.recover()


def falls_behind(case: Case) -> int:
    """One hub answers in time, but takes fewer leads than come. Gives how many rounds of 100 leads for the other hub,
    one after the other, were delivered while more waited for the first than the buffer holds."""
    leads = Leads(case)
    leads.load(20, 50)
    case.member(changes=changes(max_in_flight=1)).start()
    for hub in HUBS:
        leads.wait_accepted(hub)
    case.api.fault(kind="latency", distribution="fixed", ms=500, hub="away")
    for _ in range(2000):
        leads.put("away", ALONE["away"])
    case.feed.flush()
    rounds = 0
    while leads.written["away"] - leads.accepted("away") > BUFFER:
        for _ in range(100):
            leads.put("sales", ALONE["sales"])
        case.feed.flush()
        case.wait(lambda: alone_is_done(case), "leads of the other hub to go on")
        rounds += 1
    case.api.heal()
    case.healed()
    case.recover()
    return rounds


def parked_and_back(case: Case, retries: str, at: str = "", how: str = "", **more: Any) -> bool:
    """One hub is down, its leads go to the retry topic and come back. ``at``: ``parking`` or ``return``, in the midst
    of which the process is killed or told to stop (``how``), and started again; ``more``: sections of the
    configuration. Gives whether the other hub's leads all went on meanwhile."""
    leads = Leads(case)
    leads.load(10, 20)
    # One request at a time: the order in which leads come back is the order in which the API has them.
    member = case.member(changes=changes(retries, max_in_flight=1) | more).start()
    for hub in HUBS:
        leads.wait_accepted(hub)
    case.api.fault(kind="status", status=503, hub="away", label="down")
    leads.load(200, 800)
    if at == "parking":
        case.wait(lambda: written(case, retries) >= 100, "leads being parked")
        _end(case, member, how)
    case.wait(lambda: alone_is_done(case), "the other hub's own partition to its end")
    try:
        until(lambda: case.observer.lag() == 0, limit=SOON, what="nothing left on the topic itself", interval=0.2)
        isolated = True
        assert written(case, retries) >= leads.written["away"] - leads.accepted("away")
    except TimeoutError:
        isolated = False
    case.api.heal()
    if at == "return":
        case.api.fault(kind="latency", distribution="uniform", min_ms=20, max_ms=90)
        known = leads.accepted("away")
        case.wait(lambda: leads.accepted("away") >= known + 300, "leads coming back")
        _end(case, member, how)
    case.healed()
    leads.load(10, 20)
    for hub in HUBS:
        leads.wait_accepted(hub)
    case.wait(lambda: resting(case, retries) == 0, "nothing left on the retry topic")
    case.recover()
    return isolated


def _end(case: Case, member: Member, how: str) -> None:
    if how == "kill":
        member.kill()
    else:
        assert member.stop() == 0
    member.start(ready=False)
    case.wait(lambda: member.metric("kafka_partitions") > 0, "the partitions to come back")
