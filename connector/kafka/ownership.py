"""Which partitions are ours: claims made at assignment, with the progress that was committed, and given up again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition

from connector.delivery.progress import PartitionProgress, normalized
from connector.delivery.record import Claim
from connector.kafka.commits import Committer, Memory
from connector.kafka.journal import decode
from connector.kafka.topics import TopicMarks
from connector.kafka.watch import KafkaWatch

COMMITTED_TIMEOUT = 10.0
"""Seconds to wait for the committed offsets of new partitions."""


class Ownership:
    """The claims that we hold. Belongs to the Kafka thread."""

    def __init__(self, committer: Committer, marks: TopicMarks, watch: KafkaWatch, *, from_end: bool) -> None:
        """``from_end``: partitions of which nothing is committed begin at their end, not their beginning."""
        self._committer = committer
        self._marks = marks
        self._watch = watch
        self._from_end = from_end
        self._claims: dict[tuple[str, int], Claim] = {}
        self._memories: dict[tuple[str, int], Memory] = {}

    def __iter__(self) -> Iterator[Claim]:
        return iter(list(self._claims.values()))

    def claim_on(self, topic: str, partition: int) -> Claim | None:
        """Our claim on a partition; None when it is not ours."""
        return self._claims.get((topic, partition))

    def holds(self, claim: Claim) -> bool:
        """True while this very claim is ours."""
        return self._claims.get((claim.topic, claim.partition)) is claim

    def partitions(self) -> list[TopicPartition]:
        """What is ours, as librdkafka names it."""
        return [TopicPartition(topic, partition) for topic, partition in self._claims]

    def take(self, consumer: Consumer, partitions: list[TopicPartition]) -> list[TopicPartition]:
        """Claim newly assigned partitions. Gives the positions to read them from.

        Asks the group for what is committed and the cluster for the topics' ids: blocks for two round trips, at most
        for their time-outs. Never raises for what a broker does.
        """
        claims: list[Claim] = []
        positions: list[TopicPartition] = []
        restored = 0
        self._marks.forget()  # a topic may have been re-created since the last assignment
        answers, known = self._committed(consumer, partitions)
        for partition in answers:
            committed = start = partition.offset if partition.offset >= 0 else None
            if committed is None and known and partition.error is None and self._from_end:
                start = self._end(consumer, partition)
            mark = self._marks.mark(partition.topic)
            ranges = decode(committed, partition.metadata, mark) if committed is not None else []
            memory = self._memories.pop((partition.topic, partition.partition), None)
            if memory is not None and committed is not None:
                ranges = normalized([*ranges, *memory.resolved(committed, mark)])
            claims.append(
                self._hold(partition.topic, partition.partition, PartitionProgress(start, ranges), mark, committed)
            )
            if committed is None and start is not None:
                self._committer.touch(claims[-1])  # 'latest' is decided once: what comes from now on is never skipped
            restored += sum(end - first for first, end in ranges)
            position = OFFSET_INVALID if start is None else start
            positions.append(TopicPartition(partition.topic, partition.partition, position))
        self._watch.assigned(claims, restored)
        return positions

    def release(self, partitions: Iterable[TopicPartition]) -> list[Claim]:
        """Mark the claims on these partitions as released: no request starts for them any more. They stay ours, for
        the sake of their last commit, until ``drop``."""
        claims = [c for p in partitions if (c := self._claims.get((p.topic, p.partition))) is not None]
        for claim in claims:
            claim.released = True
        return claims

    def drop(self, claims: Iterable[Claim]) -> None:
        """These are ours no more: nothing of them is committed from here on."""
        for claim in claims:
            if self._claims.pop((claim.topic, claim.partition), None) is not None:
                self._memories[claim.topic, claim.partition] = self._committer.memory(claim)
                self._committer.drop(claim)

    def start_over(self, claim: Claim, offset: int) -> Claim:
        """The topic begins anew below our position (re-created, truncated): what we knew of it means nothing now."""
        self._watch.trouble(f"{claim}: offset {offset} comes after position {claim.progress.position}: starting over")
        claim.released = True
        self.drop([claim])
        del self._memories[claim.topic, claim.partition]
        self._marks.forget()
        mark = self._marks.mark(claim.topic)
        return self._hold(claim.topic, claim.partition, PartitionProgress(offset), mark, None)

    def _hold(self, topic: str, partition: int, progress: PartitionProgress, mark: str, committed: int | None) -> Claim:
        claim = Claim(topic, partition, progress)
        self._committer.adopt(claim, mark, committed)
        self._claims[topic, partition] = claim
        return claim

    def _committed(self, consumer: Consumer, partitions: list[TopicPartition]) -> tuple[list[TopicPartition], bool]:
        """What the group has committed, and whether that is known."""
        try:
            return (consumer.committed(partitions, COMMITTED_TIMEOUT) if partitions else []), True
        except KafkaException as error:
            # librdkafka then asks for the offset itself before it reads. What was resolved above it is not known:
            # that may send a lead twice, and loses none.
            self._watch.trouble(f"committed offsets: {error.args[0].str()}")
            return [TopicPartition(p.topic, p.partition, OFFSET_INVALID) for p in partitions], False

    def _end(self, consumer: Consumer, partition: TopicPartition) -> int | None:
        """The offset after a partition's last record; None when it cannot be had."""
        where = TopicPartition(partition.topic, partition.partition)
        try:
            offsets = consumer.get_watermark_offsets(where, COMMITTED_TIMEOUT)
        except KafkaException as error:
            self._watch.trouble(f"end of {where.topic}[{where.partition}]: {error.args[0].str()}")
            return None
        return None if offsets is None else offsets[1]
