"""The leads of one destination that are in no request, and the order in which they go. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from connector.delivery.record import Shipment


class Waiting:
    """Four queues: ``again`` (batches that go again), ``pending`` (leads that were in no request yet), ``tried``, and
    ``deferred`` (leads that cannot go for a moment; none of the others' methods gives these).

    ``tried`` holds the leads of failed probes, while probes are sent: each gets its turn again when every other has
    had one. Otherwise a single lead that the API cannot digest would be the probe for ever, and hold all the others.
    """

    def __init__(self, most_leads: int, most_bytes: int) -> None:
        self._policy = (most_leads, most_bytes)
        self._most_leads = most_leads
        self._most_bytes = most_bytes
        self._pending_bytes = 0
        self.pending: deque[Shipment] = deque()
        self.again: deque[list[Shipment]] = deque()
        self.tried: deque[Shipment] = deque()
        self.deferred: list[Shipment] = []

    def __len__(self) -> int:
        return len(self.pending) + sum(map(len, self.again)) + len(self.tried) + len(self.deferred)

    def __bool__(self) -> bool:
        return bool(self.pending or self.again or self.tried or self.deferred)

    @property
    def full(self) -> bool:
        """Whether ``pending`` fills a batch."""
        return len(self.pending) >= self._most_leads or self._pending_bytes >= self._most_bytes

    def use(self, most_leads: int, most_bytes: int) -> None:
        """Other bounds of a batch from now on; what was learnt of its size is forgotten."""
        self._policy = (most_leads, most_bytes)
        self._most_leads = most_leads
        self._most_bytes = most_bytes

    def add(self, shipment: Shipment) -> None:
        """A lead to deliver."""
        self.pending.append(shipment)
        self._pending_bytes += len(shipment.lead.body)

    def form(self) -> list[Shipment]:
        """A batch of what is pending; not empty if anything is."""
        shipments, size = self._cut(self.pending, self._most_leads)
        self._pending_bytes -= size
        return shipments

    def retry(self) -> list[Shipment]:
        """The first batch that goes again, or as much of it as may go together by now. There must be one."""
        return self._again(self._most_leads)

    def probe(self, most: int) -> list[Shipment]:
        """At most so many leads: of those that go again, or else of those pending, or else of those tried. Empty if
        nothing waits."""
        most = min(most, self._most_leads)
        if self.again:
            return self._again(most)
        if self.pending:
            shipments, size = self._cut(self.pending, most)
            self._pending_bytes -= size
            return shipments
        return self._cut(self.tried, most)[0]

    def halve(self, shipments: list[Shipment]) -> None:
        """One of these cannot go: both halves go again, before everything else."""
        half = (len(shipments) + 1) // 2
        self.again.extendleft((shipments[half:], shipments[:half]))

    def too_large(self, shipments: list[Shipment]) -> None:
        """These were refused for their size: later batches stay below it.

        A lead refused alone says nothing of how many may go together, and what its batches seemed to say was its
        doing: only its own size is kept. Otherwise one such lead would have all that follow go one by one.
        """
        size = sum(len(s.lead.body) for s in shipments)
        if len(shipments) == 1:
            self._most_leads = self._policy[0]
            self._most_bytes = max(1, min(self._policy[1], size - 1))
        else:
            self._most_leads = max(1, min(self._most_leads, len(shipments) // 2))
            self._most_bytes = max(1, min(self._most_bytes, size // 2))

    def everything(self) -> list[Shipment]:
        """Of those of the same age, the ones that were taken first come first."""
        return [*self.tried, *(s for batch in self.again for s in batch), *self.deferred, *self.pending]

    def in_order(self) -> list[Shipment]:
        """Everything, oldest first."""
        return sorted(self.everything(), key=_age)

    def defer(self, shipments: list[Shipment], others: Callable[[Shipment], bool]) -> None:
        """These, which come from a batch, cannot go for a moment, nor can those waiting for which ``others`` holds."""
        more = [*shipments, *self.remove(others)]
        self.deferred = sorted([*self.deferred, *more], key=_age)

    def undefer(self) -> None:
        """The moment is over: they go back to where their age puts them."""
        self.pending = deque(sorted([*self.deferred, *self.pending], key=_age))
        self._weigh()
        self.deferred.clear()

    def regroup(self) -> None:
        """The probes have ended: those that were tried go back to where their age puts them."""
        if self.tried:
            self.pending = deque(self.in_order())
            self._weigh()
            self.again.clear()
            self.tried.clear()
            self.deferred.clear()

    def remove(self, gone: Callable[[Shipment], bool]) -> list[Shipment]:
        """Take out and give back those for which it holds, oldest first."""
        removed = sorted(filter(gone, self.everything()), key=_age)
        if removed:
            out = set(removed)
            self.pending = deque(s for s in self.pending if s not in out)
            self._weigh()
            kept = ([s for s in batch if s not in out] for batch in self.again)
            self.again = deque(batch for batch in kept if batch)
            self.tried = deque(s for s in self.tried if s not in out)
            self.deferred = [s for s in self.deferred if s not in out]
        return removed

    def _again(self, most: int) -> list[Shipment]:
        first = deque(self.again.popleft())
        shipments, _ = self._cut(first, most)
        if first:
            self.again.appendleft(list(first))
        return shipments

    def _cut(self, queue: deque[Shipment], most: int) -> tuple[list[Shipment], int]:
        """At least one lead, then more while they fit, and their bytes: a lead larger than a batch goes alone."""
        shipments: list[Shipment] = []
        size = 0
        while queue and len(shipments) < most:
            weight = len(queue[0].lead.body)
            if shipments and size + weight > self._most_bytes:
                break
            size += weight
            shipments.append(queue.popleft())
        return shipments, size

    def _weigh(self) -> None:
        self._pending_bytes = sum(len(s.lead.body) for s in self.pending)


def _age(shipment: Shipment) -> float:
    return shipment.waiting_since
