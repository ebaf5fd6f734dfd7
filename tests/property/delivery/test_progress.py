"""Progress, its journal and its commits, whatever order polls, outcomes, commits, crashes and restarts come in."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from confluent_kafka import KafkaError, TopicPartition
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connector.delivery.lease import Lease
from connector.delivery.progress import PartitionProgress, Range, Taken, normalized
from connector.delivery.record import Claim, Record
from connector.kafka.commits import Committer
from connector.kafka.journal import ALWAYS_FIT, LIMIT, NOTHING, Note, decode, encode, fits, mark_of, topic_mark
from tests.unit.kafka.watch import QuietWatch

MARK = topic_mark("a-topic-id")
LOOK_AHEAD = 40
REFUSED = KafkaError(KafkaError.REBALANCE_IN_PROGRESS)


class Group:
    """The broker's side of a group with one partition: what was committed last, and the commit that is under way."""

    def __init__(self, committed: tuple[int, str] | None) -> None:
        self.committed = committed
        self.under_way: TopicPartition | None = None

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> list[TopicPartition]:
        self.under_way = offsets[0]
        if not asynchronous:
            self.arrive()
        return offsets

    def arrive(self) -> None:
        """What is under way is stored."""
        if self.under_way is not None:
            self.committed = self.under_way.offset, self.under_way.metadata or ""


