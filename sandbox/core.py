"""One sandbox: its ledger, counts, database, faults and clockwork, put together."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack

from sandbox.active_faults import ActiveFaults
from sandbox.background import Background
from sandbox.contacts import Upload
from sandbox.ledger import Entry, Ledger, read_ledger
from sandbox.settings import Endpoint, SandboxSettings
from sandbox.store import Store
from sandbox.tally import Tally

_REPLAYED_AT_ONCE = 10_000


def now_ms() -> int:
    """The time, epoch milliseconds."""
    return time.time_ns() // 1_000_000


class Sandbox:
    """Everything behind the endpoints. After construction all methods belong to the event loop's thread."""

    def __init__(self, settings: SandboxSettings) -> None:
        """Opens the directory and catches up with its ledger. Blocks. Raises LedgerError and OSError."""
        self.settings = settings
        self.started_at = now_ms()
        self.faults = ActiveFaults(settings.seed)
        self.tally = Tally(settings.kinds, settings.remembered_requests)
        settings.directory.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            self.ledger = Ledger(settings.ledger_path, self._durable)
            opened.callback(self.ledger.close)
            self.store = Store(settings.database_path, settings.timezones)
            opened.callback(self.store.close)
            self.background = Background(settings, self.store, now_ms)
            opened.callback(self.background.close)
            self._recover()
            self._opened = opened.pop_all()

    def close(self) -> None:
        """Lets files and threads go. Blocks. After ``Background.stop``, without a running loop."""
        self._opened.close()

    async def accept(self, hub: str, endpoint: Endpoint, upload: Upload) -> str:
        """Writes checked contacts to the ledger; returns the request id once they are on the disk.

        Raises LedgerError when the disk refuses: then nothing counts as accepted.
        """
        request, at, total = secrets.token_hex(8), now_ms(), len(upload.contacts)

        def entries(seq: int) -> list[Entry]:
            return [
                Entry(seq + index, at, hub, endpoint, request, index, total, lead, contact, upload.filename)
                for index, (lead, contact) in enumerate(zip(upload.leads, upload.contacts, strict=True))
            ]

        await self.ledger.append(entries)
        return request

    def _durable(self, entries: Sequence[Entry]) -> None:
        self.tally.accept(entries)
        self.background.note(entries)

    def _recover(self) -> None:
        """Counts the ledger and brings the database up to it, from nothing when the two do not belong together."""
        applied, applied_request = self.store.progress()
        together = applied == 0
        for entries in self.ledger.recover():
            self.tally.accept(entries)
            if entries[-1].seq == applied:
                together = entries[-1].request == applied_request
        if not together:
            self.store.reset()
            applied = 0
        if applied < self.ledger.last_seq:
            for batch in _batches(read_ledger(self.settings.ledger_path), applied):
                self.store.apply(batch)


def _batches(entries: Iterator[Entry], after: int) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    for entry in entries:
        if entry.seq > after:
            batch.append(entry)
        if len(batch) >= _REPLAYED_AT_ONCE and entry.index + 1 == entry.of:
            yield batch
            batch = []
    yield batch
