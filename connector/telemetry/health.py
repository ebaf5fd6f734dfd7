"""Whether the process lives, and whether it is at work. Kafka or the API being away makes neither false."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field


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
    draining: bool = False
    troubles: dict[str, str] = field(default_factory=dict)
    """What is wrong now, by what it concerns; for people, not for probes."""

    def live(self) -> tuple[bool, dict[str, object]]:
        """True while both loops turn."""
        now = self.clock()
        loops = {"kafka": (self.kafka_turned, self.kafka_limit), "loop": (self.loop_turned, self.loop_limit)}
        ages = {name: None if turned is None else round(now - turned, 1) for name, (turned, _) in loops.items()}
        good = all(turned is None or now - turned < limit for turned, limit in loops.values())
        return good, {"seconds_since_turn": ages}

    def ready(self) -> tuple[bool, dict[str, object]]:
        """True after the group was joined, until draining begins."""
        return self.joined and not self.draining, {
            "joined_group": self.joined,
            "draining": self.draining,
            "troubles": dict(self.troubles),
        }

    def started(self) -> tuple[bool, dict[str, object]]:
        """True once both loops have turned."""
        return self.kafka_turned is not None and self.loop_turned is not None, {"joined_group": self.joined}
