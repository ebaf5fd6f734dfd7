"""Which partitions are ours: claims made at assignment, with the progress that was committed, and given up again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator

from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, TopicPartition

from connector.delivery.progress import PartitionProgress, normalized
from connector.delivery.record import Claim
from connector.kafka.commits import Committer, Memory
from connector.kafka.journal import NOTHING, UNKNOWN_TOPIC, Note, decode, mark_of
from connector.kafka.topics import TopicMarks
from connector.kafka.watch import KafkaWatch

ASK_TIMEOUT = 10.0
"""Seconds to wait for an answer about new partitions."""
ASK_LIMIT = 30.0
"""Seconds for which the committed offsets are asked for: reading without them costs duplicates."""

TOPIC_CHECK = 2.0
"""Seconds between two looks at whether the topics are still the same."""


class Ownership:
    """The claims that we hold. Belongs to the Kafka thread."""

    def __init__(
        self,
        committer: Committer,
        marks: TopicMarks,
        watch: KafkaWatch,
        *,
        from_end: Callable[[str], bool],
        exact: bool,
    ) -> None:
        """``from_end``: whether partitions of a topic of which nothing is committed begin at their end. ``exact``:
        only what a note says exactly is in doubt."""
        self._committer = committer
        self._marks = marks
        self._watch = watch
        self._from_end = from_end
        self._exact = exact
        self._claims: dict[tuple[str, int], Claim] = {}
        self._memories: dict[tuple[str, int], Memory] = {}
        self._asked = time.monotonic()
        self._asked_at: dict[Claim, int | None] = {}
        self._verified: dict[Claim, int | None] = {}
        """Positions up to which the records certainly were of the topic that the claim was made on."""

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

    def take(self, consumer: Consumer, partitions: list[TopicPartition]) -> list[Claim]:
        """Claim newly assigned partitions, each at the position to read it from.

        Asks the group for what is committed and the cluster for the topics' ids: blocks for two round trips, at most
        for their time-outs. Never raises for what a broker does.
        """
        claims: list[Claim] = []
        restored = 0
        self._marks.forget()  # a topic may have been re-created since the last assignment
        answers, known = self._committed(consumer, partitions)
        for partition in answers:
            committed = partition.offset if partition.offset >= 0 else None
            mark = self._marks.mark(partition.topic)
            start, note = committed, NOTHING
            if committed is not None and self._is_of_another_topic(partition, mark):
                self._watch.trouble(f"{partition.topic}: made anew since its offset {committed} was committed")
                start = self._first(consumer, partition)
            elif committed is not None:
                note = self._note(partition, committed, mark)
            elif known and partition.error is None:
                start = self._first(consumer, partition)
            progress = PartitionProgress(start, note.resolved, note.doubtful)
            acknowledged = None if start != committed else committed
            claim = self._hold(partition.topic, partition.partition, progress, mark, acknowledged)
            # Written at once: where 'latest' began is decided once, and a crash before the first commit leaves to know
            # what may have been sent.
            self._committer.touch(claim)
            restored += sum(end - first for first, end in note.resolved)
            claims.append(claim)
        self._watch.assigned(claims, restored)
        return claims

    def _is_of_another_topic(self, partition: TopicPartition, mark: str) -> bool:
        """True when the committed offset counts the records of an earlier topic of the same name."""
        committed_for = mark_of(partition.offset, partition.metadata)
        return committed_for is not None and UNKNOWN_TOPIC not in (mark, committed_for) and committed_for != mark

    def _note(self, partition: TopicPartition, committed: int, mark: str) -> Note:
        """What is known above the committed offset: from the group, and from an earlier claim of this process."""
        note = decode(committed, partition.metadata, mark)
        if self._exact and not note.exact:
            note = Note(note.resolved)
        memory = self._memories.pop((partition.topic, partition.partition), None)
        if memory is not None and (known := memory.resolved(committed, mark)):
            note = Note(normalized([*note.resolved, *known]), note.doubtful, note.exact)
        return note

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
                self._verified.pop(claim, None)

    def bounds(self, consumer: Consumer, topic: str, partition: int) -> tuple[int, int] | None:
        """A partition's first offset and the one after its last record; None when they cannot be had. Blocks for a
        round trip, at most ASK_TIMEOUT."""
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, partition), ASK_TIMEOUT)
        except KafkaException as error:
            self._watch.trouble(f"bounds of {topic}[{partition}]: {error.args[0].str()}")
            return None

    def is_same_topic(self, claim: Claim) -> bool:
        """False when the topic was made anew since the claim was made, or when that cannot be told."""
        self._marks.forget()
        mark = self._marks.mark(claim.topic)
        return mark != UNKNOWN_TOPIC and mark == self._committer.mark(claim)

    def made_anew(self) -> list[Claim]:
        """Claims on topics that were deleted and made again since: they have other records at the old offsets, and
        where they reach beyond our position no offset tells. Asks every few seconds; does not block."""
        if time.monotonic() - self._asked >= TOPIC_CHECK:
            self._asked = time.monotonic()
            known = {claim: claim.progress.position for claim in self if self._committer.mark(claim) != UNKNOWN_TOPIC}
            if self._marks.ask({claim.topic for claim in known}):
                self._asked_at = known
        topics = self._marks.answers()
        if not topics:
            return []
        anew: list[Claim] = []
        for claim, position in self._asked_at.items():
            mark = topics.get(claim.topic, UNKNOWN_TOPIC)
            if self.holds(claim) and mark != UNKNOWN_TOPIC:
                if mark == self._committer.mark(claim):
                    self._verified[claim] = position
                else:
                    anew.append(claim)
        return anew

    def start_over(self, claim: Claim, offset: int, *, anew: bool) -> Claim:
        """Claim the partition from this offset: what we knew of it means nothing now, the topic was re-created or
        truncated. ``anew``: re-created, and since when nobody knows. What was read since its id was last looked at may
        have been of the new topic already, so that is in doubt now."""
        position = claim.progress.position or 0
        since = self._verified.get(claim)
        doubtful = [(max(offset, position if since is None else since), position)] if anew else []
        claim.released = True
        self._committer.release([claim])
        self.drop([claim])
        del self._memories[claim.topic, claim.partition]
        self._marks.forget()
        progress = PartitionProgress(offset, (), doubtful)
        fresh = self._hold(claim.topic, claim.partition, progress, self._marks.mark(claim.topic), None)
        self._committer.touch(fresh)
        return fresh

    def _hold(self, topic: str, partition: int, progress: PartitionProgress, mark: str, committed: int | None) -> Claim:
        claim = Claim(topic, partition, progress)
        self._committer.adopt(claim, mark, committed)
        self._verified[claim] = progress.position
        self._claims[topic, partition] = claim
        return claim

    def _committed(self, consumer: Consumer, partitions: list[TopicPartition]) -> tuple[list[TopicPartition], bool]:
        """What the group has committed, and whether that could be had in time (one by one: see their errors)."""
        until = time.monotonic() + ASK_LIMIT
        while partitions:
            try:
                answers = consumer.committed(partitions, ASK_TIMEOUT)
                if all(answer.error is None for answer in answers) or time.monotonic() >= until:
                    return answers, True
                self._watch.trouble(f"committed offsets: {next(a.error for a in answers if a.error is not None)}")
            except KafkaException as error:
                self._watch.trouble(f"committed offsets: {error.args[0].str()}")
                if time.monotonic() >= until:
                    # librdkafka then asks for the offset itself before it reads. What was resolved above it is not
                    # known: that may send a lead twice, and loses none.
                    return [TopicPartition(p.topic, p.partition, OFFSET_INVALID) for p in partitions], False
            time.sleep(0.1)
        return [], True

    def _first(self, consumer: Consumer, partition: TopicPartition) -> int | None:
        """Where to begin in a partition without a commit of ours; None when it cannot be had."""
        offsets = self.bounds(consumer, partition.topic, partition.partition)
        return None if offsets is None else offsets[1 if self._from_end(partition.topic) else 0]


def position_of(claim: Claim) -> TopicPartition:
    """Where to read on, as librdkafka names it."""
    position = claim.progress.position
    return TopicPartition(claim.topic, claim.partition, OFFSET_INVALID if position is None else position)
