"""The storm guard: when nearly every lead is refused, the mistake is not the leads'.

A changed contract, a wrong mapping, a list that was deleted: each makes the API refuse leads that are good, and would
empty a topic into dead letters within minutes. Then the leads are held instead. Pure: no clock.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StormPolicy:
    """A storm is called when ``share`` of the last ``min_leads`` final results are refusals."""

    share: float = 0.9
    min_leads: int = 20


class StormGuard:
    """Looks at the final results of single leads: those accepted, and those that the API refused alone (400, 422).

    A lead that is too large alone does not count, nor one whose event names a hub that does not exist: such an answer
    states what is wrong with this very lead, and waiting cannot make it right. A plain refusal is also what a mistake
    of ours looks like. ``policy`` None: there are no storms.
    """

    def __init__(self, policy: StormPolicy | None) -> None:
        self._policy = policy
        self._runs: deque[tuple[bool, int]] = deque()  # whether refused, and how many in a row; oldest first
        self._seen = 0
        self._refused = 0
        self.since: float | None = None
        """When the storm began; None while there is none."""
        self.refusals = 0
        """Refusals that led to the storm (they count as one) and probes refused in it."""

    def use(self, policy: StormPolicy | None) -> None:
        """Another policy from now on. A storm goes on till a probe is accepted, but without a guard there is none."""
        self._policy = policy
        if policy is None:
            self._end()

    def accepted(self, leads: int, *, probe: bool) -> bool:
        """Leads of one request were accepted. True if that ends a storm: only what was sent during the storm does, for
        a request from before it says nothing of what caused it."""
        if self.since is None:
            self._note(False, leads)
            return False
        if probe:
            self._end()
        return probe

    def refused(self, now: float, *, probe: bool) -> bool:
        """A lead was refused alone. True if it is to be held, for there is a storm."""
        if self.since is None:
            self._note(True, 1)
            if not self._stormy():
                return False
            self.since = now
            self.refusals = 1
        elif probe:
            self.refusals += 1
        return True

    def _end(self) -> None:
        self.since = None
        self.refusals = self._seen = self._refused = 0
        self._runs.clear()

    def _stormy(self) -> bool:
        policy = self._policy
        return policy is not None and self._seen >= policy.min_leads and self._refused / self._seen >= policy.share

    def _note(self, refused: bool, leads: int) -> None:
        if self._policy is None or not (refused or self._refused or self._seen < self._policy.min_leads):
            return  # all accepted before and now: a healthy lane pays next to nothing
        # Runs, not leads: the work is for a request, not for each of its leads.
        before = self._runs.pop()[1] if self._runs and self._runs[-1][0] is refused else 0
        self._runs.append((refused, before + leads))
        self._seen += leads
        self._refused += leads * refused
        while (excess := self._seen - self._policy.min_leads) > 0:
            oldest, count = self._runs.popleft()
            dropped = min(count, excess)
            self._seen -= dropped
            self._refused -= dropped * oldest
            if count > dropped:
                self._runs.appendleft((oldest, count - dropped))
