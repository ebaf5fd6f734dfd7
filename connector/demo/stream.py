"""The stream of leads: a thread that makes and writes them, at random moments as people do."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from random import Random

from connector.demo.kafka import LeadProducer
from connector.demo.leads import LeadFactory
from connector.leads.outcome import Outcome

TRICKLE = 1.0
"""Leads a second after the first ``leads``, for as long as the demo stays open."""
MOST_WAITING = 20_000
"""The embedded broker keeps some megabytes a partition and drops the oldest: never more than this unread in it."""


class LeadStream:
    """Starts with ``start``, ends with ``stop`` or when it has made its leads. Counts may be read on any thread."""

    def __init__(
        self,
        factory: LeadFactory,
        connect: Callable[[], LeadProducer],
        *,
        leads: int,
        rate: float,
        trickle: bool,
        seed: int,
        read: Callable[[], int],
    ) -> None:
        """``connect`` is called on the stream's thread; ``rate`` in leads a second, 0 is no limit; ``read`` tells how
        many records the connector has read so far."""
        self._factory = factory
        self._connect = connect
        self._leads = leads
        self._rate = rate
        self._trickle = trickle
        self._random = Random(seed)  # noqa: S311 - a demo, repeatable by intent
        self._read = read
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="leads", daemon=True)
        self._producer: LeadProducer | None = None
        self.made = 0
        self.expected: Counter[Outcome] = Counter()
        """How the leads made so far have to end."""
        self.times: dict[str, int] = {}
        """Event times by lead id, of those that have to be delivered; epoch milliseconds."""
        self.error: Exception | None = None
        """What ended the stream before its time."""

    @property
    def produced(self) -> int:
        """Leads that the broker has acknowledged."""
        return 0 if self._producer is None else self._producer.acknowledged

    @property
    def first_leads_made(self) -> bool:
        """Whether ``leads`` are made and acknowledged: what still comes is the trickle."""
        return self.produced >= self._leads

    @property
    def ended(self) -> bool:
        """Whether it makes no more."""
        return not self._thread.is_alive()

    def start(self) -> None:
        """Begin. Does not block."""
        self._thread.start()

    def stop(self) -> None:
        """Make no more, and wait until the broker has those that were made. A second call does nothing."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            producer = self._producer = self._connect()
            self._stream(producer)
            producer.flush()
            if producer.failure is not None:
                raise RuntimeError(producer.failure)
        except Exception as error:  # noqa: BLE001 - carried to the thread that shows it
            self.error = error

    def _stream(self, producer: LeadProducer) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            rate = self._rate if self.made < self._leads else TRICKLE
            if self.made >= self._leads and not self._trickle:
                return
            wait = due - time.monotonic()
            if wait > 0:
                producer.poll()
                self._stop.wait(min(wait, 0.05))  # woken between leads too, to serve acknowledgements
            elif self.made - self._read() > MOST_WAITING:
                producer.poll()
                self._stop.wait(0.05)
            else:
                self._make_one(producer)
                due += self._random.expovariate(rate) if rate else 0.0

    def _make_one(self, producer: LeadProducer) -> None:
        lead = self._factory.make(time.time_ns() // 1_000_000)
        if lead.outcome is Outcome.DELIVERED:
            self.times[lead.id] = lead.occurred_at
        self.expected[lead.outcome] += 1
        self.made += 1
        producer.write(lead)
