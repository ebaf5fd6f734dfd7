"""How many requests one destination gets at a time: additive increase, multiplicative decrease, and an eye on latency.

Pure: no clock. A *ticket* is the number of a request of this destination (1, 2, …); tickets rather than times tell
which requests flew together, so that what fails together counts once, however coarse the clock is. AIMD is RFC 5681's
congestion avoidance with requests for segments; the limits on latency are the idea of TCP Vegas and of Netflix's
concurrency-limits, with an absolute floor because our unit is a batch and our clock a shared machine's.
"""

from __future__ import annotations

SMOOTHING = 0.1
"""Weight of a new answer's latency: some ten answers are remembered, so one outlier does not look like a trend."""
WINDOW = 60.0
"""Seconds. The baseline looks back one to two windows; then a slower API is the new normal."""
RISING_FACTOR = 2.0
RISING_SECONDS = 0.25
"""Latency rises when it is above both: twice the baseline, and the baseline and this many seconds. Milliseconds are the
noise of a busy machine (garbage collection, a neighbour, a garbled turn of the loop) and must not cost speed."""
ON_FAILURE = 0.5
ON_LATENCY = 0.9
"""What is left of the limit. Latency is a hint, a failure is a fact."""


class Latency:
    """Smoothed latency of accepted requests against the smallest of the last one to two windows. Seconds."""

    def __init__(self) -> None:
        self._smoothed = 0.0
        self._began = float("-inf")
        self._current = float("inf")
        self._previous = float("inf")

    def add(self, seconds: float, now: float) -> bool:
        """Take in one answer's duration. True while latency is rising."""
        age = now - self._began
        if age >= 2 * WINDOW:
            # The first answer, or the first after a rest: what was known before is no measure any more.
            self._began, self._smoothed, self._current = now, seconds, float("inf")
            self._previous = float("inf")
        elif age >= WINDOW:
            self._began, self._previous, self._current = now, self._current, float("inf")
        self._smoothed += (seconds - self._smoothed) * SMOOTHING
        self._current = min(self._current, self._smoothed)
        baseline = min(self._previous, self._current)
        return self._smoothed > max(RISING_FACTOR * baseline, baseline + RISING_SECONDS)


class Concurrency:
    """The limit between 1 and ``most``. It begins at ``most``: a healthy API gets full speed at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._exact = float(most)
        self.limit = most
        """Requests allowed at a time."""
        self._latency = Latency()
        self._filled_by = 0
        self._lowered_until = 0

    def use(self, most: int) -> None:
        """Another ``most`` from now on. Who was at the top goes to the new one, for nothing speaks against it."""
        at_top = self._exact >= self._most
        self._most = most
        self._set(float(most) if at_top else self._exact)

    def sent(self, ticket: int, in_flight: int) -> None:
        """A request is under way; ``in_flight`` counts it."""
        if in_flight >= self.limit:
            self._filled_by = ticket

    def accepted(self, ticket: int, latest: int, seconds: float, now: float) -> None:
        """A request was accepted after ``seconds``; ``latest`` is the last ticket given out."""
        rising = self._latency.add(seconds, now)
        if ticket > self._filled_by:
            # The limit was not reached while it flew: its success does not say that more would do, and its slowness
            # is not of our making.
            return
        if rising:
            self._lower(ON_LATENCY, ticket, latest)
        elif self._exact < self._most:
            self._set(self._exact + 1 / self._exact)

    def pressed(self, ticket: int, latest: int) -> None:
        """The API could not keep up with this request, or seems not to."""
        self._lower(ON_FAILURE, ticket, latest)

    def restart(self) -> None:
        """From one request at a time upwards: the API has just come back."""
        self._set(1.0)

    def _lower(self, factor: float, ticket: int, latest: int) -> None:
        if ticket > self._lowered_until:
            # Requests that flew together tell the same thing: one decrease for all of them.
            self._lowered_until = latest
            self._set(self._exact * factor)

    def _set(self, exact: float) -> None:
        self._exact = min(float(self._most), max(1.0, exact))
        self.limit = int(self._exact)
