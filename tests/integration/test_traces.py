"""Spans of a running connector, as a collector gets them."""

from __future__ import annotations

from collections import Counter

import pytest
from confluent_kafka import Producer

from testbed.waiting import until
from tests.integration.bed import LIMIT, as_json, lead
from tests.integration.collector import attributes, collector
from tests.integration.conftest import Bed

TRACED = {"telemetry": {"traces": True}}


def traceparent(number: int) -> str:
    """The trace context of a lead's event: trace ``number`` + 1, span ``number`` + 1001, sampled."""
    return f"00-{number + 1:032x}-{number + 1001:016x}-01"


def produce_traced(bootstrap: str, topic: str, count: int) -> None:
    """Leads, each with the trace context of its event, save for every fifth, whose header is none."""
    producer = Producer({"bootstrap.servers": bootstrap})
    for number in range(count):
        context = "00-nonsense-01" if number % 5 == 0 else traceparent(number)
        producer.produce(topic, as_json(lead(number)), headers={"traceparent": context, "other": b"\xff"})
    assert producer.flush(LIMIT) == 0


def test_each_request_is_a_span_linked_to_its_leads(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that failed too; each lead's context is in the links of the requests that it was part of, and nobody is
    named."""
    with collector() as there:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", there.url)
        monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test")
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        connector = bed.connector(changes=TRACED).start()
        bed.sandbox.fault(kind="status", status=500, count=1)
        produce_traced(bed.bootstrap, bed.topic, 60)
        until(lambda: connector.delivered() == 60, limit=LIMIT, what="60 leads")
        requests = connector.metric("api_requests_total")
        assert connector.stop() == 0
    assert len(there.spans) == requests, "also those that were made just before the end"
    linked: Counter[int] = Counter()
    leads = failed = 0
    for span, resource in there.spans:
        assert resource["service.name"] == "lead-connector"
        assert resource["deployment.environment.name"] == "test"
        said = attributes(span)
        assert (span.name, said["lead_connector.hub"], said["http.request.method"]) == (
            "POST freshLeads",
            "sales",
            "POST",
        )
        assert span.end_time_unix_nano > span.start_time_unix_nano and not span.parent_span_id
        accepted = said["lead_connector.answer"] == "accepted"
        assert said["http.response.status_code"] == (200 if accepted else 500)
        assert (span.status.code == span.status.STATUS_CODE_ERROR) is not accepted
        if accepted:
            leads += said["messaging.batch.message_count"]
            linked.update(int.from_bytes(link.trace_id, "big") for link in span.links)
            assert all(
                int.from_bytes(link.span_id, "big") == int.from_bytes(link.trace_id, "big") + 1000
                for link in span.links
            )
        else:
            failed += 1
        text = str(span)
        assert not [word for word in ("Ana", "Paz", "5989", "example.com", "lead-") if word in text]
    assert (leads, failed) == (60, 1)
    assert linked == {number + 1: 1 for number in range(60) if number % 5}


def test_a_collector_that_fails_is_told_and_holds_up_nothing(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither leads nor the end; the line says what to do, and the SDK's own lines are not in the log."""
    with collector() as there:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", there.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        there.status = 400
        connector = bed.connector(changes=TRACED).start()
        produce_traced(bed.bootstrap, bed.topic, 20)
        until(lambda: connector.delivered() == 20, limit=LIMIT, what="20 leads")
        until(lambda: _lost(connector.events()), limit=LIMIT, what="a warning")
        assert connector.stop() == 0
    assert there.refused and not there.spans
    assert {line["logger"] for line in connector.events()} == {"connector"}


def _lost(lines: list[dict[str, object]]) -> bool:
    return any(
        line.get("runbook") == "spans-lost" and "OTEL_EXPORTER_OTLP_ENDPOINT" in str(line["do"]) for line in lines
    )


def test_variables_without_the_wish_for_spans_do_nothing(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Operators of clusters give them to every pod."""
    with collector() as there:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", there.url)
        connector = bed.connector().start()
        produce_traced(bed.bootstrap, bed.topic, 5)
        until(lambda: connector.delivered() == 5, limit=LIMIT, what="5 leads")
        assert connector.stop() == 0
    assert not there.spans and not there.refused
