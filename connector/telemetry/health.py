"""Whether the process lives, and whether it is at work. Kafka or the API being away makes neither false."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from connector.telemetry.standstill import Standstill
from connector.telemetry.troubles import Trouble

STUCK = 900.0
"""Seconds without progress after which a partition counts as stuck: longer than the longest wait that is nobody's
trouble (requests that time out, their back-off, the Retry-After that is heeded)."""


@dataclass(slots=True)
class Health:
    """What the two threads last said of themselves. Plain writes and reads of single values: any thread."""

    loop_limit: float = 30.0
    """Seconds after which an event loop that has not turned counts as stuck."""
    kafka_limit: float = 150.0
    """The same for the Kafka thread: above what its waits add up to when no broker answers (a revocation's drain, its
    commit, and the questions of the next assignment), for that must not make the process die."""
    clock: Callable[[], float] = time.monotonic
    kafka_turned: float | None = None
    loop_turned: float | None = None
    joined: bool = False
    """Member of the group now."""
    was_joined: bool = False
    """Member at any time. Who loses the group because no broker answers is as ready as any other pod would be."""
    draining: bool = False
    troubles: dict[str, Trouble] = field(default_factory=dict)
    """What is wrong now, by what it concerns; for people. To the probes it says that waiting is right, where leads wait
    for its end."""
    partitions: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Of each of our partitions its watermark, and how many offsets above were read; made anew for every change."""
    standstill: Standstill = field(default_factory=lambda: Standstill(STUCK))
    """Belongs to the event loop."""

    def join(self) -> None:
        """The group was joined. Any thread."""
        self.joined = self.was_joined = True

    def now_wrong(self) -> dict[str, Trouble]:
        """The troubles at this moment, for the other thread may change them at the next. Any thread."""
        return self.troubles.copy()

    def turn(self, *, hindered: bool) -> None:
        """The event loop turns. ``hindered``: leads wait for something that is not ours to hurry."""
        self.loop_turned = now = self.clock()
        held = any(trouble.kind.holds for trouble in self.now_wrong().values())
        waits = hindered or held or not self.joined or self.draining
        self.standstill.look(self.partitions, now, hindered=waits)

    def live(self) -> tuple[bool, dict[str, object]]:
        """True while both loops turn and no partition is stuck. On the event loop."""
        now = self.clock()
        loops = {"kafka": (self.kafka_turned, self.kafka_limit), "loop": (self.loop_turned, self.loop_limit)}
        ages = {name: None if turned is None else round(now - turned, 1) for name, (turned, _) in loops.items()}
        turning = all(turned is None or now - turned < limit for turned, limit in loops.values())
        stuck = self.standstill.stuck(now)
        return turning and not stuck, {"seconds_since_turn": ages, "stuck_partitions": stuck}

    def ready(self) -> tuple[bool, dict[str, object]]:
        """True after the group was joined for the first time, until draining begins."""
        return self.was_joined and not self.draining, {
            "joined_group": self.joined,
            "draining": self.draining,
            "troubles": {name: str(trouble) for name, trouble in self.now_wrong().items()},
        }

    def started(self) -> tuple[bool, dict[str, object]]:
        """True once both loops have turned."""
        return self.kafka_turned is not None and self.loop_turned is not None, {"joined_group": self.joined}
