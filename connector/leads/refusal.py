"""How a lead leaves the mapping early: an exception inside, a SetAside outside."""

from __future__ import annotations

from connector.leads.outcome import Outcome, Reason, SetAside, Stage


class RefusalError(Exception):
    """This lead will not be sent. The message names properties, never values (they are personal data)."""

    def __init__(self, reason: Reason, message: str, *, stage: Stage = Stage.MAP) -> None:
        super().__init__(message)
        outcome = Outcome.EXPIRED if reason is Reason.TOO_OLD else Outcome.DEAD_LETTER
        self.set_aside = SetAside(outcome, stage, reason, message)
