"""Counts in memory: what was accepted, how often, and what became of every request. No I/O; times are handed in."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from sandbox.ledger import Entry
from sandbox.settings import Endpoint, HubKind

DROPPED = "dropped"
"""The status of a request whose connection the sandbox closed without an answer."""
CLIENT_LEFT = "client_left"
"""The status of a request whose client left while the sandbox let it hang."""
_LATEST = 2
"""Leads of each hub and endpoint that are remembered whole."""


@dataclass(slots=True)
class RequestRecord:
    """One request to an API endpoint. Times are epoch milliseconds; ``end`` is None while it runs."""

    start: float
    hub: str
    endpoint: str
    leads: int = 0
    """Leads that were stored."""
    end: float | None = None
    status: int | str | None = None
    """The answer's status code, DROPPED or CLIENT_LEFT."""
    request: str | None = None
    """The request id in the ledger, when anything was stored."""

    def as_json(self) -> dict[str, object]:
        """The record as the control endpoints show it."""
        return {
            "start": self.start,
            "end": self.end,
            "hub": self.hub,
            "endpoint": self.endpoint,
            "status": self.status,
            "leads": self.leads,
            "request": self.request,
        }


@dataclass(slots=True)
class _HubTally:
    kind: str
    accepted: Counter[str] = field(default_factory=Counter)
    """By endpoint."""
    times: Counter[str] = field(default_factory=Counter)
    """By lead identity."""
    duplicates: int = 0
    latest: dict[str, deque[Entry]] = field(
        default_factory=lambda: {endpoint: deque(maxlen=_LATEST) for endpoint in Endpoint}
    )

    def as_json(self) -> dict[str, object]:
        return {
            "kind": self.kind,
            "accepted": self.accepted.total(),
            "fresh": self.accepted[Endpoint.FRESH_LEADS],
            "list": self.accepted[Endpoint.LISTS],
            "distinct": len(self.times),
            "duplicates": self.duplicates,
        }


class Tally:
    """Accepted leads (the whole ledger) and requests (since this process started)."""

    def __init__(self, hubs: Mapping[str, HubKind], remembered_requests: int) -> None:
        self._hubs = {name: _HubTally(kind) for name, kind in hubs.items()}
        self._times: Counter[str] = Counter()
        self._accepted = 0
        self._duplicates = 0
        self._latest: Entry | None = None
        self._records: deque[RequestRecord] = deque(maxlen=remembered_requests)
        self._statuses: Counter[str] = Counter()
        self._in_flight = 0
        self._max_in_flight = 0
        self._batches = 0
        self._batched_leads = 0

    def accept(self, entries: Sequence[Entry]) -> None:
        """Counts one request's leads, which are on the disk."""
        hub = self._hubs.get(entries[0].hub)
        if hub is None:
            # The ledger is older than this start's hubs: its leads stay in the counts.
            hub = self._hubs[entries[0].hub] = _HubTally("not configured")
        for entry in entries:
            self._times[entry.lead] += 1
            if self._times[entry.lead] == 2:
                self._duplicates += 1
            hub.times[entry.lead] += 1
            if hub.times[entry.lead] == 2:
                hub.duplicates += 1
        hub.accepted[entries[0].endpoint] += len(entries)
        hub.latest[entries[0].endpoint].extend(entries[-_LATEST:])
        self._accepted += len(entries)
        self._latest = entries[-1]

    def begin(self, hub: str, endpoint: str, now_ms: float) -> RequestRecord:
        """Notes that a request has come in; give its record to ``finish``."""
        self._in_flight += 1
        self._max_in_flight = max(self._max_in_flight, self._in_flight)
        return RequestRecord(now_ms, hub, endpoint)

    def finish(self, record: RequestRecord, now_ms: float) -> None:
        """Notes that the request has been answered, dropped or left."""
        self._in_flight -= 1
        record.end = now_ms
        self._records.append(record)
        self._statuses[str(record.status)] += 1
        if record.request is not None:
            self._batches += 1
            self._batched_leads += record.leads

    @property
    def counts(self) -> Mapping[str, int]:
        """Lead identity to times accepted."""
        return self._times

    def last_requests(self, limit: int) -> list[dict[str, object]]:
        """The last finished requests, the newest first."""
        return [record.as_json() for record in islice(reversed(self._records), limit)]

    def hubs(self) -> dict[str, dict[str, object]]:
        """Counts of each hub, the configured ones first."""
        return {name: hub.as_json() for name, hub in self._hubs.items()}

    def latest(self, hub: str) -> list[Entry]:
        """The last leads of a hub as they were accepted, fresh ones first, of each endpoint the newest first."""
        return [entry for entries in self._hubs[hub].latest.values() for entry in reversed(entries)]

    def stats(self) -> dict[str, object]:
        """All counts in one object (``docs/sandbox.md``, "What was accepted")."""
        latest = self._latest
        return {
            "accepted": self._accepted,
            "distinct": len(self._times),
            "duplicates": self._duplicates,
            "hubs": self.hubs(),
            "requests": self._statuses.total(),
            "by_status": dict(self._statuses),
            "in_flight": self._in_flight,
            "max_in_flight": self._max_in_flight,
            "mean_batch": self._batched_leads / self._batches if self._batches else 0.0,
            "latest": latest
            and {"seq": latest.seq, "accepted_at": latest.accepted_at, "hub": latest.hub, "lead": latest.lead},
        }
