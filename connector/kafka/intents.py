"""What is about to be sent, written down first (``crash_safety: park``): a request waits until the broker has
acknowledged a commit whose metadata names its records. Belongs to the Kafka thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, field
from typing import TypeAlias

from connector.delivery.progress import normalized
from connector.delivery.record import Claim, Record
from connector.kafka.journal import fits

Confirm: TypeAlias = Callable[[Sequence[Record]], object]
"""Called once, on the Kafka thread, when an intent is written down, with those of its records for which there was no
room: they must not be sent. Or when a claim of it was released: then nothing is known of the others."""


@dataclass(slots=True, eq=False)
class _Intent:
    records: Sequence[Record]
    confirm: Confirm
    refused: list[Record] = field(default_factory=list)
    noted: dict[Claim, list[Record]] = field(default_factory=dict)
    """Those noted for its sake: not those that were in doubt before."""
    unwritten: set[Claim] = field(default_factory=set)


class Intents:
    """Each goes through three states: heard of, noted in the progress of its partitions, and in a commit that is under
    way. None waits for room: a hub's request that did would keep its place from those that make room."""

    def __init__(self) -> None:
        self._heard: list[_Intent] = []
        self._noted: list[_Intent] = []
        self._under_way: list[_Intent] = []

    def add(self, records: Sequence[Record], confirm: Confirm) -> None:
        """These are about to be sent; see ``Confirm``."""
        self._heard.append(_Intent(records, confirm))

    def note(self) -> set[Claim]:
        """Note those for which there is room in their partitions' progress. Returns the claims to commit."""
        touched: set[Claim] = set()
        heard, self._heard = self._heard, []
        for intent in heard:
            by_claim: dict[Claim, list[Record]] = {}
            for record in intent.records:
                by_claim.setdefault(record.claim, []).append(record)
            for claim, records in by_claim.items():
                if not claim.released:
                    self._note(intent, claim, records)
            touched |= intent.unwritten
            if intent.unwritten:
                self._noted.append(intent)
            else:
                intent.confirm(intent.refused)
        return touched

    def _note(self, intent: _Intent, claim: Claim, records: Sequence[Record]) -> None:
        # What is sent again after no answer stands in the metadata already, so it goes even when that is full.
        new = [record for record in records if not claim.progress.is_intended(record.offset)]
        going = records
        if new and not _room(claim, new):
            intent.refused += new
            if len(new) == len(records):
                return
            refused = set(new)
            going = [record for record in records if record not in refused]
        intent.noted[claim] = [record for record in going if _intend(record)]
        intent.unwritten.add(claim)

    def sent(self) -> None:
        """A commit has been sent that holds all that is noted."""
        self._under_way += self._noted
        self._noted = []

    def written(self, claims: Iterable[Claim]) -> None:
        """The commit is answered: acknowledged for these claims, and to be made again for others."""
        under_way, self._under_way = self._under_way, []
        acknowledged = set(claims)
        for intent in under_way:
            intent.unwritten = {c for c in intent.unwritten if c not in acknowledged and not c.released}
            if intent.unwritten:
                self._noted.append(intent)
            else:
                intent.confirm(intent.refused)

    def release(self, claims: Set[Claim]) -> None:
        """These claims are released: an intent that names one is let go at once, and nothing of it is in doubt for its
        sake. Whoever waits looks at the claims again, and asks anew for what is left; a revocation waits for that, and
        no commit is answered during one."""
        gone = [intent for intent in self._heard if any(record.claim in claims for record in intent.records)]
        noted = [intent for intent in (*self._noted, *self._under_way) if intent.noted.keys() & claims]
        for intent in noted:
            for records in intent.noted.values():
                for record in records:
                    withdraw(record)
        out = {*gone, *noted}
        for queue in (self._heard, self._noted, self._under_way):
            queue[:] = [intent for intent in queue if intent not in out]
        for intent in (*gone, *noted):
            intent.confirm(())


def withdraw(record: Record) -> None:
    """It was not sent after all, or its request certainly had no effect. The offset that it shares with other parts
    stays in doubt while one of these is about to be sent, or may have been."""
    if record.fan is not None:
        record.fan.intended.discard(record)
        if record.fan.intended:
            return
    record.claim.progress.withdraw(record.offset)


def _intend(record: Record) -> bool:
    """Note that it is about to be sent. False: it was in doubt already."""
    new = record.claim.progress.intend(record.offset)
    fan = record.fan
    if fan is None:
        return new
    if record in fan.intended:
        return False
    fan.intended.add(record)
    return True


def _room(claim: Claim, records: Sequence[Record]) -> bool:
    # A batch larger than ALWAYS_FIT is refused by the configuration, so an empty partition has room for any.
    watermark = claim.progress.watermark
    more = ((record.offset, record.offset + 1) for record in records)
    return watermark is None or fits(watermark, normalized([*claim.progress.in_doubt(), *more]))
