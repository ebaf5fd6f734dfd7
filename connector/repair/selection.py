"""Which letters are meant. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from connector.delivery.position import Position
from connector.kafka.decisions import Decision
from connector.kafka.found_letters import FoundLetter
from connector.kafka.receipts import name_of

OPEN = "open"
"""The state of a letter about which nothing was decided."""
ANY = "all"
STATES = (OPEN, *(each.value for each in Decision), ANY)


@dataclass(frozen=True, slots=True)
class Selection:
    """Letters for which all of this holds; what is empty or None asks for nothing. Times in milliseconds since the
    epoch: set aside from ``from_ms`` on, and before ``to_ms``."""

    state: str = OPEN
    positions: frozenset[Position] = frozenset()
    """Of letters, or of the records that they were made of: that is what the log and the status page name."""
    reasons: frozenset[str] = frozenset()
    routes: frozenset[str] = frozenset()
    hubs: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    """Where the leads came from."""
    lead: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    _lead_name: str | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.lead is not None:
            object.__setattr__(self, "_lead_name", name_of(self.lead))

    def _is_at(self, letter: FoundLetter) -> bool:
        return letter.position in self.positions or (
            letter.origin is not None and letter.origin.position in self.positions
        )

    def takes(self, letter: FoundLetter, decision: Decision | None) -> bool:
        """Whether this letter, about which this was decided, is meant."""
        return (
            (self.state == ANY or self.state == (OPEN if decision is None else decision.value))
            and (not self.positions or self._is_at(letter))
            and (not self.reasons or letter.reason in self.reasons)
            and (not self.routes or letter.route in self.routes)
            and (not self.hubs or letter.hub in self.hubs)
            and (not self.topics or letter.topic in self.topics)
            and (self.from_ms is None or letter.time_ms >= self.from_ms)
            and (self.to_ms is None or letter.time_ms < self.to_ms)
            and (self._lead_name is None or (letter.lead is not None and name_of(letter.lead) == self._lead_name))
        )
