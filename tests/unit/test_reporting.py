"""What the operators are told, and what is kept of it."""

from __future__ import annotations

import pytest
import structlog

from connector.delivery.lane import Lane, LanePolicy
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.leads.answer import Answer, AnswerClass
from connector.leads.dropped import Dropped, Unusable
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
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


def test_numbers_that_delivered_leads_lack_are_counted() -> None:
    """By why; a lead that lacks none counts nothing."""
    metrics = Metrics()
    record = Record(Claim("leads", 0, PartitionProgress(0)), 0, None, None, b"x", None)
    dropped = (Dropped("clientIds", Unusable.NOT_VALID, 2), Dropped("clientIds", Unusable.NO_COUNTRY, 1))
    lead = MappedLead("lead-1", None, "main", Destination("sales"), b"{}")
    shipments = [Shipment(record, lead, 0.0), Shipment(record, lead._replace(dropped=dropped), 0.0)]
    Reporting(metrics, Health()).delivered(shipments, 0)
    counted = {
        sample.labels["reason"]: sample.value
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "phone_numbers_dropped_total"
    }
    assert counted == {"not_valid": 2, "no_country": 1}


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.DELIVERED}))
def test_every_way_to_set_aside_has_its_words(outcome: Outcome) -> None:
    """They say where the lead is."""
    assert _SET_ASIDE[outcome]


def test_filtered_leads_are_counted_by_reason_and_told_by_filter() -> None:
    """As what is meant to happen, now and then for each filter; a tombstone is not worth a line."""
    metrics = Metrics()
    reporting = Reporting(metrics, Health())
    record = Record(Claim("leads", 3, PartitionProgress(0)), 17, 1000, b"k", b"v", None)

    def aside(reason: Reason, name: str | None) -> SetAside:
        return SetAside(Outcome.FILTERED, Stage.FILTER, reason, "", filter=name)

    with structlog.testing.capture_logs() as told:
        for why in (
            aside(Reason.EXCLUDED, "one"),
            aside(Reason.EXCLUDED, "one"),
            aside(Reason.EXCLUDED, "two"),
            aside(Reason.SUPPRESSED, "three"),
            aside(Reason.TOMBSTONE, None),
        ):
            reporting.set_aside(record, why)
    lines = [line for line in told if line["log_level"] != "debug"]
    assert [(line["log_level"], line["reason"]) for line in lines] == [
        ("info", "excluded"),
        ("info", "excluded"),
        ("info", "suppressed"),
    ]
    for reason, number in (("excluded", 3), ("suppressed", 1), ("tombstone", 1)):
        labels = {"outcome": "filtered", "reason": reason}
        assert metrics.registry.get_sample_value("leads_outcome_total", labels) == number
