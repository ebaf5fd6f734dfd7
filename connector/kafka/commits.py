"""Commits of progress: one in flight, only for partitions that are ours, never backwards."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from connector.delivery.lease import Lease
from connector.delivery.progress import PartitionProgress, Range
from connector.delivery.record import Claim, Record
from connector.kafka.intents import Intents, withdraw
from connector.kafka.journal import LIMIT, UNKNOWN_TOPIC, Note, encode
from connector.kafka.watch import KafkaWatch

AGAIN = 0.2
"""Seconds between a commit that failed and the next."""

_FROM_OUR_GROUP = (
    KafkaError.REBALANCE_IN_PROGRESS,
    KafkaError.OFFSET_METADATA_TOO_LARGE,
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
)
"""Refusals by which the coordinator shows that it knows us as a member."""

Sent: TypeAlias = "dict[tuple[str, int], tuple[Claim, int]]"
"""A commit under way: topic and partition to the claim and the watermark sent."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What an earlier claim of ours resolved in a partition. Not all of it may have been committed: the broker was
    away, or the commit was refused. ``progress`` still hears of requests that were in flight when the claim ended."""

    mark: str
    acknowledged: int | None
    progress: PartitionProgress

    def resolved(self, committed: int, mark: str) -> list[Range]:
        """Resolved ranges above the group's committed offset; none where offsets may mean other records now: the topic
        is another, or somebody has set the group back."""
        watermark = self.progress.watermark
        if mark == UNKNOWN_TOPIC or mark != self.mark or watermark is None or committed < (self.acknowledged or 0):
            return []
        return [(committed, watermark), *self.progress.resolved_above()]


class Committer:
    """Belongs to the Kafka thread."""

    def __init__(self, watch: KafkaWatch, lease: Lease, look_ahead: int, *, exact: bool) -> None:
        """``lease`` is renewed by the group's answers. ``look_ahead``: as many records as may be read, and sent, before
        the next commit is acknowledged. ``exact``: what is about to be sent is written down before, through
        ``intents``."""
        self._watch = watch
        self._lease = lease
        self._sent_at = float("-inf")
        self._look_ahead = look_ahead
        self._exact = exact
        self._limit = self._tried = LIMIT
        self._not_before = 0.0
        self.intents = Intents()
        self._marks: dict[Claim, str] = {}
        self._touched: set[Claim] = set()
        self._sent: Sent | None = None
        self._acknowledged: dict[Claim, int] = {}

    @property
    def in_flight(self) -> bool:
        """A commit has been sent and not been answered."""
        return self._sent is not None

    @property
    def settled(self) -> bool:
        """All progress is committed and acknowledged."""
        return self._sent is None and not self._touched

    def adopt(self, claim: Claim, mark: str, committed: int | None) -> None:
        """A partition is ours: its topic's mark, and the offset committed before (None: none)."""
        self._marks[claim] = mark
        if committed is not None:
            self._acknowledged[claim] = committed

    def mark(self, claim: Claim) -> str:
        """The mark of the topic that the claim was made on."""
        return self._marks[claim]

    def memory(self, claim: Claim) -> Memory:
        """What is known of this claim's partition, to be kept beyond the claim."""
        return Memory(self._marks[claim], self._acknowledged.get(claim), claim.progress)

    def touch(self, claim: Claim) -> None:
        """The progress of this claim has changed."""
        self._touched.add(claim)

    def drop(self, claim: Claim) -> None:
        """The partition is ours no more: nothing of it is committed from here on."""
        self._touched.discard(claim)
        self._acknowledged.pop(claim, None)
        self._marks.pop(claim, None)

    def withdraw(self, records: Iterable[Record]) -> None:
        """These records were to be sent, and certainly had no effect."""
        for record in records:
            if not record.claim.released:
                withdraw(record)
                self._touched.add(record.claim)

    def release(self, claims: Iterable[Claim]) -> None:
        """These claims are about to be given up: nothing is sent for them any more."""
        self.intents.release(set(claims))

    def commit(self, consumer: Consumer) -> None:
        """Send what has changed, unless a commit is in flight. Does not block."""
        if self._sent is not None:
            return
        if self._exact:
            self._touched |= self.intents.note()
        now = time.monotonic()
        if not self._touched and now - self._sent_at > self._lease.seconds / 3:
            # Nothing has changed; the answer says that we are still a member.
            self._touched.update(itertools.islice((c for c in self._marks if c.progress.watermark is not None), 1))
        if not self._touched or now < self._not_before:
            return
        claims, offsets = self._offsets(self._touched)
        self._touched.clear()
        if not offsets:
            return
        self._sent = claims
        self._sent_at = now
        self.intents.sent()
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            self.answered(error.args[0], offsets)

    def answered(self, error: KafkaError | None, partitions: list[TopicPartition]) -> None:
        """The broker's answer to ``commit`` (librdkafka's on_commit callback). Only now is progress durable."""
        sent, self._sent = self._sent or {}, None
        if error is not None:
            self._failed(sent, error, self._sent_at)
            self.intents.written(())
            return
        self.intents.written(
            entry[0] for p in partitions if p.error is None and (entry := sent.get((p.topic, p.partition))) is not None
        )
        for partition in partitions:
            entry = sent.pop((partition.topic, partition.partition), None)
            if entry is None:
                continue
            if partition.error is not None:
                self._failed({(partition.topic, partition.partition): entry}, partition.error, self._sent_at)
            else:
                self._lease.renew(self._sent_at)
                self._acknowledge(*entry)
        self._watch.committed(len(partitions))

    def commit_now(self, consumer: Consumer, claims: Iterable[Claim]) -> None:
        """Commit these claims' progress and wait for the answer (at most librdkafka's request time-out).

        What is in flight is sent again: its answer may come too late to be acted on.
        """
        under_way = {claim for claim, _ in (self._sent or {}).values()} | self._touched
        sent, offsets = self._offsets(claim for claim in claims if claim in under_way)
        if not offsets:
            return
        sent_at = time.monotonic()
        try:
            answers = consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            self._failed(sent, error.args[0], sent_at)
            return
        for answer in answers:
            entry = sent[answer.topic, answer.partition]
            if answer.error is not None:
                self._failed({(answer.topic, answer.partition): entry}, answer.error, sent_at)
            else:
                self._lease.renew(sent_at)
                self._touched.discard(entry[0])
                self._acknowledge(*entry)
        self._watch.committed(len(answers))

    def forget_in_flight(self) -> None:
        """The consumer is gone, and with it the answer to a commit in flight."""
        self._sent = None
        self.intents.written(())

    def _offsets(self, claims: Iterable[Claim]) -> tuple[Sent, list[TopicPartition]]:
        sent: Sent = {}
        offsets: list[TopicPartition] = []
        self._tried = self._limit
        for claim in claims:
            watermark = claim.progress.watermark
            if watermark is None:
                continue
            if watermark < self._acknowledged.get(claim, 0):
                raise AssertionError(f"{claim}: watermark {watermark} below the committed {self._acknowledged[claim]}")
            metadata = encode(watermark, self._note(claim, watermark), self._marks[claim], self._limit)
            offsets.append(TopicPartition(claim.topic, claim.partition, watermark, metadata))
            sent[claim.topic, claim.partition] = (claim, watermark)
        return sent, offsets

    def _note(self, claim: Claim, watermark: int) -> Note:
        progress = claim.progress
        if self._exact:
            return Note(progress.resolved_above(), progress.in_doubt(), exact=True)
        # What an earlier owner left in doubt stays so until it is resolved; of ours, all that may be sent before the
        # next commit. After a release nothing more is read.
        bound = max((end for _, end in progress.in_doubt()), default=watermark)
        if not claim.released:
            bound = max(bound, (progress.position or 0) + self._look_ahead)
        elif progress.unresolved:
            bound = max(bound, progress.position or 0)
        return Note(progress.resolved_above(), [(watermark, bound)] if bound > watermark else ())

    def _acknowledge(self, claim: Claim, watermark: int) -> None:
        if not claim.released:
            self._acknowledged[claim] = max(watermark, self._acknowledged.get(claim, 0))

    def _failed(self, sent: Sent, error: KafkaError, sent_at: float) -> None:
        if error.code() in _FROM_OUR_GROUP:
            self._lease.renew(sent_at)
        self._touched |= {claim for claim, _ in sent.values() if not claim.released}
        self._not_before = time.monotonic() + AGAIN
        message = error.str()
        if error.code() == KafkaError.OFFSET_METADATA_TOO_LARGE:
            message += ": raise offset.metadata.max.bytes to 4096 on the brokers"
            if not self._exact:
                # Fewer ranges: more duplicates after a crash, but no standstill. Once for all partitions of a commit.
                self._limit = self._tried // 2
        self._watch.commit_failed(message)
