"""Where a partition stands, on a clock of our own."""

from __future__ import annotations

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim
from connector.kafka.standing import standing
from connector.kafka.watch import Standing


def claim(*offsets: int, written_ms: int | None = 1_000) -> Claim:
    """A partition that was committed at 10, with these records read at 5 s."""
    made = Claim("leads", 0, PartitionProgress(10))
    for offset in offsets:
        made.progress.take(offset)
        made.ages.read(offset, written_ms, 5.0)
    return made


def test_nothing_to_read() -> None:
    """All zeros."""
    assert standing(claim(), 10, 10, 8.0, 8.0, 9_000) == Standing(10, 0, 0.0, 0, 0.0)


def test_records_that_none_was_read_of() -> None:
    """As old as they are known for."""
    assert standing(claim(), 10, 14, 6.0, 8.0, 9_000) == Standing(10, 4, 2.0, 0, 0.0)


def test_records_without_an_outcome() -> None:
    """As old as the oldest is by its own time; not younger than it waits here, whatever the clocks say."""
    assert standing(claim(10, 11, 12), 10, 14, 8.0, 8.0, 9_000) == Standing(10, 4, 8.0, 3, 3.0)
    assert standing(claim(10, written_ms=None), 10, 14, 8.0, 8.0, 9_000) == Standing(10, 4, 3.0, 1, 3.0)
    assert standing(claim(10, written_ms=99_000), 10, 14, 8.0, 8.0, 9_000) == Standing(10, 4, 3.0, 1, 3.0)


def test_what_has_its_outcome_waits_no_longer() -> None:
    """One lead that is held, and a thousand behind it that were delivered: one waits. So it is with those that an
    earlier owner had delivered, read again or not."""
    made = claim(*range(10, 1011))
    for offset in range(11, 1011):
        made.progress.resolve(offset)
    assert standing(made, 10, 1011, 8.0, 8.0, 9_000) == Standing(10, 1, 8.0, 1001, 3.0)
    restored = Claim("leads", 0, PartitionProgress(10, [(12, 20), (25, 40)]))
    assert standing(restored, 10, 30, 6.0, 8.0, 9_000).lag == 20 - 8 - 5
    for offset in (10, 11, 12):
        restored.progress.take(offset)
    assert standing(restored, 10, 30, 6.0, 8.0, 9_000).lag == 20 - 8 - 5


def test_a_partition_that_was_cut_off() -> None:
    """Its end is below what was read: what was read waits, and no number is negative."""
    behind = claim(10, 11)
    assert standing(behind, 10, 3, 8.0, 8.0, 9_000) == Standing(10, 2, 8.0, 2, 3.0)
