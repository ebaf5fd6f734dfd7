"""Mistakes that the connector could make, each built into a process on demand: the invariants must notice every one."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from confluent_kafka import TopicPartition

import connector.kafka.clients
import connector.kafka.journal
import connector.kafka.ownership
from connector.delivery.lane import Flush, Lane
from connector.delivery.record import Claim, Record
from connector.kafka.buffer import Buffer
from connector.kafka.commits import Memory
from connector.kafka.source import Source
from connector.kafka.topics import TopicMarks
from tests.chaos.patching import replace


def commit_polled() -> None:
    """Commits the offset after the highest one that was read."""

    def make(base: Any) -> Any:
        class Mutated(base):  # type: ignore[misc]
            def __init__(self, config: dict[str, Any]) -> None:
                super().__init__(config)
                self.highest: dict[tuple[str, int], int] = {}

            def poll(self, *how: Any) -> Any:
                message = super().poll(*how)
                self.note([] if message is None else [message])
                return message

            def consume(self, *how: Any) -> Any:
                messages = super().consume(*how)
                self.note(messages)
                return messages

            def note(self, messages: Any) -> None:
                for message in messages:
                    if message.error() is None:
                        self.highest[message.topic(), message.partition()] = message.offset() + 1

            def commit(self, **how: Any) -> Any:
                where = [(p.topic, p.partition) for p in how["offsets"]]
                how["offsets"] = [TopicPartition(*key, self.highest[key]) for key in where if key in self.highest]
                return super().commit(**how)

        return Mutated

    replace(connector.kafka.clients, "Consumer", make)


def clean_on_send() -> None:
    """Counts a commit as acknowledged when it is sent."""

    def make(base: Any) -> Any:
        class Mutated(base):  # type: ignore[misc]
            def commit(self, **how: Any) -> Any:
                answer = super().commit(**how)
                if how["asynchronous"]:
                    self.told(None, how["offsets"])
                return answer

            def _answered(self, error: Any, partitions: Any) -> None:
                self._trace_answers(error, partitions)

        return Mutated

    replace(connector.kafka.clients, "Consumer", make)


def mark_on_send() -> None:
    """Counts leads as delivered when their request is begun."""
    sources: list[Source] = []
    marked: set[Record] = set()

    def init(original: Any) -> Any:
        def call(self: Source, *arguments: Any, **more: Any) -> None:
            original(self, *arguments, **more)
            sources.append(self)

        return call

    def settle(original: Any) -> Any:
        def call(self: Source, records: list[Record], **how: Any) -> None:
            original(self, [record for record in records if record not in marked], **how)

        return call

    def take(original: Any) -> Any:
        def call(self: Lane, *arguments: Any, **more: Any) -> Any:
            batch = original(self, *arguments, **more)
            if batch is not None:
                records = [s.record for s in batch.shipments if s.record not in marked]
                sources[-1].settle(records, resolved=True)
                marked.update(records)
            return batch

        return call

    replace(Source, "__init__", init)
    replace(Source, "settle", settle)
    replace(Lane, "take", take)


def skip_crc() -> None:
    """Believes metadata whatever its checksum says, and so also at another offset."""
    replace(connector.kafka.journal, "zlib", lambda _original: SimpleNamespace(crc32=lambda *_: 0))


def skip_topic_mark() -> None:
    """Believes metadata of another topic that had the same name."""
    replace(TopicMarks, "mark", lambda _original: lambda _self, _topic: "0" * 10)


def no_metadata() -> None:
    """Never restores what the metadata says."""
    replace(
        connector.kafka.ownership,
        "decode",
        lambda original: lambda watermark, _metadata, mark: original(watermark, "", mark),
    )


def drop_memory() -> None:
    """Forgets what the process itself resolved in partitions that left it."""
    replace(Memory, "resolved", lambda _original: lambda _self, *_: [])


def ignore_release() -> None:
    """Sends the leads of partitions that have left."""
    replace(Claim, "released", lambda _slot: property(lambda _self: False, lambda _self, _value: None))


def swallow_dead_letter() -> None:
    """Counts a dead letter as written when it is handed to the producer."""

    def make(base: Any) -> Any:
        class Mutated(base):  # type: ignore[misc]
            def produce(self, topic: str, *rest: Any, on_delivery: Callable[..., None], **more: Any) -> None:
                super().produce(topic, *rest, **more)
                message = SimpleNamespace(
                    error=lambda: None, topic=lambda: topic, partition=lambda: 0, offset=lambda: 0
                )
                on_delivery(None, message)

        return Mutated

    replace(connector.kafka.clients, "Producer", make)


def unbounded() -> None:
    """Never finds the buffer full."""
    replace(Buffer, "room", lambda _original: lambda _self, *_: 1_000_000)


def retry_never() -> None:
    """Forgets the leads of a request that failed."""

    def take(original: Any) -> Any:
        def call(self: Lane, *arguments: Any, **more: Any) -> Any:
            while (batch := original(self, *arguments, **more)) is not None and batch.flush is Flush.RETRY:
                self.abandon(batch)
            return batch

        return call

    replace(Lane, "take", take)


MUTATIONS: dict[str, Callable[[], None]] = {
    mutation.__name__.replace("_", "-"): mutation
    for mutation in (
        clean_on_send,
        commit_polled,
        drop_memory,
        ignore_release,
        mark_on_send,
        no_metadata,
        retry_never,
        skip_crc,
        skip_topic_mark,
        swallow_dead_letter,
        unbounded,
    )
}


def main() -> int:
    """Build each mutation into a process of its own, on top of the instruments, and end it. The exit code is 0 when all
    of what is replaced is there."""
    from tests.chaos import instruments
    from tests.chaos.trace import Trace

    failed = 0
    for mutation in MUTATIONS.values():
        if (child := os.fork()) == 0:
            trace = Trace(Path(os.devnull))
            instruments.install(trace, instruments.Crash(trace, None, 1), None)
            mutation()
            os._exit(0)
        failed += os.waitpid(child, 0)[1] != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
