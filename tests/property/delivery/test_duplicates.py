"""The duplicate window, whatever order leads, answers, releases, receipts and the hours come in."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connector.delivery.duplicates import HASH_BYTES, Duplicate, Standing, Window, hash_of
from connector.delivery.position import Position
from connector.leads.outcome import Outcome, Reason

KEYS = [hash_of(name) for name in "abcd"]
WINDOW_MS = 100_000


class Lead:
    """Equal only to itself, as a record is; two may stand at the same position (read again after a release)."""

    def __init__(self, key: bytes, position: Position) -> None:
        self.key = key
        self.position = position
        self.released = False


class Life(RuleBasedStateMachine):
    """One process. Beside the window stands the truth: who is sent, who waits, and the last delivery of each key."""

    @initialize(max_keys=st.integers(min_value=1, max_value=5))
    def begin_life(self, max_keys: int) -> None:
        self.max_keys = max_keys
        self.window: Window[Lead] = Window(WINDOW_MS / 1000, max_keys)
        self.now = 1_000_000_000
        self.flying: list[Lead] = []
        self.waiting: list[Lead] = []
        self.known: dict[bytes, tuple[int, Position]] = {}
        self.offset = 0

    def enter(self, lead: Lead) -> None:
        found = self.window.begin(lead.key, lead, self.now)
        known = self.known.get(lead.key)
        if known is not None and known[0] > self.now - WINDOW_MS:
            assert found == Duplicate(known[1], known[0]), "delivered within the window"
        elif found is Standing.NEW:
            assert not any(other.key == lead.key for other in self.flying), "never two of a key at once"
            self.flying.append(lead)
        else:
            assert found is Standing.BUSY
            self.waiting.append(lead)

    def delivered(self, key: bytes, time_ms: int, position: Position) -> None:
        if time_ms > self.known.get(key, (-1, None))[0]:
            self.known[key] = (time_ms, position)
        if len(self.known) > self.max_keys:
            del self.known[min(self.known, key=lambda each: (self.known[each][0], each))]

    def go_on(self, freed: list[Lead], key: bytes) -> None:
        assert freed == [lead for lead in self.waiting if lead.key == key], "all that waited, in order"
        self.waiting = [lead for lead in self.waiting if lead.key != key]
        for lead in freed:
            self.enter(lead)

    @rule(key=st.sampled_from(KEYS), partition=st.integers(0, 1))
    def read(self, key: bytes, partition: int) -> None:
        self.offset += 1
        self.enter(Lead(key, Position("leads", partition, self.offset)))

    @precondition(lambda self: self.flying)
    @rule(data=st.data())
    def read_again(self, data: st.DataObject) -> None:
        """The partition went and came back while the request is under way."""
        lead = data.draw(st.sampled_from(self.flying))
        lead.released = True
        self.enter(Lead(lead.key, lead.position))

    @precondition(lambda self: self.flying)
    @rule(data=st.data(), delivered=st.booleans())
    def end(self, data: st.DataObject, delivered: bool) -> None:
        lead = data.draw(st.sampled_from(self.flying))
        self.flying.remove(lead)
        if delivered:
            self.delivered(lead.key, self.now, lead.position)
            self.go_on(self.window.confirm(lead.key, lead, lead.position, self.now), lead.key)
        else:
            self.go_on(self.window.give_up(lead.key, lead), lead.key)

    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Those that wait are forgotten; those on their way end by themselves."""
        partition = data.draw(st.integers(0, 1))
        for lead in (*self.flying, *self.waiting):
            lead.released |= lead.position.partition == partition
        gone = self.window.withdraw(lambda lead: lead.released)
        assert Counter(gone) == Counter(lead for lead in self.waiting if lead.released)
        self.waiting = [lead for lead in self.waiting if not lead.released]

    @precondition(lambda self: self.waiting)
    @rule(data=st.data())
    def give_up_waiting(self, data: st.DataObject) -> None:
        lead = data.draw(st.sampled_from(self.waiting))
        self.waiting.remove(lead)
        assert self.window.give_up(lead.key, lead) == []

    @rule(key=st.sampled_from(KEYS), age=st.integers(0, 2 * WINDOW_MS), offset=st.integers(0, 50))
    def receipt(self, key: bytes, age: int, offset: int) -> None:
        position = Position("leads", 0, offset)
        self.delivered(key, self.now - age, position)
        self.window.restore(key, position, self.now - age)

    @rule(partition=st.integers(0, 1))
    def forget(self, partition: int) -> None:
        self.window.forget_partition("leads", partition)
        self.known = {key: known for key, known in self.known.items() if known[1].partition != partition}

    @rule(milliseconds=st.integers(0, WINDOW_MS))
    def time_passes(self, milliseconds: int) -> None:
        self.now += milliseconds

    @invariant()
    def nothing_waits_for_ever(self) -> None:
        """Who waits waits for one that is on its way; when that ends all are given back (``go_on``)."""
        for lead in getattr(self, "waiting", ()):
            assert any(other.key == lead.key for other in self.flying)
        if hasattr(self, "window"):
            assert self.window.waiting == len(self.waiting)

    @invariant()
    def memory_is_bounded(self) -> None:
        if hasattr(self, "window"):
            assert self.window.delivered <= self.max_keys
            assert len(self.window._oldest) <= 2 * self.max_keys + 66
            assert len(self.window._ways) == len(self.flying)


