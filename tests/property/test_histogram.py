"""Claim: a histogram of batches shows on /metrics what prometheus-client's own would."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics, generate_latest

from connector.telemetry import histogram
from connector.telemetry.metrics import TIME_TO_LEAD_BOUNDS

disable_created_metrics()  # type: ignore[no-untyped-call]

# Halves have no rounding, so that the order in which they are added does not show in the sum.
VALUES = st.one_of(
    st.integers(0, 400_000).map(lambda n: n / 2), st.sampled_from([b for b in TIME_TO_LEAD_BOUNDS if b >= 0.25])
)


@given(
    batches=st.lists(st.lists(VALUES, max_size=20), max_size=5), alike=st.lists(st.tuples(VALUES, st.integers(0, 50)))
)
def test_it_shows_what_the_library_would(batches: list[list[float]], alike: list[tuple[float, int]]) -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    one_by_one = Histogram("t", "a time", ["route"], buckets=TIME_TO_LEAD_BOUNDS, registry=theirs)
    batched = histogram.Histogram("t", "a time", ["route"], TIME_TO_LEAD_BOUNDS)
    ours.register(batched)
    for place, batch in enumerate(batches):
        batched.labels(f"r{place % 2}").observe_each(batch)
        series = one_by_one.labels(f"r{place % 2}")
        for value in batch:
            series.observe(value)
    for value, times in alike:
        batched.labels("alike").observe(value, times)
        series = one_by_one.labels("alike")
        for _ in range(times):
            series.observe(value)
    assert generate_latest(ours) == generate_latest(theirs)


def test_without_labels_it_is_there_from_the_start() -> None:
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    Histogram("t", "a time", buckets=(1, 2.5), registry=theirs)
    ours.register(histogram.Histogram("t", "a time", [], (1, 2.5)))
    assert generate_latest(ours) == generate_latest(theirs)


def test_a_name_that_is_taken_and_missing_labels_are_refused() -> None:
    registry = CollectorRegistry()
    registry.register(histogram.Histogram("t", "a time", ["route"], (1,)))
    with pytest.raises(ValueError, match="Duplicated"):
        registry.register(histogram.Histogram("t", "a time", [], (1,)))
    with pytest.raises(ValueError, match="labels"):
        histogram.Histogram("t", "a time", ["route"], (1,)).observe(1)
