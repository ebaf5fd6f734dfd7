"""``crash_safety: park`` and a hub that answers nothing: the metadata fills with leads in doubt, and empties again."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest

from connector.delivery.backoff import Backoff
from connector.delivery.dispatcher import Dispatcher
from connector.delivery.lane import Flush, Lane, LanePolicy
from connector.delivery.lease import Lease
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.kafka.intents import Intents
from connector.kafka.journal import Note, encode, topic_mark
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import SetAside

TIME_OUT = 0.05
"""Seconds until a request that hangs counts as such here."""


class Broker:
    """Writes intents down, and acknowledges each commit a moment later."""

    def __init__(self) -> None:
        self.refused = 0
        self._intents = Intents()

    async def intend(self, records: list[Record]) -> Sequence[Record]:
        written: asyncio.Future[Sequence[Record]] = asyncio.get_running_loop().create_future()
        self._intents.add(records, written.set_result)
        refused = await written
        self.refused += len(refused)
        return refused

    def withdraw(self, records: list[Record]) -> None:
        for record in records:
            record.claim.progress.withdraw(record.offset)

    async def commit(self) -> None:
        """Again and again, until cancelled."""
        while True:
            touched = self._intents.note()
            self._intents.sent()
            for claim in touched:
                progress = claim.progress
                note = Note(progress.resolved_above(), progress.in_doubt(), exact=True)
                encode(progress.watermark or 0, note, topic_mark("a topic"))
            await asyncio.sleep(0.002)
            self._intents.written(touched)


class Hubs:
    """All hang, until all are well. Also the ledger of what they took."""

    def __init__(self) -> None:
        self.well = False
        self.timed_out = 0
        self.delivered_leads = 0

    async def post(self, _destination: Destination, _contacts: list[bytes]) -> Answer:
        if self.well:
            return Answer(AnswerClass.ACCEPTED, 200)
        await asyncio.sleep(TIME_OUT)
        self.timed_out += 1
        return Answer(AnswerClass.AMBIGUOUS)

    def delivered(self, shipments: list[Shipment], answer: Answer) -> None:
        self.delivered_leads += len(shipments)
        for shipment in shipments:
            shipment.record.claim.progress.resolve(shipment.record.offset)

    def set_aside(self, record: Record, why: SetAside, shipment: Shipment | None, answer: Answer | None) -> None:
        raise AssertionError(why)

    def forgotten(self, records: list[Record]) -> None:
        raise AssertionError("nothing was released")

    def request_started(self, destination: Destination, leads: int, flush: Flush) -> None:
        pass

    def lease_expired(self, leads: int) -> None:
        raise AssertionError("the lease is for ever")

    def request_answered(self, destination: Destination, leads: int, answer: Answer, lane: Lane) -> None:
        pass


@pytest.mark.parametrize(("hubs", "batch", "partitions"), [(1, 200, 1), (1, 400, 1), (5, 50, 1), (8, 50, 2)])
def test_when_the_hubs_are_well_again_every_lead_goes(hubs: int, batch: int, partitions: int) -> None:
    """Leads without room do not keep those in doubt from going, whose outcomes make room."""
    leads = 4000

    async def body() -> None:
        broker, world, lease = Broker(), Hubs(), Lease(1e9)
        lease.renew(time.monotonic())
        policy = LanePolicy(max_leads=batch, backoff=Backoff(0.01, 0.05))
        async with asyncio.TaskGroup() as tasks:
            commits = tasks.create_task(broker.commit())
            dispatcher = Dispatcher(
                policy, world.post, world, world, tasks.create_task, lambda: 0, lease, most_requests=32, intents=broker
            )
            claims = [Claim("leads", partition, PartitionProgress(0)) for partition in range(partitions)]
            shipments = []
            for number in range(leads):
                claim, offset = claims[number % partitions], number // partitions
                claim.progress.take(offset)
                lead = MappedLead("id", None, "route", Destination(f"hub-{number % hubs}"), b"{}")
                record = Record(claim, offset, None, None, b"x", None)
                shipments.append(Shipment(record, lead, asyncio.get_running_loop().time()))
            dispatcher.submit(shipments)
            while world.timed_out < 20 * hubs:
                await asyncio.sleep(0.01)
            assert broker.refused, "the metadata was full"
            world.well = True
            async with asyncio.timeout(60):
                while world.delivered_leads < leads:
                    await asyncio.sleep(0.01)
            commits.cancel()
            await dispatcher.close()

    asyncio.run(body())