Life.TestCase.settings = settings(max_examples=200, stateful_step_count=50)
TestLife = Life.TestCase


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1000)), max_size=200), st.integers(1, 8))
def test_what_is_remembered_are_the_latest_deliveries(told: list[tuple[int, int]], max_keys: int) -> None:
    """In whatever order receipts come, and however often."""
    window: Window[object] = Window(10, max_keys)
    latest: dict[int, int] = {}
    for name, time_ms in told:
        window.restore(hash_of(str(name)), Position("leads", 0, name), time_ms)
        latest[name] = max(time_ms, latest.get(name, 0))
        if len(latest) > max_keys:
            # What was forgotten may be restored with an older time: it is then the first to go again.
            oldest = min(latest, key=lambda each: (latest[each], hash_of(str(each))))
            del latest[oldest]
    assert window.delivered == len(latest)
    for name, time_ms in latest.items():
        assert window.begin(hash_of(str(name)), object(), 1000) == Duplicate(Position("leads", 0, name), time_ms)


def test_a_record_that_was_delivered_is_a_duplicate_of_itself() -> None:
    """Its process ended between the receipt and the commit: it must not be sent again, and the message says so."""
    window: Window[object] = Window(60, 10)
    position = Position("leads", 3, 17)
    window.restore(hash_of("a"), position, 1_768_489_200_123)
    found = window.begin(hash_of("a"), object(), 1_768_489_200_456)
    assert isinstance(found, Duplicate)
    why = found.set_aside(position)
    assert (why.outcome, why.reason) == (Outcome.DUPLICATE, Reason.DELIVERED_BEFORE)
    assert why.message == "this very record was delivered at 2026-01-15T15:00:00.123+00:00"
    other = found.set_aside(Position("leads", 3, 18)).message
    assert other == "a lead with its key, leads/3/17, was delivered at 2026-01-15T15:00:00.123+00:00"


def test_the_window_has_an_end() -> None:
    """To the millisecond; and it is the delivery that counts, not the event."""
    window: Window[object] = Window(60, 10)
    lead = object()
    assert window.begin(hash_of("a"), lead, 0) is Standing.NEW
    window.confirm(hash_of("a"), lead, Position("leads", 0, 1), 5_000)
    assert isinstance(window.begin(hash_of("a"), object(), 64_999), Duplicate)
    assert window.begin(hash_of("a"), object(), 65_000) is Standing.NEW


def test_leads_that_begin_or_end_twice_are_a_defect() -> None:
    """Silence would let two of a key go at once."""
    window: Window[str] = Window(60, 10)
    key = hash_of("a")
    with pytest.raises(ValueError, match="not on its way"):
        window.confirm(key, "one", Position("leads", 0, 1), 0)
    assert window.begin(key, "one", 0) is Standing.NEW
    assert window.begin(key, "two", 0) is Standing.BUSY
    for holder in ("one", "two"):
        with pytest.raises(ValueError, match="begun already"):
            window.begin(key, holder, 0)
    with pytest.raises(ValueError, match="not on its way"):
        window.confirm(key, "two", Position("leads", 0, 1), 0)
    assert window.give_up(key, "nobody") == []
    assert window.give_up(key, "one") == ["two"]


def test_a_day_that_expires_is_forgotten_bit_by_bit() -> None:
    """No lead waits for a hundred thousand keys to be forgotten, and none of them counts any more."""
    window: Window[object] = Window(60, 10_000)
    for number in range(10_000):
        window.restore(hash_of(str(number)), Position("leads", 0, number), 0)
    assert window.begin(hash_of("9999"), object(), 60_000) is Standing.NEW
    assert 9_000 < window.delivered < 10_000
    for number in range(10_000, 10_400):
        window.begin(hash_of(str(number)), object(), 60_000)
    assert window.delivered == 0


def test_the_latest_delivery_counts_by_the_millisecond() -> None:
    """Receipts of one key come in any order."""
    window: Window[object] = Window(60, 10)
    for time_ms in (1000, 1002, 1001):
        window.restore(hash_of("a"), Position("leads", 0, time_ms), time_ms)
    assert window.begin(hash_of("a"), object(), 1003) == Duplicate(Position("leads", 0, 1002), 1002)


def test_memory_is_bounded_however_often_a_partition_comes_back() -> None:
    """Its receipts are read each time; a key that is delivered again and again leaves nothing behind either."""
    window: Window[object] = Window(60, 1000)
    for turn in range(100):
        for number in range(50):
            window.restore(hash_of(str(number)), Position("leads", 0, number), number)
            window.restore(hash_of("often"), Position("leads", 1, turn), 50 * turn + number)
        if turn % 2:
            window.forget_partition("leads", 0)
            assert window.delivered == 1 and len(window._oldest) == 1
        assert len(window._oldest) <= 2 * 51 + 65


@given(st.text())
def test_any_text_is_a_key(text: str) -> None:
    """Also what is not valid Unicode."""
    assert len(hash_of(text + "\ud800")) == HASH_BYTES
