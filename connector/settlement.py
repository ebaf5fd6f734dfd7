"""What becomes of a record when its outcome is decided: written where it belongs, then resolved.

Part of the composition root: it stands between delivery, which decides, and the Kafka room, which makes it durable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector.delivery.duplicates import hash_of
from connector.delivery.record import Record, Shipment
from connector.kafka.letters import Letter, dead_letter, retry_letter, review_letter
from connector.kafka.outbox import Outbox
from connector.kafka.receipts import receipt_letter, receipt_of
from connector.kafka.source import Source
from connector.leads.answer import Answer
from connector.leads.outcome import Outcome, Reason, SetAside
from connector.reporting import Reporting

_WITHOUT_LETTER = frozenset({Outcome.FILTERED, Outcome.DUPLICATE})
"""Outcomes of records that nobody wants back."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Where records go that are set aside, and receipts; None: the configuration gives no reason for it to happen."""

    dead_letters: str
    review: str | None = None
    retries: str | None = None
    receipts: str | None = None
    rest_ms: int = 0
    """Milliseconds that a lead stays on the retry topic at least."""


class Settlement:
    """Implements ``delivery.Outcomes``. Lives on the event loop; ``source`` and ``outbox`` are given before the first
    record comes."""

    source: Source
    outbox: Outbox

    def __init__(self, topics: Topics, version: str, reporting: Reporting, now_ms: Callable[[], int]) -> None:
        self._topics = topics
        self._version = version
        self._reporting = reporting
        self._now_ms = now_ms

    def delivered(self, shipments: list[Shipment], answer: Answer) -> None:
        """The API has them. Resolved when their receipts are acknowledged, where there are any."""
        records = [shipment.record for shipment in shipments]
        now_ms = self._now_ms()
        self._reporting.delivered(shipments, answer, now_ms)
        if self._topics.receipts is None:
            self.source.settle(records, resolved=True)
            return
        receipts = [self._receipt(s.record, Outcome.DELIVERED, s, None, now_ms) for s in shipments]
        self.outbox.send_receipts(records, receipts, lambda: self.source.settle(records, resolved=True))

    def set_aside(self, record: Record, why: SetAside, shipment: Shipment | None, answer: Answer | None) -> None:
        """It will not be sent now. Resolved when its letter and its receipt are acknowledged, where there are any."""
        letters = [] if why.outcome in _WITHOUT_LETTER else [self._letter(record, why, shipment, answer)]
        receipts: list[Letter] = []
        if self._topics.receipts is not None and why.reason is not Reason.TOMBSTONE:
            receipts = [self._receipt(record, why.outcome, shipment, why, self._now_ms())]
        if letters:
            self.outbox.send(
                record,
                letters + receipts,
                lambda: self._resolve(record, why, shipment),
                abandoned=lambda: self.source.settle([record], resolved=False),
                final=why.outcome is not Outcome.PARKED,
            )
        elif receipts:
            self.outbox.send_receipts([record], receipts, lambda: self._resolve(record, why, shipment))
        else:
            self._resolve(record, why, shipment)

    def forgotten(self, records: list[Record]) -> None:
        """Their next owner reads them."""
        self.source.settle(records, resolved=False)

    def _resolve(self, record: Record, why: SetAside, shipment: Shipment | None) -> None:
        self.source.settle([record], resolved=True)
        self._reporting.set_aside(record, why, None if shipment is None else shipment.lead.route)

    def _receipt(
        self, record: Record, outcome: Outcome, shipment: Shipment | None, why: SetAside | None, now_ms: int
    ) -> Letter:
        if self._topics.receipts is None:
            raise AssertionError("a receipt without a topic for it")
        key = None if shipment is None else shipment.lead.duplicate_key
        receipt = receipt_of(
            record,
            outcome,
            shipment,
            now_ms=now_ms,
            reason=None if why is None else why.reason,
            key=None if key is None else hash_of(key),
            first=None if shipment is None else shipment.duplicate,
            lead_id=None if why is None else why.lead_id,
            filtered_by=None if why is None else why.filter,
        )
        return receipt_letter(self._topics.receipts, receipt)

    def _letter(self, record: Record, why: SetAside, shipment: Shipment | None, answer: Answer | None) -> Letter:
        topics, now_ms = self._topics, self._now_ms()
        known = (record, why, shipment, answer)
        if why.outcome is not Outcome.PARKED:
            return dead_letter(topics.dead_letters, *known, version=self._version, now_ms=now_ms)
        if why.reason is Reason.HUB_DOWN and topics.retries is not None and shipment is not None:
            rested_ms = now_ms + topics.rest_ms
            version = self._version
            return retry_letter(
                topics.retries, record, why, shipment, answer, version=version, now_ms=now_ms, not_before_ms=rested_ms
            )
        if topics.review is None:
            raise AssertionError(f"{why.reason} without a topic for review: the configuration must refuse that")
        sent_at_ms = None if answer is None else now_ms - round(answer.seconds * 1000)
        return review_letter(topics.review, *known, version=self._version, now_ms=now_ms, sent_at_ms=sent_at_ms)


class WrittenIntents:
    """Implements ``delivery.Intents``: the Kafka thread writes them into the commit metadata."""

    def __init__(self, settlement: Settlement) -> None:
        """``settlement`` knows the source by the time the first request goes."""
        self._settlement = settlement

    async def intend(self, records: list[Record]) -> Sequence[Record]:
        """Returns when the commit that names them is acknowledged, or their claims were released."""
        loop = asyncio.get_running_loop()
        written: asyncio.Future[Sequence[Record]] = loop.create_future()
        self._settlement.source.intend(records, lambda refused: loop.call_soon_threadsafe(_resolve, written, refused))
        return await written

    def withdraw(self, records: list[Record]) -> None:
        """Their request certainly had no effect."""
        self._settlement.source.withdraw(records)


def _resolve(written: asyncio.Future[Sequence[Record]], refused: Sequence[Record]) -> None:
    if not written.done():  # it is cancelled when the shutdown's deadline has passed
        written.set_result(refused)
