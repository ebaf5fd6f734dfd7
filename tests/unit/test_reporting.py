"""What the operators are told, and what is kept of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
import structlog

from connector.delivery.breaker import BreakerState
from connector.delivery.lane import Lane, LanePolicy
from connector.delivery.position import Position, Returned
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.kafka.watch import Standing
from connector.leads.answer import Answer, AnswerClass
from connector.leads.dropped import Dropped, Unusable
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage
from connector.reporting import _MEANT, _SET_ASIDE, Reporting
from connector.telemetry.health import Health
from connector.telemetry.metrics import Metrics
from connector.telemetry.troubles import Kind


def test_hubs_that_events_name_and_nobody_knows_leave_nothing_behind() -> None:
    """Their leads are dead-lettered and nothing waits for them: else each would be a trouble for ever."""
    health = Health()
    reporting = Reporting(Metrics(), health, lambda: 0)
    for number in range(100):
        lane = Lane(LanePolicy(), lambda: 0.5)
        reporting.request_answered(Destination(f"hub-{number}"), 1, Answer(AnswerClass.UNKNOWN_HUB, 404), lane)
    assert not health.troubles


class Barred(NamedTuple):
    """As much of a lane as is looked at."""

    state: BreakerState
    storming: bool = False
    failures: int = 5


def test_a_hub_that_takes_nothing_says_why() -> None:
    """In the line itself, and on the status page: the line before may have been kept back."""
    health = Health()
    reporting = Reporting(Metrics(), health, lambda: 0)
    sales = Destination("sales")
    with structlog.testing.capture_logs() as lines:
        barred: Any = Barred(BreakerState.OPEN)
        reporting.request_answered(sales, 1, Answer(AnswerClass.UNAVAILABLE, 503), barred)
        reporting.request_answered(sales, 1, Answer(AnswerClass.AMBIGUOUS, None, excerpt="ReadTimeout"), barred)
        held: Any = Barred(BreakerState.CLOSED, storming=True, failures=0)
        reporting.request_answered(sales, 1, Answer(AnswerClass.REJECTED, 422), held)
    [line] = [line for line in lines if line.get("runbook") == "hub-takes-nothing"]
    assert (line["answer"], line["status"]) == ("unavailable", 503)
    [(name, trouble)] = health.troubles.items()
    assert (name, trouble.kind, trouble.runbook) == ("refusals of hub sales", Kind.REFUSALS, "nearly-all-refused")
    reporting.request_answered(sales, 1, Answer(AnswerClass.UNAVAILABLE, 503), barred)
    assert "unavailable" in str(health.troubles["hub sales"]) and "(503)" in str(health.troubles["hub sales"])
    reporting.hubs_gone([sales])
    assert not health.troubles


def test_pauses_are_told_when_they_begin_and_when_they_end() -> None:
    """Once each, however often the configuration is read."""
    health = Health()
    reporting = Reporting(Metrics(), health, lambda: 0)
    with structlog.testing.capture_logs() as lines:
        for paused in ({"a", "b"}, {"a", "b"}, {"b"}, set[str]()):
            reporting.routes_paused(paused)
    assert [(line["event"].split(":")[0], line["route"]) for line in lines] == [
        ("the route is paused", "a"),
        ("the route is paused", "b"),
        ("the route is not paused any more", "a"),
        ("the route is not paused any more", "b"),
    ]
    assert not health.troubles


def test_numbers_that_delivered_leads_lack_are_counted() -> None:
    """By why; a lead that lacks none counts nothing."""
    metrics = Metrics()
    record = Record(Claim("leads", 0, PartitionProgress(0)), 0, None, None, b"x", None)
    dropped = (Dropped("clientIds", Unusable.NOT_VALID, 2), Dropped("clientIds", Unusable.NO_COUNTRY, 1))
    lead = MappedLead("lead-1", None, "main", Destination("sales"), b"{}")
    shipments = [Shipment(record, lead, 0.0), Shipment(record, lead._replace(dropped=dropped), 0.0)]
    Reporting(metrics, Health(), lambda: 0).delivered(shipments, Answer(AnswerClass.ACCEPTED, 200), 0)
    counted = {
        sample.labels["reason"]: sample.value
        for metric in metrics.registry.collect()
        for sample in metric.samples
        if sample.name == "phone_numbers_dropped_total"
    }
    assert counted == {"not_valid": 2, "no_country": 1}


@pytest.mark.parametrize(
    ("event_ms", "written_ms", "total", "in_kafka"),
    [(1_000, 4_000, 9.0, 5.0), (None, 4_000, 6.0, 2.0), (None, None, None, None), (20_000, 4_000, 0.0, 0.0)],
)
def test_the_parts_of_a_time_to_lead(
    event_ms: int | None, written_ms: int | None, total: float | None, in_kafka: float | None
) -> None:
    """From the event, or where it has no time the record; read after 6 s, asked at 8.5 s, answered at 10 s. Clocks that
    disagree give no negative times."""
    metrics = Metrics()
    record = Record(Claim("leads", 0, PartitionProgress(0)), 0, written_ms, None, b"x", None, read_ms=6_000)
    lead = MappedLead("lead-1", event_ms, "main", Destination("sales"), b"{}")
    answer = Answer(AnswerClass.ACCEPTED, 200, seconds=1.5)
    Reporting(metrics, Health(), lambda: 0).delivered([Shipment(record, lead, 0.0)], answer, 10_000)
    value = metrics.registry.get_sample_value
    assert value("leads_outcome_total", {"route": "main", "outcome": "delivered", "reason": ""}) == 1
    assert value("time_to_lead_seconds_sum", {"route": "main"}) == (total or 0)
    assert value("time_to_lead_seconds_count", {"route": "main"}) == (total is not None)
    parts = {
        part: value("time_to_lead_part_seconds_sum", {"route": "main", "part": part}) for part in ("waiting", "api")
    }
    assert parts == {"waiting": 2.5, "api": 1.5}
    kafka = {"route": "main", "part": "kafka"}
    assert value("time_to_lead_part_seconds_sum", kafka) == (in_kafka or 0)
    assert value("time_to_lead_part_seconds_count", kafka) == (in_kafka is not None)


def test_a_partition_that_leaves_takes_its_series_along() -> None:
    """Else its lag would stand for ever, beside that which its new owner tells."""
    metrics = Metrics()
    reporting = Reporting(metrics, Health(), lambda: 0)
    here, there = (Claim("leads", number, PartitionProgress(0)) for number in (0, 1))
    reporting.assigned([here, there], 0)
    reporting.turned({here: Standing(7, 5, 1.5, 3, 0.5)})
    names = [gauge._name for gauge in metrics.of_partition]
    labels = {"topic": "leads", "partition": "0"}
    value = metrics.registry.get_sample_value
    assert [value(name, labels) for name in names] == [5, 1.5, 3, 0.5]
    reporting.revoked([here, there], lost=False, seconds=0.25, unresolved=0)
    assert [value(name, labels) for name in names] == [None] * 4
    assert value("kafka_revocation_seconds_sum") == 0.25
    assert value("kafka_partitions") == 0


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.DELIVERED}))
def test_every_way_to_set_aside_has_its_words(outcome: Outcome) -> None:
    """They say where the lead is."""
    assert (outcome in _SET_ASIDE) is not (outcome in _MEANT)


def test_filtered_leads_are_counted_by_reason_and_told_by_filter() -> None:
    """As what is meant to happen, now and then for each filter; a tombstone is not worth a line."""
    metrics = Metrics()
    reporting = Reporting(metrics, Health(), lambda: 0)
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
            reporting.set_aside(record, why, None)
    lines = [line for line in told if line["log_level"] != "debug"]
    assert [(line["log_level"], line["reason"]) for line in lines] == [
        ("info", "excluded"),
        ("info", "excluded"),
        ("info", "suppressed"),
    ]
    for reason, number in (("excluded", 3), ("suppressed", 1), ("tombstone", 1)):
        labels = {"route": "", "outcome": "filtered", "reason": reason}
        assert metrics.registry.get_sample_value("leads_outcome_total", labels) == number


def test_what_alerts_count_begins_at_nothing() -> None:
    """A series that begins above 0 has not increased, as Prometheus sees it: the first 500 would be none."""
    metrics = Metrics()
    Reporting(metrics, Health(), lambda: 0).expect(["main"])
    value = metrics.registry.get_sample_value
    for route, outcome, reason in (
        ("main", "delivered", ""),
        ("main", "dead_letter", "rejected"),
        ("", "dead_letter", "undecodable"),
        ("", "expired", "too_old"),
    ):
        assert value("leads_outcome_total", {"route": route, "outcome": outcome, "reason": reason}) == 0
    assert value("time_to_lead_seconds_count", {"route": "main"}) == 0
    assert value("api_requests_total", {"answer": "unauthorized"}) == 0
    begun = {s.labels["reason"] for m in metrics.outcomes.collect() for s in m.samples}
    kept = {Reason.TOMBSTONE, Reason.EXCLUDED, Reason.SUPPRESSED, Reason.DELIVERED_BEFORE}
    assert begun == {"", *(reason.value for reason in set(Reason) - kept - {Reason.HUB_DOWN})}


def test_a_secret_that_cannot_be_used_is_a_trouble_until_it_can() -> None:
    """Each for itself: a new certificate does not make up for a bad token."""
    metrics, health = Metrics(), Health()
    reporting = Reporting(metrics, health, lambda: 0)
    value = metrics.registry.get_sample_value
    reporting.secret_trouble("token", "the token is empty")
    reporting.secret_reloaded("certificate")
    assert health.troubles == {"token": (Kind.CREDENTIALS, "the token is empty", "changed-secret")}
    assert value("secret_unusable", {"what": "token"}) == 1
    assert value("secret_unusable", {"what": "certificate"}) == 0
    reporting.secret_usable("token")
    assert not health.troubles and value("secret_unusable", {"what": "token"}) == 0


def test_what_letters_say_of_their_route_makes_no_series() -> None:
    """The part's name is in a header, where anybody may write anything."""
    metrics = Metrics()
    reporting = Reporting(metrics, Health(), lambda: 0)
    reporting.expect(["main"])
    why = SetAside(Outcome.DEAD_LETTER, Stage.MAP, Reason.INVALID_FIELD, "")
    for part in ("main", "other", "x" * 10_000, "\ud800"):
        origin = Returned(Position("leads", 0, 7), None, 0, 1, part=part)
        record = Record(Claim("retry", 0, PartitionProgress(0)), 17, 1000, b"k", b"v", None, origin=origin)
        reporting.set_aside(record, why, None)
    routes = {s.labels["route"] for m in metrics.outcomes.collect() for s in m.samples}
    assert routes == {"", "main"}
    assert (
        metrics.registry.get_sample_value(
            "leads_outcome_total", {"route": "", "outcome": "dead_letter", "reason": "invalid_field"}
        )
        == 3
    )
