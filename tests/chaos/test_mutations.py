"""Tests of the tests: with a mistake built into the connector, a case fails, and by the invariant that it breaks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.chaos import committed_state, results, scenarios
from tests.chaos.bed import Case
from tests.chaos.conftest import MakeCase
from tests.chaos.mutations import MUTATIONS
from tests.integration.bed import ROOT

SHORT = 12.0
"""Seconds to recover in: these cases do not."""
HUBS = {"hubs": committed_state.TWO_HUBS}


def _killed_after_sending(case: Case) -> None:
    scenarios.kill_at(case, "sent")


CAUGHT: dict[str, tuple[Callable[[Case], object], str, dict[str, Any]]] = {
    "clean-on-send": (committed_state.commits_refused, "P", {}),
    "commit-polled": (_killed_after_sending, "W", {}),
    "drop-memory": (committed_state.lost_and_back, "D", {}),
    "ignore-release": (scenarios.post_outlives_revocation, "Z", {}),
    "mark-on-send": (_killed_after_sending, "W", {}),
    "no-metadata": (committed_state.kill_while_a_hub_is_away, "D", HUBS),
    "retry-never": (scenarios.api_down, "LP", {}),
    "skip-crc": (committed_state.metadata_at_another_offset, "L", HUBS),
    "skip-topic-mark": (committed_state.metadata_of_a_topic_before, "L", HUBS),
    "swallow-dead-letter": (committed_state.dead_letters_away, "LW", {"dead_topic": False}),
    "unbounded": (scenarios.api_down, "B", {}),
}
"""The scenario that notices each mistake, and the invariants by which it must."""
ALWAYS = {"mark-on-send", "clean-on-send"}
"""What ``make test`` runs too."""


def test_every_mutation_is_caught_somewhere() -> None:
    """None is forgotten here."""
    assert CAUGHT.keys() == MUTATIONS.keys()


def test_what_is_replaced_is_there() -> None:
    """The connector still has the names that the instruments and the mutations replace."""
    command = [sys.executable, "-m", "tests.chaos.mutations"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "mutation",
    [pytest.param(name, marks=() if name in ALWAYS else pytest.mark.chaos) for name in CAUGHT],
)
def test_a_mutation_is_caught(make_case: MakeCase, mutation: str) -> None:
    """The case ends with violations of these very invariants."""
    scenario, letters, how = CAUGHT[mutation]
    with make_case(scenario.__name__.strip("_"), mutation=mutation, limit=SHORT, **how) as case:
        scenario(case)
        report = case.report()
    results.append(report, mutation=mutation)
    assert set(letters) <= report.violations.keys(), report.text()
