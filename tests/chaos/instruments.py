"""What a case may have built into a connector process: the trace, a crash at a step, another clock, refused commits.

The names of the connector that are relied on stand in ``install`` and in the class below it; all are public ones.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
from confluent_kafka import Consumer, KafkaException, TopicPartition

import connector.kafka.clients
from connector.delivery.intake import Intake
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.kafka.source import Source
from connector.ucontact.client import UContact
from tests.chaos.patching import replace
from tests.chaos.trace import Trace

STEPS = ("polled", "sent", "answer", "marked", "committed")
"""Where a process can be made to kill itself: records handed over; request written, no answer yet; answer read, nothing
marked; a record resolved, not committed; a commit acknowledged."""
TOO_LONG = "x" * 5000
"""Metadata that the broker refuses (offset.metadata.max.bytes is 4,096 by default)."""


class Crash:
    """SIGKILL to this process when a step is reached for the n-th time."""

    def __init__(self, trace: Trace, step: str | None, count: int) -> None:
        self._trace = trace
        self._step = step
        self._left = count

    def at(self, step: str) -> None:
        """A step is reached."""
        if step == self._step:
            self._left -= 1
            if self._left == 0:
                self._trace.write("crash", step=step)
                os.kill(os.getpid(), signal.SIGKILL)


class Claims:
    """Numbers of the claims of this process, and which record each body stands for that may be sent."""

    def __init__(self) -> None:
        self.numbers: dict[Claim, int] = {}
        self._records: dict[int, tuple[bytes, Record]] = {}
        self._bodies: dict[Record, int] = {}

    def sendable(self, body: bytes, record: Record) -> None:
        """A record was mapped. The body is kept, so that its identity stays its own."""
        self._records[id(body)] = (body, record)
        self._bodies[record] = id(body)

    def settled(self, record: Record) -> None:
        """A record has its outcome, or was forgotten: it must not be sent any more."""
        self._records.pop(self._bodies.pop(record, 0), None)

    def leads(self, bodies: list[bytes]) -> tuple[dict[int, list[int]], int]:
        """Offsets by the number of their claim, and how many bodies no outstanding record stands for."""
        found: dict[int, list[int]] = {}
        unknown = 0
        for body in bodies:
            if (known := self._records.get(id(body))) is None:
                unknown += 1
            else:
                found.setdefault(self.numbers[known[1].claim], []).append(known[1].offset)
        return found, unknown


def install(trace: Trace, crash: Crash, refuse_commits: Path | None) -> None:
    """Build the instruments in. Before anything of the connector runs. Raises MissingTargetError."""
    claims = Claims()

    class Traced(TracedConsumer):
        wires = SimpleNamespace(trace=trace, crash=crash, refuse_commits=refuse_commits)

    replace(connector.kafka.clients, "Consumer", lambda _original: Traced)
    replace(Claim, "__init__", lambda original: _claim(original, claims, trace))
    replace(Shipment, "__init__", lambda original: _shipment(original, claims))
    replace(Source, "settle", lambda original: _settle(original, claims))
    replace(UContact, "post", lambda original: _post(original, claims, trace, crash))
    replace(Intake, "receive", lambda original: _after(original, lambda: crash.at("polled")))
    replace(PartitionProgress, "resolve", lambda original: _after(original, lambda: crash.at("marked")))
    replace(aiohttp.ClientSession, "__init__", lambda original: _session(original, crash))


class TracedConsumer(Consumer):
    """The consumer, watched where it meets librdkafka."""

    wires: Any
    fetched = 0.0
    """When a consumer of this process last asked for committed offsets."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.told: Callable[..., None] = config.get("on_commit", lambda *_: None)
        super().__init__({**config, "on_commit": self._answered} if "on_commit" in config else config)

    def subscribe(self, topics: list[str], **callbacks: Any) -> None:  # type: ignore[override]
        """As Consumer's; a revocation is traced when its callback has returned."""
        for name in ("on_revoke", "on_lost"):
            if name in callbacks:
                callbacks[name] = self._revocation(callbacks[name], lost=name == "on_lost")
        super().subscribe(topics, **callbacks)

    def committed(self, partitions: list[TopicPartition], *arguments: Any) -> list[TopicPartition]:
        """As Consumer's."""
        TracedConsumer.fetched = time.monotonic()
        return super().committed(partitions, *arguments)

    def commit(self, **how: Any) -> list[TopicPartition] | None:  # type: ignore[override]
        """As Consumer's. While commits are to be refused they carry what the broker really refuses."""
        offsets = how["offsets"]
        if (refuse := self.wires.refuse_commits) is not None and refuse.exists():
            how["offsets"] = [TopicPartition(p.topic, p.partition, p.offset, TOO_LONG) for p in offsets]
        try:
            answers: list[TopicPartition] | None = super().commit(**how)
        except KafkaException as error:
            if not how["asynchronous"]:
                self.wires.trace.write("refused", p=_names(offsets), error=str(error))
            raise
        if answers is not None:
            self._trace_answers(None, answers)
            self.wires.crash.at("committed")
        return answers

    def _answered(self, error: Any, partitions: list[TopicPartition]) -> None:
        self._trace_answers(error, partitions)
        self.told(error, partitions)
        if error is None:
            self.wires.crash.at("committed")

    def _trace_answers(self, error: Any, partitions: list[TopicPartition]) -> None:
        good = [p for p in partitions if error is None and p.error is None]
        bad = [p for p in partitions if error is not None or p.error is not None]
        if good:
            answers = [[p.topic, p.partition, p.offset, p.metadata or ""] for p in good]
            self.wires.trace.write("committed", p=answers)
        if bad:
            self.wires.trace.write("refused", p=_names(bad), error=str(error or bad[0].error))

    def _revocation(self, callback: Callable[..., None], *, lost: bool) -> Callable[..., None]:
        def call(consumer: Consumer, partitions: list[TopicPartition]) -> None:
            callback(consumer, partitions)
            self.wires.trace.write("revoked", p=_names(partitions), lost=lost)

        return call


