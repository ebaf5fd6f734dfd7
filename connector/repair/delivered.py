"""Whether leads were delivered meanwhile, by the receipts."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple

from connector.kafka.reading import Position as Start
from connector.kafka.receipts import Receipt, name_of, read_receipt
from connector.leads.mapped import MappedLead
from connector.repair.ports import Reads


class Wanted(NamedTuple):
    """A lead to look for: by its id, and by the hash of its duplicate key where it has one. ``part``: the route whose
    part it is; None for all of the lead."""

    lead: str
    part: str | None
    key: bytes | None

    def found_in(self, receipt: Receipt) -> bool:
        """Whether this receipt says that it was delivered: the lead, or this part of it."""
        if receipt.delivery is None:
            return False
        if self.key is not None and receipt.key == self.key:
            return True
        return receipt.lead == self.lead and (None in (self.part, receipt.part) or self.part == receipt.part)


def wanted(lead: MappedLead, part: str | None, key: bytes | None) -> Wanted:
    """How to look for a lead that was mapped."""
    return Wanted(name_of(lead.lead_id), part, key)


def deliveries(
    reader: Reads, topic: str, sought: Collection[Wanted], since_ms: int
) -> Iterator[tuple[Wanted, Receipt]]:
    """The receipts since a time (milliseconds since the epoch) that say that one of these was delivered. Blocks; raises
    PeekError. In memory is what is sought."""
    by_lead: dict[str, list[Wanted]] = {}
    by_key: dict[bytes, list[Wanted]] = {}
    for each in sought:
        by_lead.setdefault(each.lead, []).append(each)
        if each.key is not None:
            by_key.setdefault(each.key, []).append(each)
    for record in reader.records(topic, reader.spans(topic, Start(time_ms=since_ms))):
        receipt = read_receipt(record.value)
        if receipt is None:
            continue
        found = by_lead.get(receipt.lead or "", [])
        if receipt.key is not None:
            found = [*found, *by_key.get(receipt.key, [])]
        yield from ((each, receipt) for each in found if each.found_in(receipt))
