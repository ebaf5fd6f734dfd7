"""What `/metrics` of a running connector says."""

from __future__ import annotations

from confluent_kafka import Producer
from prometheus_client.parser import text_string_to_metric_families

from connector.telemetry.metrics import TIME_TO_LEAD_PARTS, Metrics
from testbed.waiting import until
from tests.integration.asked import asked
from tests.integration.bed import LIMIT, as_json, lead, produce
from tests.integration.conftest import Bed


def test_every_metric_is_exposed_and_no_other(bed: Bed) -> None:
    """As docs/metrics.md has them; without the times of creation that nobody asks for."""
    connector = bed.connector().start()
    produce(bed.bootstrap, bed.topic, [*(as_json(lead(n)) for n in range(50)), b"broken"])
    until(lambda: connector.metric("leads_outcome_total") == 51, limit=LIMIT, what="51 outcomes")
    connector.wait_done()
    lines = [line.split()[2:4] for line in connector.get("metrics").text.splitlines() if line.startswith("# TYPE")]
    assert sorted((name, kind) for name, kind in lines) == sorted((m.name, m.kind) for m in Metrics().described)
    assert connector.metric("leads_outcome_total", route="all", outcome="delivered") == 50
    assert connector.metric("leads_outcome_total", route="", outcome="dead_letter", reason="unknown_format") == 1
    for part in TIME_TO_LEAD_PARTS:
        assert connector.metric("time_to_lead_part_seconds_count", route="all", part=part) == 50
    assert connector.metric("hub_breaker", hub="sales", state="closed") == 1

    def behind() -> float:
        names = ("kafka_lag_records", "kafka_lag_seconds", "kafka_unresolved_oldest_seconds")
        return sum(connector.metric(name, topic=bed.topic) for name in names)

    until(lambda: behind() == 0, limit=LIMIT, what="partitions without lag")
    assert connector.stop() == 0


def test_alerts_and_dashboard_ask_for_what_is_there(bed: Bed) -> None:
    """Series, labels and labels' values, as a running connector exposes them before anything has gone wrong: of an
    expression that names others, nobody would notice that it never says anything."""
    connector = bed.connector(changes={"delivery": {"rates": {"requests": 100, "leads": 1000}}}).start()
    produce(bed.bootstrap, bed.topic, [*(as_json(lead(n)) for n in range(20)), b"broken"])
    until(lambda: connector.metric("leads_outcome_total") == 21, limit=LIMIT, what="21 outcomes")
    until(lambda: "\nkafka_lag_seconds{" in connector.get("metrics").text, limit=LIMIT, what="the lag to be known")
    families = {family.name: family for family in text_string_to_metric_families(connector.get("metrics").text)}
    assert connector.stop() == 0
    labels: dict[str, set[str]] = {}
    values: dict[tuple[str, str], set[str]] = {}
    for metric in Metrics().described:
        ends = ("_bucket", "_count", "_sum") if metric.kind == "histogram" else ("",)
        for name in (metric.name + end for end in ends):
            labels[name] = {*metric.labels, *(["le"] if name.endswith("_bucket") else [])}
        for sample in families[metric.name.removesuffix("_total")].samples:
            assert sample.labels.keys() == labels[sample.name], "as they are described"
            for label, value in sample.labels.items():
                values.setdefault((sample.name, label), set()).add(value)
    everything = asked()
    assert len(everything) > 50
    for selectors, shown in everything:
        assert shown <= {label for series, _ in selectors for label in labels[series]}, selectors
        for series, matched in selectors:
            assert matched.keys() <= labels[series], series
            for label, wanted in matched.items():
                parked = {"parked"} if label == "outcome" else set()  # there from the first on
                assert set(wanted) <= values[series, label] | parked, (series, label, wanted)


def test_leads_that_wait_are_seen_to_wait(bed: Bed) -> None:
    """Lag in records and in seconds, the oldest of what was read, and the hub that takes nothing."""
    token = bed.folder / "token"
    token.write_text("wrong")
    bed.require_token("right")
    connector = bed.connector().start()
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(100)))

    def standing() -> tuple[float, float]:
        names = ("kafka_lag_records", "kafka_watermark_distance_records")
        lag, distance = (connector.metric(name, topic=bed.topic) for name in names)
        return lag, distance

    until(lambda: standing() == (100, 100), limit=LIMIT, what="100 leads that wait")
    until(lambda: connector.metric("kafka_unresolved_oldest_seconds") > 2, limit=LIMIT, what="leads older than 2 s")
    until(lambda: connector.metric("kafka_lag_seconds", topic=bed.topic) > 2, limit=LIMIT, what="leads that old")
    until(lambda: connector.metric("hub_leads_waiting", hub="sales") > 0, limit=LIMIT, what="leads that wait")
    until(lambda: connector.metric("hub_breaker", hub="sales", state="closed") == 0, limit=LIMIT, what="a breaker open")
    until(lambda: connector.metric("hub_concurrency_limit", hub="sales") == 1, limit=LIMIT, what="one at a time")
    token.write_text("right")
    connector.wait_done()
    until(lambda: connector.metric("kafka_lag_seconds") == 0, limit=LIMIT, what="no lag")
    until(lambda: connector.metric("kafka_unresolved_oldest_seconds") == 0, limit=LIMIT, what="nothing unresolved")
    assert connector.stop() == 0


def test_what_ends_a_transaction_is_no_lag(bed: Bed) -> None:
    """It has an offset that nobody gets to read: a topic that a transactional producer fills would lag for ever."""
    producer = Producer({"bootstrap.servers": bed.bootstrap, "transactional.id": bed.topic})
    producer.init_transactions(LIMIT)
    for first in (0, 10):
        producer.begin_transaction()
        for number in range(first, first + 10):
            producer.produce(bed.topic, as_json(lead(number)), partition=0)
        producer.commit_transaction(LIMIT)
    connector = bed.connector().start()
    until(lambda: connector.delivered() == 20, limit=LIMIT, what="20 leads")
    until(lambda: "\nkafka_lag_seconds{" in connector.get("metrics").text, limit=LIMIT, what="the lag to be known")

    def lag() -> tuple[float, float]:
        return connector.metric("kafka_lag_records"), connector.metric("kafka_lag_seconds")

    until(lambda: lag() == (0, 0), limit=LIMIT, what="no lag")
    connector.wait_done()  # in what is committed neither, which is what tools and autoscalers look at
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(20)}
    assert connector.stop() == 0
