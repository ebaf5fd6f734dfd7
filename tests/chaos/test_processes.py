"""Faults of the connector's own process: killed at each step, told to stop, frozen for longer than its session."""

from __future__ import annotations

import pytest

from tests.chaos import scenarios
from tests.chaos.bed import PROTOCOLS
from tests.chaos.conftest import MakeCase
from tests.chaos.instruments import STEPS

ALWAYS = {("answer", "classic"), ("sent", "consumer")}
"""What ``make test`` runs too."""


@pytest.mark.parametrize(
    ("step", "protocol"),
    [
        pytest.param(step, protocol, marks=() if (step, protocol) in ALWAYS else pytest.mark.chaos)
        for step in STEPS
        for protocol in PROTOCOLS
    ],
)
def test_kill_9(make_case: MakeCase, step: str, protocol: str) -> None:
    """Killed when it reaches the step, and started again."""
    with make_case(f"kill -9: {step}", protocol) as case:
        scenarios.kill_at(case, step)
        case.check(duplicates=step in ("sent", "answer"))


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_sigterm_under_load(make_case: MakeCase, protocol: str) -> None:
    """Nothing is sent twice."""
    with make_case("SIGTERM under load", protocol) as case:
        scenarios.terminate(case)
        case.check()


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_frozen_past_its_session(make_case: MakeCase, protocol: str) -> None:
    """SIGSTOP while another member takes over, then SIGCONT."""
    with make_case("SIGSTOP past the session, then resumed", protocol) as case:
        scenarios.freeze(case)
        case.check(duplicates=True)
