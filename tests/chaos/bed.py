"""One case: topics, the API, connectors, a load, and everything that watches them, all ended with the case.

A case is written as: load, fault, healing, ``recover``, ``check``.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from testbed import groups, topics
from testbed.broker import Broker
from testbed.groups import Committed
from testbed.waiting import until
from tests.chaos import invariants, results
from tests.chaos.actors import Api, Member, with_defaults
from tests.chaos.evidence import Accepted, Commit, Evidence, Recovery, Run
from tests.chaos.invariants import Report
from tests.chaos.load import Feed
from tests.chaos.observer import Observer, Repeated
from tests.chaos.session import set_session
from tests.chaos.set_aside import read_set_aside
from tests.integration.bed import LIMIT

MEMORY = 250.0
"""MiB that a connector may take; without instruments 133 with a million leads waiting (docs/performance.md)."""
PROTOCOLS = ("classic", "consumer")


class Case:
    """A context manager; ``name`` is the row of the fault matrix."""

    def __init__(
        self,
        folder: Path,
        broker: Broker,
        name: str,
        protocol: str = "classic",
        *,
        mutation: str | None = None,
        partitions: int = 6,
        hubs: Mapping[str, str] | None = None,
        dead_topic: bool = True,
        limit: float = LIMIT,
        memory_limit: float = MEMORY,
    ) -> None:
        """``mutation``: what is wrong with every connector of the case. ``dead_topic``: whether there is one from the
        start. ``limit``: seconds to recover in."""
        self.folder = folder
        self.broker = broker
        self.name = name
        self.protocol = protocol
        self.group = f"chaos-{uuid.uuid4().hex[:12]}"
        self.topic = f"leads-{self.group}"
        self.dead = f"dead-{self.group}"
        self.parking: list[str] = []
        """Review and retry topics, for a case that has them."""
        self.refuse_commits = folder / "refuse-commits"
        """While this file exists, the broker refuses every commit."""
        self.clock = folder / "clock"
        """Seconds by which the clock of members with ``clock=True`` is wrong."""
        self._mutation = mutation
        self._partitions = partitions
        self._hubs = dict(hubs or {"sales": "telephony"})
        self._limit = limit
        self._dead_topic = dead_topic
        self._memory_limit = memory_limit
        self._members: list[Member] = []
        self._forgotten: set[int] = set()
        self._reset: float | None = None
        self._anew: float | None = None
        self._healed: float | None = None
        self._recovery: Recovery | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _open(self) -> None:
        bootstrap = self.broker.bootstrap_servers
        self.broker.create_topic(self.topic, self._partitions)
        if self._dead_topic:
            self.make_dead_topic()
        self._stack.callback(topics.delete_topics, bootstrap, [self.topic, self.dead])
        if self.protocol == "consumer":
            set_session(bootstrap, self.group)
        self.api = Api(self.folder, self._hubs)
        self._stack.callback(self.api.close)
        self.feed = Feed(bootstrap, self.topic, self._partitions)
        self._stack.callback(self.feed.close)
        self.observer = Observer(bootstrap, self.group, self.topic, self._partitions)
        self._stack.callback(self.observer.close)
        self._monitor = Repeated("monitor", self._sample)
        self._stack.callback(self._monitor.close)

    # Acting.

    def member(
        self,
        name: str = "one",
        *,
        changes: Mapping[str, Any] | None = None,
        bootstrap: str | None = None,
        clock: bool = False,
    ) -> Member:
        """A connector of the group, not started yet; ``changes`` to its configuration as in Connector, ``bootstrap``
        when it meets the brokers elsewhere than the case does."""
        instruments = ["--refuse-commits", str(self.refuse_commits)]
        if clock:
            instruments += ["--clock", str(self.clock)]
        member = Member(
            self.folder,
            name=name,
            mutation=self._mutation,
            instruments=instruments,
            bootstrap=bootstrap or self.broker.bootstrap_servers,
            topics=[self.topic],
            dead_letters=self.dead,
            sandbox=self.api.url,
            group=self.group,
            changes=with_defaults(self.protocol, changes or {}),
        )
        self._stack.callback(member.kill)
        self._members.append(member)
        return member

    def wait(self, condition: Callable[[], object], what: str, limit: float = LIMIT) -> None:
        """Wait for a condition. Raises TimeoutError with the ends of all logs, and AssertionError at once when a
        connector ends by itself."""

        def tails() -> str:
            return "\n".join(m.process.log_tail(15) for m in self._members if m.runs)

        def met() -> bool:
            for member in self._members:
                member.assert_alive()
            return bool(condition())

        until(met, limit=limit, what=what, details=tails, interval=0.02)

    def wait_accepted(self, count: int) -> None:
        """Wait until the API has accepted so many leads more."""
        goal = self.api.accepted() + count
        self.wait(lambda: self.api.accepted() >= goal, f"{count} leads more")

    def make_dead_topic(self) -> None:
        """The topic of dead letters; the time of a letter is when the broker had it."""
        self.broker.create_topic(self.dead, 1, {"message.timestamp.type": "LogAppendTime"})

    def make_topic_anew(self, prefix: str) -> None:
        """Delete the topic and make it again, and feed it with leads of another name. What was produced, committed and
        sent until now is no part of the case any more, and so are runs that have ended."""
        bootstrap = self.broker.bootstrap_servers
        self.feed.stop()
        topics.recreate_topic(bootstrap, self.topic, self._partitions)
        self.observer.topic_made_anew()
        self._anew = time.monotonic()
        self._forgotten |= {id(run) for member in self._members for run in member.runs if run.how != "running"}
        self.feed = Feed(bootstrap, self.topic, self._partitions, prefix)
        self._stack.callback(self.feed.close)

    def commit_as_a_tool(self, offsets: Mapping[int, Committed]) -> None:
        """Set what the group has committed, by partition. It must have no members."""
        self._reset = time.monotonic()
        groups.commit(self.broker.bootstrap_servers, self.group, self.topic, offsets)

    # Ending.

    def healed(self) -> None:
        """The fault is over: from now on the case recovers."""
        self._healed = time.monotonic()

    def recover(self) -> None:
        """Stop the load, and wait until everything is resolved and committed, without touching anything."""
        healed = self._healed or time.monotonic()
        self.feed.stop()
        last: list[int | None] = [None]

        def done() -> bool:
            last[0] = self.observer.lag()
            return last[0] == 0

        try:
            until(done, limit=self._limit, what="lag 0", interval=0.1)
        except TimeoutError:
            self._recovery = Recovery(None, self._limit, -1 if last[0] is None else last[0])
        else:
            self._recovery = Recovery(round(time.monotonic() - healed, 2), self._limit, 0)

    def report(self) -> Report:
        """End the connectors, gather the evidence and look at it."""
        return invariants.check_all(self._evidence())

    def check(self, *, duplicates: bool = False) -> None:
        """Assert that every invariant held, and write the result down. ``duplicates``: the fault is one that cannot but
        cost some; when there are none it met no request, and the case shows nothing."""
        report = self.report()
        results.append(report)
        assert report.duplicated or not duplicates, f"the fault met nothing: {report.text()}\n{self.folder}"
        assert not report.violations, f"{report.text()}\n{self.folder}"

    def _sample(self) -> None:
        for member in list(self._members):
            member.sample()

    def _evidence(self) -> Evidence:
        assert self._recovery is not None, "a case recovers before it is checked"
        self._monitor.close()
        for member in self._members:
            member.sample()
            member.finish()
        runs = [run for member in self._members for run in member.runs if id(run) not in self._forgotten]
        for run in runs:
            run.read_trace()
        self.observer.close()
        set_aside, copies = read_set_aside(self.broker.bootstrap_servers, self.dead, self.parking)
        return Evidence(
            case=self.name,
            protocol=self.protocol,
            produced=self.feed.produced,
            accepted=[Accepted(line["lead"], line["accepted_at"]) for line in self.api.ledger()],
            set_aside=set_aside,
            copies={position: lead for position, origin in copies.items() if (lead := self.feed.produced.get(origin))},
            commits=[*self.observer.commits(), *(commit for run in runs for commit in self._acknowledged(run))],
            runs=runs,
            reset=self._reset,
            anew=self._anew,
            recovery=self._recovery,
            memory_limit=self._memory_limit,
        )

    def _acknowledged(self, run: Run) -> list[Commit]:
        return [
            Commit(run.name, at, wall_ms, where, offset, self.observer.resolved(offset, metadata))
            for at, wall_ms, where, offset, metadata in run.committed
            if self.observer.is_of_this_topic(offset, metadata)
        ]