class PartitionLife(RuleBasedStateMachine):
    """One partition through many owners. The broker's side and the truth are kept apart from the code under test."""

    exact = False

    @initialize(
        holes=st.sets(st.integers(min_value=0, max_value=400), max_size=150),
        start=st.one_of(st.none(), st.integers(min_value=0, max_value=20)),
    )
    def begin(self, holes: set[int], start: int | None) -> None:
        self.log = [offset for offset in range(400) if offset not in holes]
        self.resolved: set[int] = set()
        self.posted: set[int] = set()
        self.intended: set[int] = set()
        self.left: set[int] = set()
        self.group = Group(None if start is None else (start, ""))
        self.first = 0 if start is None else start
        self.restart()

    def restart(self) -> None:
        """A new owner begins where the broker's commit says."""
        self.group.under_way = None
        self.outstanding: set[int] = set()
        self.handled: set[int] = set()
        self.doubtful: set[int] = set()
        committed = self.group.committed
        note = NOTHING if committed is None else decode(*committed, MARK)
        self.known = _offsets(note.resolved)
        offset = self.first if committed is None else committed[0]
        unsaid = {o for o in self.posted - self.resolved if o >= offset} - self.known - _offsets(note.doubtful)
        assert not unsaid, "what was posted and is not known as resolved is known to be in doubt"
        if self.exact:
            assert _offsets(note.doubtful) - self.known <= self.posted | self.left, "and nothing else is"
        self.progress = PartitionProgress(offset, note.resolved, note.doubtful)
        self.claim = Claim("leads", 0, self.progress)
        self.committer = Committer(QuietWatch(), Lease(10.0), LOOK_AHEAD, exact=self.exact)
        self.committer.adopt(self.claim, MARK, None if committed is None else committed[0])
        self.committer.touch(self.claim)
        self.next = offset
        self.bound = 0
        self.waiting: set[int] = set()

    @rule(count=st.integers(min_value=1, max_value=60))
    def poll(self, count: int) -> None:
        for offset in [o for o in self.log if o >= self.next][:count]:
            taken = self.progress.take(offset)
            assert (taken is Taken.RESOLVED) == (offset in self.known), "what the journal knows is not handled again"
            self.handled.add(offset)
            if taken is not Taken.RESOLVED:
                self.outstanding.add(offset)
            if taken is Taken.IN_DOUBT:
                self.doubtful.add(offset)
            self.next = offset + 1
        self.committer.touch(self.claim)

    @precondition(lambda self: self.outstanding)
    @rule(data=st.data())
    def post(self, data: st.DataObject) -> None:
        """Requests leave: at once, for as many records as may be read before the next commit is acknowledged, or when
        the commit that names them is."""
        some = data.draw(st.sets(st.sampled_from(sorted(self.outstanding)), min_size=1, max_size=20))
        if not self.exact:
            self.posted |= {offset for offset in some if offset < self.bound}
            return
        some -= self.doubtful | self.waiting  # a lead is in one request at a time

        def confirmed(refused: Sequence[Record]) -> None:
            if not self.claim.released:  # whoever sends looks at the claim again
                self.posted.update(some - {record.offset for record in refused})
            self.waiting.difference_update(some)

        if some:
            self.intended |= some
            self.waiting |= some
            records = [Record(self.claim, offset, None, None, b"x", None) for offset in some]
            self.committer.intents.add(records, confirmed)

    def _answerable(self) -> list[int]:
        """Posted leads whose request is under way, and doubtful ones."""
        return sorted(((self.posted - self.waiting) | self.doubtful) & self.outstanding)

    @precondition(lambda self: self._answerable())
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        """Posted leads are answered, doubtful ones parked."""
        ready = self._answerable()
        done = data.draw(st.sets(st.sampled_from(ready), min_size=1))
        self.resolved |= done
        self.outstanding -= done
        self.progress.resolve_all(done)
        self.committer.touch(self.claim)

    @rule()
    def commit(self) -> None:
        self.committer._not_before = 0.0
        self.committer.commit(self.group)  # type: ignore[arg-type]

    @precondition(lambda self: self.group.under_way is not None)
    @rule(arrives=st.booleans(), told=st.booleans())
    def answer(self, arrives: bool, told: bool) -> None:
        """The broker stores the commit or not; of one that it stored we may hear that it failed."""
        sent, self.group.under_way = self.group.under_way, self.group.under_way
        assert sent is not None
        if arrives:
            self.group.arrive()
            if told:
                doubtful = decode(sent.offset, sent.metadata, MARK).doubtful
                self.bound = max(self.bound, *(end for _, end in doubtful)) if doubtful else self.bound
        self.group.under_way = None
        self.committer.answered(None if arrives and told else REFUSED, [sent])

    @rule(stored_first=st.booleans())
    def crash(self, stored_first: bool) -> None:
        if stored_first:
            self.group.arrive()
        self.left |= self.intended
        self.restart()

    @rule()
    def revoke(self) -> None:
        """The orderly way: what is resolved is committed, the rest is given up."""
        self.claim.released = True
        self.committer.release([self.claim])
        self.committer.commit_now(self.group, [self.claim])  # type: ignore[arg-type]
        self.restart()

    @invariant()
    def nothing_is_lost(self) -> None:
        under_way = self.group.under_way
        commits = [] if self.group.committed is None else [self.group.committed]
        if under_way is not None:
            commits.append((under_way.offset, under_way.metadata or ""))
        for offset, metadata in commits:
            assert len(metadata) <= LIMIT and metadata.isascii()
            below = {o for o in self.log if self.first <= o < offset}
            assert below <= self.resolved, "the committed offset is at most the lowest unresolved one"
            above = _offsets(decode(offset, metadata, MARK).resolved) & set(self.log)
            assert above <= self.resolved, "what the metadata calls resolved is resolved"

    @invariant()
    def the_state_is_exact(self) -> None:
        watermark = self.progress.watermark
        if watermark is None:
            return
        assert watermark == min(self.outstanding, default=watermark)
        assert self.progress.unresolved == len(self.outstanding)
        ranges = self.progress.resolved_above()
        assert ranges == normalized(ranges) and all(a >= watermark for a, _ in ranges)
        covered = _offsets(ranges)
        assert not covered & self.outstanding
        done = {o for o in self.handled - self.outstanding if o >= watermark}
        assert done <= covered, "every resolved record above the watermark is in a range"


class CarefulPartitionLife(PartitionLife):
    """The same with crash_safety: park."""

    exact = True


PartitionLife.TestCase.settings = settings(max_examples=150, stateful_step_count=60)
CarefulPartitionLife.TestCase.settings = settings(max_examples=150, stateful_step_count=60)
TestPartitionLife = PartitionLife.TestCase
TestCarefulPartitionLife = CarefulPartitionLife.TestCase


def _offsets(ranges: Any) -> set[int]:
    return {offset for first, end in ranges for offset in range(first, end)}


