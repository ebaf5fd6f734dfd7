"""What has been handed over and not settled, and the way on which outcomes come back to the Kafka thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from connector.delivery.record import Claim, PartRecord, Record


class Buffer:
    """Counts records from hand-over to settlement. ``settle`` and ``wake`` may be called on any thread, ``outstanding``
    be read on any; all else belongs to the Kafka thread."""

    def __init__(self, max_records: int, max_bytes: int) -> None:
        self.max_records = max_records
        self.max_bytes = max_bytes
        self.handed_over = 0
        """Records ever added."""
        self._settled: deque[tuple[list[Record], bool]] = deque()
        self._awaited = 1
        self._woken = False
        self._wake = threading.Event()
        self._records = 0
        self._bytes = 0

    @property
    def outstanding(self) -> int:
        """Records handed over and not settled."""
        return self._records

    def settle(self, records: list[Record], *, resolved: bool) -> None:
        """These records have an outcome that is durable (resolved), or were forgotten because their claims were
        released. Each record is settled once, and so is each part of one in parts. Does not block."""
        self._settled.append((records, resolved))
        if len(self._settled) >= self._awaited:
            self._wake.set()

    def wake(self) -> None:
        """End a ``wait``, also one that begins before the next ``apply``."""
        self._woken = True
        self._wake.set()

    def wait(self, seconds: float, settlements: int = 1) -> None:
        """Block until ``settle`` was called so often, ``wake`` was called, or for so long."""
        self._awaited = settlements
        self._wake.clear()
        if not self._woken and len(self._settled) < settlements:
            self._wake.wait(seconds)
        self._awaited = 1

    def add(self, records: list[Record]) -> None:
        """Records are about to be handed over."""
        for record in records:
            record.claim.outstanding += 1
            self._bytes += record.size
        self.handed_over += len(records)
        self._records += len(records)

    def apply(self, progressed: Callable[[Claim], None]) -> None:
        """Move the progress of what was settled; ``progressed`` is called with each claim whose progress moved."""
        self._woken = False
        while self._settled:
            records, done = self._settled.popleft()
            offsets: dict[Claim, list[int]] = {}
            for record in records:
                resolved = done
                if isinstance(record, PartRecord):
                    fan = record.fan
                    if not fan.settle(record, resolved=done):
                        continue  # other parts are open
                    record, resolved = fan.record, fan.resolved
                claim = record.claim
                claim.outstanding -= 1
                self._records -= 1
                self._bytes -= record.size
                if resolved:
                    offsets.setdefault(claim, []).append(record.offset)
                elif not record.in_doubt:
                    claim.progress.withdraw(record.offset)  # it was given up before it was sent
            for claim, own in offsets.items():
                claim.progress.resolve_all(own)
                progressed(claim)

    def room(self, leads_apart: int = 0, bytes_apart: int = 0) -> int:
        """How many records may be added; 0 when it is full. What is apart does not count, up to as much as there may be
        otherwise."""
        if self._bytes - min(bytes_apart, self.max_bytes) >= self.max_bytes:
            return 0
        return max(0, self.max_records - self._records + min(leads_apart, self.max_records))

    def half_free(self, leads_apart: int = 0, bytes_apart: int = 0) -> bool:
        """True when at most half of it is taken, without what is apart. What is apart beyond as much as there may be
        otherwise makes it smaller: it may be there for long, and whatever is left must go on."""
        most = self.max_records - max(0, leads_apart - self.max_records)
        most_bytes = self.max_bytes - max(0, bytes_apart - self.max_bytes)
        return 2 * (self._records - leads_apart) <= most and 2 * (self._bytes - bytes_apart) <= most_bytes
