"""Lists that are collected, whatever leads come, whenever they are due, and whatever leaves meanwhile."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from connector.delivery.lists import OpenLists
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.leads.mapped import Collect, Destination, MappedLead
from connector.leads.spec import Endpoint

NAMES = ("spring", "summer", "autumn")
MOST = 5
WAIT = 60.0


class ListsLife(RuleBasedStateMachine):
    """Against a model that knows each lead's list and time."""

    def __init__(self) -> None:
        super().__init__()
        self.lists = OpenLists()
        self.now = 0.0
        self.claims = [Claim("leads", partition, PartitionProgress(0)) for partition in range(3)]
        self.collected: dict[str, list[Shipment]] = {name: [] for name in NAMES}
        self.begun: dict[str, float] = {}
        self.offset = 0

    @rule(name=st.sampled_from(NAMES), partition=st.integers(0, 2))
    def add(self, name: str, partition: int) -> None:
        claim = self.claims[partition]
        destination = Destination("sales", Endpoint.LISTS, name)
        lead = MappedLead("id", None, "route", destination, b"{}", collect=Collect(MOST, WAIT))
        record = Record(claim, self.offset, None, None, b"x" * 10, None)
        self.offset += 1
        shipment = Shipment(record, lead, self.now)
        self.begun.setdefault(name, self.now)
        self.collected[name].append(shipment)
        full = self.lists.add(shipment, self.now)
        assert full == (len(self.collected[name]) == MOST)
        if full:
            self.close(name)

    def close(self, name: str) -> None:
        closed = self.lists.close(Destination("sales", Endpoint.LISTS, name))
        assert closed == self.collected[name], "in the order in which they came"
        self.collected[name] = []
        del self.begun[name]

    @rule(seconds=st.sampled_from([1.0, 30.0, WAIT]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        due = {destination.filename or "" for destination in self.lists.due(self.now)}
        assert due == {name for name, begun in self.begun.items() if self.now >= begun + WAIT}
        for name in due:
            self.close(name)

    @rule(partition=st.integers(0, 2))
    def move(self, partition: int) -> None:
        """A partition leaves and comes back as another claim."""
        gone, self.claims[partition] = self.claims[partition], Claim("leads", partition, PartitionProgress(0))
        gone.released = True
        forgotten = self.lists.forget()
        for name, shipments in self.collected.items():
            left = [s for s in shipments if s.record.claim is gone]
            assert {s.record for s in left} <= {*forgotten}
            self.collected[name] = [s for s in shipments if s.record.claim is not gone]
            if not self.collected[name]:
                self.begun.pop(name, None)
        assert all(record.claim is gone for record in forgotten)

    @rule(partition=st.integers(0, 2), leads=st.integers(1, 6), size=st.integers(1, 60))
    def crowd(self, partition: int, leads: int, size: int) -> None:
        """A partition may not hold so many leads or bytes: the list with most of them is named."""
        claim = self.claims[partition]
        found = self.lists.crowded(claim, leads, size)
        shares = {name: sum(s.record.claim is claim for s in each) for name, each in self.collected.items()}
        total = sum(shares.values())
        assert (found is not None) == (total >= leads or 10 * total >= size)
        if found is not None:
            assert shares[found.filename or ""] == max(shares.values())

    @invariant()
    def every_lead_is_in_its_list(self) -> None:
        assert {*self.lists} == {s for shipments in self.collected.values() for s in shipments}
        assert bool(self.lists) == any(self.collected.values())
        begun = [self.begun[name] + WAIT for name, shipments in self.collected.items() if shipments]
        assert self.lists.next_due == min(begun, default=None)


ListsLife.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestListsLife = ListsLife.TestCase
