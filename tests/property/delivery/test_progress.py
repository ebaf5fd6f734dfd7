"""Progress and its journal, whatever order polls, outcomes, commits, crashes and restarts come in."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connector.delivery.progress import PartitionProgress, normalized
from connector.kafka.journal import LIMIT, decode, encode, topic_mark

MARK = topic_mark("a-topic-id")


class PartitionLife(RuleBasedStateMachine):
    """One partition through many owners. The broker's side and the truth are kept apart from the code under test."""

    @initialize(
        holes=st.sets(st.integers(min_value=0, max_value=400), max_size=150),
        start=st.one_of(st.none(), st.integers(min_value=0, max_value=20)),
    )
    def begin(self, holes: set[int], start: int | None) -> None:
        self.log = [offset for offset in range(400) if offset not in holes]
        self.truth: set[int] = set()
        self.committed: tuple[int, str] | None = None if start is None else (start, "")
        self.first = 0 if start is None else start
        self.sent: tuple[int, str] | None = None
        self.restart()

    def restart(self) -> None:
        """A new owner begins where the broker's commit says."""
        self.sent = None
        self.outstanding: set[int] = set()
        self.handled: set[int] = set()
        offset = None if self.committed is None else self.committed[0]
        ranges = [] if self.committed is None else decode(self.committed[0], self.committed[1], MARK)
        self.known = {o for a, b in ranges for o in range(a, b)}
        self.progress = PartitionProgress(offset, ranges)
        self.next = self.first if offset is None else offset

    @rule(count=st.integers(min_value=1, max_value=60))
    def poll(self, count: int) -> None:
        for offset in [o for o in self.log if o >= self.next][:count]:
            fresh = self.progress.take(offset)
            assert fresh == (offset not in self.known), "what the journal knows is not handled again, all else is"
            self.handled.add(offset)
            if fresh:
                self.outstanding.add(offset)
            self.next = offset + 1

    @precondition(lambda self: self.outstanding)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        some = data.draw(st.sets(st.sampled_from(sorted(self.outstanding)), min_size=1))
        for offset in some:
            self.truth.add(offset)
            self.outstanding.remove(offset)
            self.progress.resolve(offset)

    @precondition(lambda self: self.sent is None and self.progress.watermark is not None)
    @rule()
    def send_commit(self) -> None:
        watermark = self.progress.watermark
        assert watermark is not None
        self.sent = (watermark, encode(watermark, self.progress.resolved_above(), MARK))

    @precondition(lambda self: self.sent is not None)
    @rule(arrives=st.booleans(), acknowledged=st.booleans())
    def answer_commit(self, arrives: bool, acknowledged: bool) -> None:
        """The broker stores it or not; whether we hear of it makes no difference to what it stored."""
        if arrives:
            self.committed = self.sent
        self.sent = None

    @rule(stored_first=st.booleans())
    def crash(self, stored_first: bool) -> None:
        if stored_first and self.sent is not None:
            self.committed = self.sent
        self.restart()

    @rule()
    def revoke(self) -> None:
        """The orderly way: what is resolved is committed, the rest is given up."""
        if (watermark := self.progress.watermark) is not None:
            self.committed = (watermark, encode(watermark, self.progress.resolved_above(), MARK))
        self.restart()

    @invariant()
    def nothing_is_lost(self) -> None:
        for commit in (self.committed, self.sent):
            if commit is None:
                continue
            offset, metadata = commit
            assert len(metadata) <= LIMIT and metadata.isascii()
            below = {o for o in self.log if self.first <= o < offset}
            assert below <= self.truth, "the committed offset is at most the lowest unresolved one"
            above = {o for a, b in decode(offset, metadata, MARK) for o in range(a, b)} & set(self.log)
            assert above <= self.truth, "what the metadata calls resolved is resolved"

    @invariant()
    def the_state_is_exact(self) -> None:
        watermark = self.progress.watermark
        if watermark is None:
            return
        assert watermark == min(self.outstanding, default=watermark)
        assert self.progress.unresolved == len(self.outstanding)
        ranges = self.progress.resolved_above()
        assert ranges == normalized(ranges) and all(a >= watermark for a, _ in ranges)
        covered = {o for a, b in ranges for o in range(a, b)}
        assert not covered & self.outstanding
        done = {o for o in self.handled - self.outstanding if o >= watermark}
        assert done <= covered, "every resolved record above the watermark is in a range"


PartitionLife.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestPartitionLife = PartitionLife.TestCase


@given(
    st.integers(min_value=0, max_value=2**62),
    st.lists(st.tuples(st.integers(1, 2**40), st.integers(1, 2**40)), max_size=3000),
    st.text(max_size=20),
)
@settings(deadline=None)
def test_the_journal_gives_back_what_fits_and_nothing_else(
    watermark: int, steps: list[tuple[int, int]], topic: str
) -> None:
    """Ranges survive as a prefix of themselves, within the broker's limit, whatever their number and size."""
    ranges: list[tuple[int, int]] = []
    end = watermark
    for distance, length in steps:
        ranges.append((end + distance, end + distance + length))
        end += distance + length
    metadata = encode(watermark, ranges, topic_mark(topic))
    again = decode(watermark, metadata, topic_mark(topic))
    assert len(metadata) <= LIMIT
    assert again == ranges[: len(again)]
    assert len(again) == len(ranges) or len(metadata) > LIMIT - 30
    assert decode(watermark + 1, metadata, topic_mark(topic)) == [], "metadata belongs to its offset"
    assert decode(watermark, metadata, topic_mark(topic + "'")) == [], "metadata belongs to its topic"


@given(st.one_of(st.none(), st.text(max_size=5000), st.text(alphabet="L1.abcdef0123456789_-A", max_size=200)))
@settings(deadline=None)
def test_foreign_metadata_reads_as_empty(text: str | None) -> None:
    """Whatever another program left there, we begin from the committed offset alone."""
    assert decode(7, text, MARK) == []


@given(st.data())
@settings(deadline=None)
def test_a_damaged_journal_reads_as_empty(data: st.DataObject) -> None:
    """One changed character is enough to be believed no more."""
    metadata = encode(5, [(7, 9), (20, 300)], MARK)
    at = data.draw(st.integers(0, len(metadata) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda c: c != metadata[at]))
    assert decode(5, metadata[:at] + other + metadata[at + 1 :], MARK) == []


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
