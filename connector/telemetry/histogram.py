"""Histograms that take a batch of observations at once.

prometheus-client's own takes them one by one, with a lock and a search each time: with four histograms a lead that was
a sixth of all that a lead costs (docs/performance.md). What ``/metrics`` shows is the same.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from threading import Lock

from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString


class Series:
    """One histogram of one set of labels. Thread-safe."""

    __slots__ = ("_bounds", "_counts", "_lock", "_sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """``bounds``: the buckets' upper bounds, rising, each in its bucket; the last bucket has none."""
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self._sum = 0.0
        self._lock = Lock()

    def observe(self, value: float, times: int = 1) -> None:
        """Count a value, so many times."""
        with self._lock:
            self._counts[bisect_left(self._bounds, value)] += times
            self._sum += value * times

    def observe_each(self, values: Sequence[float]) -> None:
        """Count each of these."""
        bounds, counts = self._bounds, self._counts
        with self._lock:
            for value in values:
                counts[bisect_left(bounds, value)] += 1
            self._sum += sum(values)

    def cumulated(self) -> tuple[list[tuple[str, int]], float]:
        """For each bucket its bound as Prometheus writes it and how many lie at or below it; and the sum of all."""
        with self._lock:
            counts, total = list(self._counts), self._sum
        names = [*map(floatToGoString, self._bounds), "+Inf"]
        below = 0
        return [(name, below := below + count) for name, count in zip(names, counts, strict=True)], total


class Histogram(Collector):
    """A histogram with labels, or without: then it has its one series from the start."""

    def __init__(self, name: str, meaning: str, labels: Sequence[str], bounds: Sequence[float]) -> None:
        self._name = name
        self._meaning = meaning
        self._labels = tuple(labels)
        self._bounds = tuple(bounds)
        self._series: dict[tuple[str, ...], Series] = {} if labels else {(): Series(self._bounds)}

    def labels(self, *values: str) -> Series:
        """The series of these values, made when it is first asked for. Raises ValueError for too few or too many."""
        if len(values) != len(self._labels):
            raise ValueError(f"{self._name} has the labels {self._labels}")
        found = self._series.get(values)
        return self._series.setdefault(values, Series(self._bounds)) if found is None else found

    def observe(self, value: float) -> None:
        """Count a value, where there are no labels."""
        self.labels().observe(value)

    def describe(self) -> Iterable[HistogramMetricFamily]:
        """For the registry, which refuses a name that it has."""
        return [HistogramMetricFamily(self._name, self._meaning, labels=self._labels)]

    def collect(self) -> Iterable[HistogramMetricFamily]:
        """For the registry: all series."""
        family = HistogramMetricFamily(self._name, self._meaning, labels=self._labels)
        for values, series in list(self._series.items()):
            buckets, total = series.cumulated()
            family.add_metric(values, buckets, total)
        return [family]
