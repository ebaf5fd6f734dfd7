"""Which faults are active, and whom they strike."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from sandbox.faults import FaultSpec, Latency


@dataclass(slots=True)
class ActiveFault:
    """A fault from its arrival to its end. ``over`` is set when it has been cleared or its time has run out."""

    id: int
    spec: FaultSpec
    fired: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.TimerHandle | None = None

    @property
    def spent(self) -> bool:
        """Whether it has struck as often as it was asked to; it stays listed until it is cleared."""
        return self.spec.count is not None and self.fired >= self.spec.count

    def as_json(self) -> dict[str, object]:
        """The fault as the control endpoints show it: its parameters, how often it struck, seconds left if timed."""
        left = None
        if self.timer is not None:
            left = round(max(self.timer.when() - asyncio.get_running_loop().time(), 0.0), 3)
        parameters = self.spec.model_dump(exclude_none=True)
        return {"id": self.id, **parameters, "fired": self.fired, "spent": self.spent, "seconds_left": left}


class ActiveFaults:
    """The faults of one sandbox, in the order they were added. All methods belong to the event loop's thread."""

    def __init__(self, seed: int | None) -> None:
        self._rng = Random(seed)  # noqa: S311 - chooses requests to disturb, keeps no secret
        self._faults: dict[int, ActiveFault] = {}
        self._next_id = 1
        self._closing = asyncio.Event()

    @property
    def closing(self) -> bool:
        """Whether the sandbox is stopping: delayed and hanging requests are to be dropped."""
        return self._closing.is_set()

    def add(self, spec: FaultSpec) -> ActiveFault:
        """Makes a fault active."""
        fault = ActiveFault(self._next_id, spec)
        self._next_id += 1
        self._faults[fault.id] = fault
        if spec.for_seconds is not None:
            fault.timer = asyncio.get_running_loop().call_later(spec.for_seconds, self.remove, fault.id)
        return fault

    def remove(self, fault_id: int) -> bool:
        """Ends one fault; False when there is none with this id."""
        fault = self._faults.pop(fault_id, None)
        if fault is None:
            return False
        if fault.timer is not None:
            fault.timer.cancel()
        fault.over.set()
        return True

    def clear(self) -> int:
        """Ends all faults; returns how many."""
        ids = list(self._faults)
        for fault_id in ids:
            self.remove(fault_id)
        return len(ids)

    def close(self) -> None:
        """Ends everything for good; whoever is delayed or hangs sees ``closing``."""
        self._closing.set()
        self.clear()

    def __bool__(self) -> bool:
        """Whether there are any, the spent ones included."""
        return bool(self._faults)

    def as_json(self) -> list[dict[str, object]]:
        """All faults, the spent ones too."""
        return [fault.as_json() for fault in self._faults.values()]

    def fire(self, hub: str, wanted: Callable[[FaultSpec], bool]) -> ActiveFault | None:
        """The first fault among the wanted that strikes this request, counted as fired; None when none does."""
        for fault in self._faults.values():
            if self._applies(fault, hub) and wanted(fault.spec) and self._strikes(fault):
                return fault
        return None

    async def delay(self, hub: str) -> None:
        """Waits as long as the latencies that strike this request say, or until the sandbox closes."""
        seconds = 0.0
        for fault in self._faults.values():
            if isinstance(fault.spec, Latency) and self._applies(fault, hub) and self._strikes(fault):
                seconds += fault.spec.seconds(self._rng)
        if seconds > 0:
            try:
                async with asyncio.timeout(seconds):
                    await self._closing.wait()
            except TimeoutError:
                return

    def _applies(self, fault: ActiveFault, hub: str) -> bool:
        return not fault.spent and fault.spec.hub in (None, hub)

    def _strikes(self, fault: ActiveFault) -> bool:
        if fault.spec.share < 1 and self._rng.random() >= fault.spec.share:
            return False
        fault.fired += 1
        return True
