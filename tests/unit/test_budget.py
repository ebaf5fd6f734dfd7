"""Claim: a lead's way takes no more function calls than its budget says, so that no change makes it dearer unseen."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.calls import BUDGET, budget
from bench.paths import ROOT

TOLERANCE = 1.02
"""Other versions of Python and of libraries call a little differently."""


def counted() -> dict[str, float]:
    """In a process of its own, so that what other tests have imported and configured does not count."""
    done = subprocess.run([sys.executable, "-m", "bench.calls"], cwd=ROOT, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def test_a_lead_takes_no_more_calls_than_its_budget() -> None:
    calls, allowed = counted(), budget()
    assert calls.keys() == allowed.keys()
    over = {stage: (made, allowed[stage]) for stage, made in calls.items() if made > TOLERANCE * allowed[stage]}
    assert not over, f"calls a lead, and how many there may be: {over}. If it is worth them, raise {BUDGET.name}"
    spare = {stage: (made, allowed[stage]) for stage, made in calls.items() if made < 0.8 * allowed[stage]}
    assert not spare, f"so few are needed now: {spare}. Lower {BUDGET.name}, or what was won will be lost again"
