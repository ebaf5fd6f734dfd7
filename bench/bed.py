"""What every part of the benchmark stands on: Kafka, a registry, the sink, and topics with leads."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench import registry as registries
from bench.data import PARTITIONS, Framer, backlog
from bench.paths import WORK
from bench.program import Sink
from testbed import provision
from testbed.broker import Broker
from testbed.topics import delete_topics


@dataclass(frozen=True)
class Bed:
    """Everything is up."""

    broker: Broker
    registry: str
    framer: Framer
    sink: Sink
    console: Console
    topics: list[str] = field(default_factory=list)
    """All that were made; they go when the bed does, for Kafka may be somebody else's."""

    @property
    def bootstrap(self) -> str:
        """The brokers' addresses."""
        return self.broker.bootstrap_servers

    def topic(self, leads: int = 0) -> str:
        """A new topic (and its dead-letter topic) with so many leads waiting."""
        name = f"bench-{uuid4().hex[:8]}"
        for topic, partitions in ((name, PARTITIONS), (f"{name}.dead", 1)):
            self.broker.create_topic(topic, partitions)
            self.topics.append(topic)
        if leads:
            self._fill(name, leads)
        return name

    def _fill(self, topic: str, leads: int) -> None:
        columns = (TextColumn("writing leads"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True) as progress:
            task = progress.add_task("", total=leads)
            size = backlog(self.bootstrap, topic, self.framer, leads, lambda n: progress.update(task, completed=n))
        self.console.print(f"{leads:,} leads of {size / leads:.0f} bytes in {PARTITIONS} partitions")


@contextmanager
def bed(console: Console, *, real_registry: bool) -> Iterator[Bed]:
    """Bring it all up for as long as the block runs; the working folder is emptied first."""
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    with ExitStack() as running:
        broker = running.enter_context(provision.kafka())
        registry = running.enter_context(registries.real("leads") if real_registry else registries.minimal())
        sink = running.enter_context(Sink())
        made = Bed(broker, registry.url, Framer(registry.schema_id), sink, console)
        try:
            yield made
        finally:
            delete_topics(made.bootstrap, made.topics)
