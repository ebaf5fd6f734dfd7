"""Marks tell how old the oldest unresolved record is, and stay few."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connector.delivery.ages import MOST, STEP, Ages


@given(
    st.lists(st.tuples(st.integers(1, 5), st.floats(0, 3)), min_size=1, max_size=200),
    st.lists(st.integers(0, 1000), max_size=10),
)
def test_never_younger_and_at_most_a_step_older(steps: list[tuple[int, float]], looks: list[int]) -> None:
    """For the record at the watermark, as it moves on."""
    ages, records = Ages(), []
    offset, now = 0, 0.0
    for gap, seconds in steps:
        offset, now = offset + gap, now + seconds
        records.append((offset, now))
        ages.read(offset, None, now)
    for look in sorted(look % len(records) for look in looks):
        watermark, read_at = records[look]
        mark = ages.of(watermark)
        assert mark is not None and mark.offset <= watermark
        assert read_at - STEP <= mark.read_at <= read_at


def test_a_record_that_is_stuck_for_days_costs_no_memory() -> None:
    """The mark at the front stays exact; those behind become coarser, evenly."""
    ages = Ages()
    for second in range(400_000):
        ages.read(second, None, float(second))
    assert len(ages._marks) <= MOST
    first = ages.of(0)
    assert first is not None and first.offset == 0
    later = ages.of(200_000)
    assert later is not None and 190_000 < later.offset <= 200_000


def test_nothing_read() -> None:
    """Nothing is told."""
    assert Ages().of(7) is None
