"""The closed list of metrics. Label values come from closed vocabularies and configuration, never from events."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_TIME_TO_LEAD = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400)


class Metrics:
    """Every metric of the connector, in a registry of its own. Thread-safe, as prometheus-client's metrics are."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.records_read = Counter("leads_read", "Records read from Kafka.", registry=registry)
        self.records_skipped = Counter(
            "leads_skipped", "Records read again that the commit metadata knew as resolved.", registry=registry
        )
        self.outcomes = Counter(
            "leads_outcome",
            "Records by how they ended (each part, where several routes take a lead). The reason is empty for "
            "delivered ones.",
            ["outcome", "reason"],
            registry=registry,
        )
        self.sent_again = Counter(
            "leads_sent_again",
            "Delivered leads that may have been delivered before: a request got no answer (ambiguous), or an earlier "
            "owner of the partition may have sent them (takeover).",
            ["cause"],
            registry=registry,
        )
        self.numbers_dropped = Counter(
            "phone_numbers_dropped", "Phone numbers that delivered leads lack, by why.", ["reason"], registry=registry
        )
        self.receipts_missing = Counter("receipts_missing", "Receipts that could not be written.", registry=registry)
        self.outstanding = Gauge("leads_outstanding", "Records read and not yet resolved.", registry=registry)
        self.waiting = Gauge("leads_waiting", "Mapped leads that are in no request.", registry=registry)
        self.time_to_lead = Histogram(
            "time_to_lead_seconds",
            "From the event's own time to the API's confirmation.",
            ["route"],
            buckets=_TIME_TO_LEAD,
            registry=registry,
        )
        self.requests = Counter("api_requests", "Requests to the API by answer class.", ["answer"], registry=registry)
        self.request_seconds = Histogram(
            "api_request_seconds", "Duration of requests to the API.", buckets=_SECONDS, registry=registry
        )
        self.secret_reloads = Counter(
            "secret_reloads", "Tokens and certificates read again after a change.", ["what"], registry=registry
        )
        self.file_reloads = Counter(
            "file_reloads", "Suppression lists and tables read again after a change.", ["what"], registry=registry
        )
        self.requests_in_flight = Gauge("api_requests_in_flight", "Requests without an answer.", registry=registry)
        self.hubs_open = Gauge("hubs_open", "Hubs whose circuit breaker is not closed.", registry=registry)
        self.hubs_storming = Gauge(
            "hubs_storming", "Hubs whose leads are held because nearly all are refused.", registry=registry
        )
        self.batches = Counter(
            "batches", "Batches sent, by why they were sent when they were.", ["flush"], registry=registry
        )
        self.batch_leads = Histogram(
            "batch_leads", "Leads in a request.", buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500, 1000), registry=registry
        )
        self.commits = Counter("kafka_commits", "Commits acknowledged by the broker.", registry=registry)
        self.commit_failures = Counter(
            "kafka_commit_failures", "Commits that failed and are made again.", registry=registry
        )
        self.rebalances = Counter(
            "kafka_rebalances", "Partition changes: assigned, revoked, lost.", ["kind"], registry=registry
        )
        self.partitions = Gauge("kafka_partitions", "Partitions that are ours.", registry=registry)
        self.lag = Gauge(
            "kafka_lag_records", "Records behind the end of the partition.", ["topic", "partition"], registry=registry
        )
        self.pauses = Counter(
            "kafka_pauses", "Partitions paused because the buffer, or their share of it, was full.", registry=registry
        )
        self.records_missed = Counter(
            "kafka_records_missed", "Records that were gone before they were read.", registry=registry
        )
        self.build = Gauge("build_info", "Always 1.", ["version", "tzdata"], registry=registry)
