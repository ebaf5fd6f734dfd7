"""What is about to be sent, written down first (``crash_safety: park``): a request waits until the broker has
acknowledged a commit whose metadata names its records. Belongs to the Kafka thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from connector.delivery.progress import normalized
from connector.delivery.record import Claim, Record
from connector.kafka.journal import fits


@dataclass(slots=True, eq=False)
class _Intent:
    offsets: dict[Claim, list[int]]
    """Those that are not in doubt for another reason, once it is noted."""
    confirmed: Callable[[], object]
    unwritten: set[Claim]


class Intents:
    """Each goes through three states: waiting for room in the metadata, noted in the progress of its partitions, and
    in a commit that is under way. When a claim of it is released it is waited for no longer: whoever wanted to send
    looks at the claims again."""

    def __init__(self) -> None:
        self._waiting: list[_Intent] = []
        self._noted: list[_Intent] = []
        self._under_way: list[_Intent] = []

    def add(self, records: Sequence[Record], confirmed: Callable[[], object]) -> None:
        """``confirmed`` is called once, on the Kafka thread: when these records may be sent, or when a claim of theirs
        was released."""
        offsets: dict[Claim, list[int]] = {}
        for record in records:
            offsets.setdefault(record.claim, []).append(record.offset)
        self._waiting.append(_Intent(offsets, confirmed, set(offsets)))

    def note(self) -> set[Claim]:
        """Note those for which there is room in their partitions' progress. Returns the claims to commit."""
        touched: set[Claim] = set()
        waiting, self._waiting = self._waiting, []
        for intent in waiting:
            intent.unwritten = {claim for claim in intent.unwritten if not claim.released}
            if not intent.unwritten:
                intent.confirmed()
            elif all(_fits(claim, intent.offsets[claim]) for claim in intent.unwritten):
                for claim in intent.unwritten:
                    intent.offsets[claim] = [o for o in intent.offsets[claim] if claim.progress.intend(o)]
                touched |= intent.unwritten
                self._noted.append(intent)
            else:
                self._waiting.append(intent)
        return touched

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
                intent.confirmed()

    def release(self, claims: Set[Claim]) -> None:
        """These claims are released: an intent that names one is let go at once, and nothing of it is in doubt for its
        sake. Whoever waits looks at the claims again, and asks anew for what is left; a revocation waits for that, and
        no commit is answered during one."""
        gone = [intent for intent in self._waiting if intent.offsets.keys() & claims]
        noted = [intent for intent in (*self._noted, *self._under_way) if intent.offsets.keys() & claims]
        for intent in noted:
            for claim, offsets in intent.offsets.items():
                for offset in offsets:
                    claim.progress.withdraw(offset)
        out = {*gone, *noted}
        for queue in (self._waiting, self._noted, self._under_way):
            queue[:] = [intent for intent in queue if intent not in out]
        for intent in (*gone, *noted):
            intent.confirmed()


def _fits(claim: Claim, offsets: Sequence[int]) -> bool:
    # A batch larger than ALWAYS_FIT is refused by the configuration, so an empty partition has room for any.
    # What is sent again after no answer stands in the metadata already, so it goes even when that is full.
    progress, watermark = claim.progress, claim.progress.watermark
    more = [(offset, offset + 1) for offset in offsets if not progress.is_intended(offset)]
    return not more or watermark is None or fits(watermark, normalized([*progress.in_doubt(), *more]))
