"""What happens to the group in the cases: members that come and go."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

from tests.chaos.actors import Member
from tests.chaos.bed import Case
from tests.chaos.scenarios import RATE, SLOW

EXTRAS = 3
"""Members that come and go, beside one that stays."""
LEAST = 15
"""Times that one comes, at the least."""
MOST = 1.0
"""Seconds that each of them stays, or stays away, at most."""


def storm(case: Case, seconds: float) -> int:
    """Members join and leave in order, about one a second where the machine allows it, beside one that stays: for so
    long, and until ``LEAST`` have come. Gives how often one came."""
    case.api.fault(**SLOW)
    case.member("stays").start()
    extras = [case.member(f"extra-{number}") for number in range(1, EXTRAS + 1)]
    case.feed.start(RATE)
    case.wait_accepted(300)
    until = time.monotonic() + seconds
    with ThreadPoolExecutor(EXTRAS) as pool:
        came = sum(pool.map(lambda extra: _come_and_go(extra, until), extras))
    case.healed()
    case.wait_accepted(300)
    case.recover()
    return came


def _come_and_go(member: Member, until: float) -> int:
    """Started and told to stop again and again, whether it has partitions by then or not."""
    pause = random.Random(member.name)
    came = 0
    while came < LEAST // EXTRAS or time.monotonic() < until:
        member.start(ready=False)
        came += 1
        time.sleep(pause.uniform(0.0, MOST))
        assert member.stop() == 0, member.process.log_tail()
        time.sleep(pause.uniform(0.0, MOST))
    return came
