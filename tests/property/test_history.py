"""The last hour, minute by minute, whenever the counters are looked at."""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import given
from hypothesis import strategies as st

from connector.telemetry.history import MINUTES, Counted, History, quantile

BOUNDS = (0.1, 1.0, 10.0)
ROUTES = ("", "a", "b")


@given(
    st.lists(
        st.tuples(st.floats(0, 200), st.sampled_from(ROUTES), st.integers(0, 5), st.floats(0, 20)),
        min_size=1,
        max_size=60,
    )
)
def test_each_minute_has_what_was_counted_until_its_last_look(steps: list[tuple[float, str, int, float]]) -> None:
    """Against a plain list of what happened when."""
    history = History(BOUNDS)
    counted: dict[str, Counted] = {}
    happened: list[tuple[int, str, int]] = []
    now = 0.0
    for seconds, route, leads, lead_time in steps:
        now += seconds
        before = counted.get(route, Counted(0, 0, (0.0,) * 4))
        buckets = list(before.buckets)
        buckets[bisect_left(BOUNDS, lead_time)] += leads
        counted = {**counted, route: Counted(before.delivered + leads, before.set_aside + 1, tuple(buckets))}
        happened.append((int(now // 60), route, leads))
        history.take(now, counted)
    last = int(now // 60)
    told = history.routes()
    assert list(told) == sorted(counted, key=lambda name: (not name, name))
    for route, minutes in told.items():
        assert len(minutes) <= MINUTES
        for place, minute in enumerate(reversed(minutes)):
            counts = [number for when, by, number in happened if (when, by) == (last - place, route)]
            assert (minute.delivered, minute.set_aside) == (sum(counts), len(counts))
            assert (minute.p50 is None) == (minute.p95 is None) == (not sum(counts))


@given(st.lists(st.floats(0, 20), min_size=1, max_size=100), st.sampled_from([0.5, 0.95]))
def test_a_quantile_lies_in_its_bucket(values: list[float], share: float) -> None:
    """As close to the true one as the bounds allow."""
    buckets = [0.0] * 4
    for value in values:
        buckets[bisect_left(BOUNDS, value)] += 1
    told = quantile(share, BOUNDS, buckets)
    assert told is not None
    ordered = sorted(values)
    true = ordered[min(len(ordered) - 1, int(-(-share * len(ordered) // 1)) - 1)]
    place = bisect_left(BOUNDS, true)
    assert (0.0, *BOUNDS)[place] <= told <= BOUNDS[min(place, 2)]


def test_nothing_was_delivered() -> None:
    """Nothing is told."""
    assert quantile(0.5, BOUNDS, [0, 0, 0, 0]) is None
    history = History(BOUNDS)
    assert (history.routes(), history.quantile(0.95, 5)) == ({}, None)


def test_after_a_night_without_a_look() -> None:
    """The hour before is empty, and no list grows."""
    history = History(BOUNDS)
    history.take(0.0, {"a": Counted(5, 0, (5.0, 0, 0, 0))})
    history.take(12 * 3600.0, {"a": Counted(7, 1, (7.0, 0, 0, 0))})
    minutes = history.routes()["a"]
    assert len(minutes) == MINUTES
    assert [minute.delivered for minute in minutes] == [0] * (MINUTES - 1) + [2]
    assert history.quantile(0.5, 5) == 0.05