@given(
    st.integers(min_value=0, max_value=2**62),
    st.lists(st.tuples(st.integers(1, 2**40), st.integers(1, 2**40)), max_size=3000),
    st.text(max_size=20),
)
def test_the_journal_gives_back_what_fits_and_nothing_else(
    watermark: int, steps: list[tuple[int, int]], topic: str
) -> None:
    """Ranges survive as a prefix of themselves, within the broker's limit, whatever their number and size."""
    ranges: list[tuple[int, int]] = []
    end = watermark
    for distance, length in steps:
        ranges.append((end + distance, end + distance + length))
        end += distance + length
    metadata = encode(watermark, Note(ranges), topic_mark(topic))
    again = decode(watermark, metadata, topic_mark(topic)).resolved
    assert len(metadata) <= LIMIT
    assert again == ranges[: len(again)]
    assert len(again) == len(ranges) or len(metadata) > LIMIT - 30
    assert mark_of(watermark, metadata) == topic_mark(topic)
    assert decode(watermark + 1, metadata, topic_mark(topic)) == NOTHING, "metadata belongs to its offset"
    assert decode(watermark, metadata, topic_mark(topic + "'")) == NOTHING, "metadata belongs to its topic"


@given(
    st.integers(min_value=0, max_value=2**62),
    st.lists(st.integers(1, 2**33), max_size=ALWAYS_FIT),
    st.lists(st.integers(1, 2**33), max_size=2000),
    st.booleans(),
)
def test_what_is_in_doubt_always_fits(watermark: int, doubt: list[int], done: list[int], exact: bool) -> None:
    """Whatever lies between the offsets, and however much is resolved: those in doubt are all written down."""
    doubtful, resolved = _apart(watermark, doubt), _apart(watermark, done)
    assert fits(watermark, doubtful)
    metadata = encode(watermark, Note(resolved, doubtful, exact), MARK)
    again = decode(watermark, metadata, MARK)
    assert len(metadata) <= LIMIT
    assert again.resolved == resolved[: len(again.resolved)]
    if exact:
        assert (again.exact, again.doubtful) == (True, doubtful)
    else:
        assert again.doubtful == ([(watermark, doubtful[-1][1])] if doubtful else ())


@given(
    st.integers(min_value=0, max_value=2**62),
    st.lists(st.tuples(st.integers(0, 2**24), st.integers(1, 300)), min_size=1, max_size=800),
    st.randoms(use_true_random=False),
    st.floats(0, 1),
)
def test_what_fits_goes_on_to_fit_whatever_is_answered_first(
    watermark: int, steps: list[tuple[int, int]], random: Random, share: float
) -> None:
    """A batch is one range; its leads may get their outcomes one by one, and leave a range for each lead."""
    doubtful: list[Range] = []
    end = watermark
    for distance, length in steps:
        grown = [*doubtful, (end + distance, end + distance + length)]
        if not fits(watermark, normalized(grown)):
            break
        doubtful, end = grown, end + distance + length
    left = [offset for first, end in doubtful for offset in range(first, end) if random.random() < share]
    ranges = normalized((offset, offset + 1) for offset in left)
    assert decode(watermark, encode(watermark, Note((), ranges, exact=True), MARK), MARK).doubtful == ranges


def _apart(watermark: int, steps: list[int]) -> list[Range]:
    ranges: list[Range] = []
    at = watermark
    for step in steps:
        at += step
        ranges.append((at, at + 1))
        at += 1
    return ranges


def test_more_in_doubt_than_fits_is_refused() -> None:
    """Rather than forgotten."""
    with pytest.raises(ValueError, match="too many"):
        encode(0, Note((), _apart(0, [2**40] * 2000), exact=True), MARK)


@given(st.one_of(st.none(), st.text(max_size=5000), st.text(alphabet="L2.abcdef0123456789_-A", max_size=200)))
def test_foreign_metadata_reads_as_empty(text: str | None) -> None:
    """Whatever another program left there, we begin from the committed offset alone."""
    assert decode(7, text, MARK) == NOTHING
    assert mark_of(7, text) is None


@given(st.data(), st.booleans())
def test_a_damaged_journal_reads_as_empty(data: st.DataObject, exact: bool) -> None:
    """One changed character is enough to be believed no more."""
    metadata = encode(5, Note([(7, 9), (20, 300)], [(5, 6), (9, 12)], exact), MARK)
    at = data.draw(st.integers(0, len(metadata) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != metadata[at]))
    assert decode(5, metadata[:at] + other + metadata[at + 1 :], MARK) == NOTHING


def test_a_stuck_record_does_not_make_memory_grow() -> None:
    """A million records done behind one that is not: the state stays small."""
    progress = PartitionProgress(0)
    progress.take(0)
    for offset in range(1, 200_000):
        progress.take(offset)
        progress.resolve(offset)
    assert progress.watermark == 0
    assert progress.resolved_above() == [(1, 200_000)]
    assert len(progress._order) < 200