def _names(partitions: list[TopicPartition]) -> list[list[object]]:
    return [[p.topic, p.partition] for p in partitions]


def _claim(original: Any, claims: Claims, trace: Trace) -> Any:
    def init(self: Claim, topic: str, partition: int, *rest: Any, **more: Any) -> None:
        original(self, topic, partition, *rest, **more)
        number = claims.numbers[self] = len(claims.numbers) + 1
        trace.write("claim", n=number, topic=topic, partition=partition, fetched=TracedConsumer.fetched)

    return init


def _shipment(original: Any, claims: Claims) -> Any:
    def init(self: Shipment, *arguments: Any, **more: Any) -> None:
        original(self, *arguments, **more)
        claims.sendable(self.lead.body, self.record)

    return init


def _settle(original: Any, claims: Claims) -> Any:
    def settle(self: Source, records: list[Record], **how: Any) -> None:
        for record in records:
            claims.settled(record)
        original(self, records, **how)

    return settle


def _post(original: Any, claims: Claims, trace: Trace, crash: Crash) -> Any:
    numbers = iter(range(1, 1 << 62))

    async def post(self: UContact, destination: Any, contacts: list[bytes], *rest: Any, **more: Any) -> Any:
        number = next(numbers)
        leads, unknown = claims.leads(contacts)
        trace.write("request", n=number, leads=leads, unknown=unknown)
        kind = "cancelled"
        try:
            answer = await original(self, destination, contacts, *rest, **more)
            kind = answer.kind.value
        finally:
            trace.write("answer", n=number, kind=kind)
        crash.at("answer")
        return answer

    return post


def _after(original: Any, then: Callable[[], None]) -> Any:
    def call(*arguments: Any, **more: Any) -> Any:
        result = original(*arguments, **more)
        then()
        return result

    return call


def _session(original: Any, crash: Crash) -> Any:
    """aiohttp says when it hands a body to the connection; two turns of the loop later the kernel has it."""

    async def written(_session: object, ctx: SimpleNamespace, _parameters: object) -> None:
        def look() -> None:
            if not getattr(ctx, "ended", False):
                crash.at("sent")

        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, loop.call_soon, look)

    async def ended(_session: object, ctx: SimpleNamespace, _parameters: object) -> None:
        ctx.ended = True

    def init(self: aiohttp.ClientSession, *arguments: Any, **more: Any) -> None:
        watch = aiohttp.TraceConfig()
        watch.on_request_chunk_sent.append(written)
        watch.on_request_end.append(ended)
        original(self, *arguments, **{**more, "trace_configs": [*(more.get("trace_configs") or ()), watch]})

    return init
