"""How a lead leaves the mapping early: an exception inside, a SetAside outside."""

from __future__ import annotations

from connector.leads.outcome import Outcome, Reason, SetAside, Stage

_OUTCOMES = {
    Reason.TOO_OLD: Outcome.EXPIRED,
    Reason.EXCLUDED: Outcome.FILTERED,
    Reason.SUPPRESSED: Outcome.FILTERED,
}
"""Those of other reasons are dead-lettered."""


class RefusalError(Exception):
    """This lead will not be sent. The message names properties, never values (they are personal data)."""

    def __init__(self, reason: Reason, message: str, *, stage: Stage = Stage.MAP) -> None:
        super().__init__(message)
        self.set_aside = SetAside(_OUTCOMES.get(reason, Outcome.DEAD_LETTER), stage, reason, message)
