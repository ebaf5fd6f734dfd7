"""What was delivered from a partition before it was ours, read from the receipts for the duplicate window."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from confluent_kafka import Consumer

from connector.delivery.position import Position
from connector.delivery.record import Claim
from connector.kafka.receipt_reader import ReceiptsRead, read_receipts
from connector.kafka.receipts import Receipt

PATIENCE = 60.0
"""Seconds for reading a partition's receipts; then its leads go on without, and the log says so."""
SLICE = 1000
"""Receipts remembered before the loop's other work gets a turn."""


class Recall:
    """Implements ``delivery.Recall``. Reads each partition in a thread of its own, with a consumer of its own."""

    def __init__(
        self,
        connect: Callable[[], Consumer],
        topic: str,
        window: float,
        max_keys: int,
        now_ms: Callable[[], int],
        told: Callable[[Claim, ReceiptsRead], None],
    ) -> None:
        """``topic``: of the receipts. ``window`` in seconds. ``told`` is called on the event loop with what came of
        each reading."""
        self._connect = connect
        self._topic = topic
        self._window_ms = round(window * 1000)
        self._max_keys = max_keys
        self._now_ms = now_ms
        self._told = told

    async def __call__(self, claim: Claim, tell: Callable[[bytes, Position, int], None]) -> None:
        found: list[tuple[bytes, Position, int]] = []

        def keep(receipt: Receipt) -> None:
            delivery = receipt.delivery
            # Other topics have their receipts in the partition of the same number.
            if receipt.key is not None and delivery is not None and receipt.position.topic == claim.topic:
                found.append((receipt.key, delivery.first, delivery.time_ms))

        read = await asyncio.to_thread(
            read_receipts,
            self._connect,
            self._topic,
            claim.partition,
            self._now_ms() - self._window_ms,
            keep,
            deadline=time.monotonic() + PATIENCE,
            stop=lambda: claim.released,
            most=2 * self._max_keys,
        )
        for number, each in enumerate(found):
            tell(*each)
            if number % SLICE == SLICE - 1:
                await asyncio.sleep(0)
        if not claim.released:
            self._told(claim, read)
