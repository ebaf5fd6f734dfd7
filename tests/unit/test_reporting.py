"""What the operators are told, and what is kept of it."""

from __future__ import annotations

import pytest

from connector.delivery.lane import Lane, LanePolicy
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination
from connector.leads.outcome import Outcome
from connector.reporting import _SET_ASIDE, Reporting
from connector.telemetry.health import Health
from connector.telemetry.metrics import Metrics


def test_hubs_that_events_name_and_nobody_knows_leave_nothing_behind() -> None:
    """Their leads are dead-lettered and nothing waits for them: else each would be a trouble for ever."""
    health = Health()
    reporting = Reporting(Metrics(), health)
    for number in range(100):
        lane = Lane(LanePolicy(), lambda: 0.5)
        reporting.request_answered(Destination(f"hub-{number}"), 1, Answer(AnswerClass.UNKNOWN_HUB, 404), lane)
    assert not health.troubles


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.DELIVERED, Outcome.FILTERED}))
def test_every_way_to_set_aside_has_its_words(outcome: Outcome) -> None:
    """They say where the lead is."""
    assert _SET_ASIDE[outcome]
