"""What the sandbox has accepted: the other witness, and the exact time to lead."""

from __future__ import annotations

import math
from bisect import insort
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from connector.demo.web import get

_LATEST = 8
_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Arrival:
    """One accepted lead, for showing."""

    hub: str
    name: str
    country: str
    platform: str
    call: str
    """When to call: a local time with its zone, or now."""
    milliseconds: int | None
    """Time to lead."""


class Arrivals:
    """Follows the sandbox's ledger. ``times`` has the leads' event times by id, in epoch milliseconds. One thread."""

    def __init__(self, sandbox_url: str, times: Mapping[str, int]) -> None:
        self._url = sandbox_url
        self._times = times
        self._seq = 0
        self._milliseconds: list[int] = []
        self.hubs: Counter[str] = Counter()
        """Accepted leads by hub."""
        self.latest: deque[Arrival] = deque(maxlen=_LATEST)
        """The last ones, the newest at the end."""

    def look(self) -> None:
        """Read what is new."""
        while True:
            body = get(f"{self._url}/_sandbox/ledger?after={self._seq}&limit={_AT_ONCE}")
            entries = [orjson.loads(line) for line in (body or b"").splitlines()]
            for entry in entries:
                self._add(entry)
            if len(entries) < _AT_ONCE:
                return

    def stats(self) -> dict[str, Any]:
        """The sandbox's own counts (``/_sandbox/stats``). Raises RuntimeError when it does not answer."""
        body = get(f"{self._url}/_sandbox/stats")
        if body is None:
            raise RuntimeError("the sandbox does not answer")
        stats: dict[str, Any] = orjson.loads(body)
        return stats

    def percentile(self, share: float) -> int | None:
        """Time to lead in milliseconds that ``share`` of the leads did not exceed; None before the first."""
        return percentile(self._milliseconds, share)

    def _add(self, entry: Mapping[str, Any]) -> None:
        self._seq = entry["seq"]
        self.hubs[entry["hub"]] += 1
        event_time = self._times.get(entry["lead"])
        # Event time and acceptance come from one clock, in whole milliseconds.
        late = None if event_time is None else max(0, entry["accepted_at"] - event_time)
        if late is not None:
            insort(self._milliseconds, late)
        contact, data = entry["contact"], entry["contact"].get("data", {})
        date = contact.get("scheduleDate")
        self.latest.append(
            Arrival(
                entry["hub"],
                data.get("name", entry["lead"]),
                data.get("country", ""),
                data.get("platform", ""),
                "now" if date is None else f"{date[:16]} {contact.get('timezone', '')}".rstrip(),
                late,
            )
        )


def percentile(ordered: Sequence[int], share: float) -> int | None:
    """The nearest-rank percentile of sorted values: a value that occurred, none in between."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
