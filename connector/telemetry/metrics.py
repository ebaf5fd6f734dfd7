"""The closed list of metrics. Label values come from closed vocabularies and configuration; the one that events may
name, the hub, is bounded in number and length (``connector.hub_gauges``).

docs/metrics.md is made from it: ``python -m connector.telemetry``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics

from connector.telemetry.histogram import Histogram
from connector.telemetry.troubles import Kind

disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
TIME_TO_LEAD_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400)
_LEADS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

TIME_TO_LEAD_PARTS = ("kafka", "waiting", "api")
"""What a time to lead is made of: from the event to our reading it, from there to its request, and the request that was
accepted."""

_ROUTE = {"route": "a route's name; empty where none had taken the lead"}
_PARTITION = {"topic": "a topic that is read", "partition": "its number"}
_HUB = {"hub": "a hub's name; the 100 that need most attention"}

_SECRET = {"what": "token, certificate"}


class Described(NamedTuple):
    """A metric as docs/metrics.md has it. ``labels``: what the values of each are."""

    section: str
    name: str
    kind: str
    meaning: str
    labels: Mapping[str, str]


class Metrics:
    """Every metric of the connector, in a registry of its own. Thread-safe, as prometheus-client's metrics are."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.described: list[Described] = []
        self._section = ""
        self._leads()
        self._api()
        self._hubs()
        self._kafka()
        self._process()

    def _leads(self) -> None:
        self._section = "Leads"
        self.time_to_lead = self._histogram(
            "time_to_lead_seconds",
            "From the event's own time (the record's, where it has none) to the API's confirmation.",
            TIME_TO_LEAD_BOUNDS,
            {"route": "a route's name"},
        )
        self.time_to_lead_parts = self._histogram(
            "time_to_lead_part_seconds",
            "What it is made of: in Kafka until it is read, waiting for its request, and the request itself.",
            TIME_TO_LEAD_BOUNDS,
            {"route": "a route's name", "part": ", ".join(TIME_TO_LEAD_PARTS)},
        )
        self.outcomes = self._counter(
            "leads_outcome",
            "Records by how they ended (each part, where several routes take a lead).",
            {**_ROUTE, "outcome": "as in [topics](topics.md)", "reason": "as there; empty for delivered ones"},
        )
        self.records_read = self._counter("leads_read", "Records read from Kafka.")
        self.records_skipped = self._counter(
            "leads_skipped", "Records read again that the commit metadata knew as resolved."
        )
        self.sent_again = self._counter(
            "leads_sent_again",
            "Delivered leads that may have been delivered before.",
            {"cause": "ambiguous: a request got no answer, takeover: an earlier owner of the partition may have sent"},
        )
        self.numbers_dropped = self._counter(
            "phone_numbers_dropped",
            "Phone numbers that delivered leads lack.",
            {"reason": "why they cannot be called"},
        )
        self.outstanding = self._gauge("leads_outstanding", "Records read and not yet resolved.")
        self.waiting = self._gauge("leads_waiting", "Mapped leads that are in no request.")
        self.paused = self._gauge(
            "leads_paused", "Leads that wait for the end of their route's pause.", {"route": "those that are paused"}
        )
        self.receipts_missing = self._counter("receipts_missing", "Receipts that could not be written.")

    def _api(self) -> None:
        self._section = "Requests"
        self.requests = self._counter("api_requests", "Requests to the API.", {"answer": "the answer's class"})
        self.request_seconds = self._histogram("api_request_seconds", "Duration of requests to the API.", _SECONDS)
        self.requests_in_flight = self._gauge("api_requests_in_flight", "Requests without an answer.")
        self.token_expiry = self._gauge(
            "api_token_expiry_timestamp_seconds",
            "When the token in use ends, in seconds since the epoch; 0 where it does not say so (as a JWT's `exp`).",
        )
        self.batches = self._counter("batches", "Batches sent.", {"flush": "why they were sent when they were"})
        self.batch_leads = self._histogram("batch_leads", "Leads in a request.", _LEADS)

    def _hubs(self) -> None:
        self._section = "Hubs"
        self.hubs_open = self._gauge("hubs_open", "Hubs whose circuit breaker is not closed.")
        self.hubs_storming = self._gauge("hubs_storming", "Hubs whose leads are held because nearly all are refused.")
        self.hub_breaker = self._gauge(
            "hub_breaker", "1 for the state of the hub's circuit breaker.", {**_HUB, "state": "closed, open, half_open"}
        )
        self.hub_limit = self._gauge("hub_concurrency_limit", "Requests that may be in flight at present.", _HUB)
        self.hub_in_flight = self._gauge("hub_requests_in_flight", "Requests without an answer.", _HUB)
        self.hub_waiting = self._gauge("hub_leads_waiting", "Leads in no request.", _HUB)
        self.rate_limits = self._gauge(
            "hub_rate_limit",
            "What a hub gets in a second at most, where delivery.rates says so.",
            {"of": "requests, leads"},
        )

    def _kafka(self) -> None:
        self._section = "Kafka"
        self.lag = self._gauge(
            "kafka_lag_records", "Records without an outcome up to the end of the partition, read or not.", _PARTITION
        )
        self.lag_seconds = self._gauge(
            "kafka_lag_seconds", "How long ago the oldest of them was written; 0 without any.", _PARTITION
        )
        self.distance = self._gauge(
            "kafka_watermark_distance_records",
            "Offsets from the one to commit to the one to read next; the commit metadata says what of them is done.",
            _PARTITION,
        )
        self.oldest_seconds = self._gauge(
            "kafka_unresolved_oldest_seconds",
            "For how long the oldest record that was read has no outcome; 0 without any.",
            _PARTITION,
        )
        self.partitions = self._gauge("kafka_partitions", "Partitions that are ours.")
        self.pauses = self._counter(
            "kafka_pauses", "Partitions paused because the buffer, or their share of it, was full."
        )
        self.records_missed = self._counter("kafka_records_missed", "Records that were gone before they were read.")
        self.commits = self._counter("kafka_commits", "Commits acknowledged by the broker.")
        self.commit_failures = self._counter("kafka_commit_failures", "Commits that failed and are made again.")
        self.rebalances = self._counter("kafka_rebalances", "Partition changes.", {"kind": "assigned, revoked, lost"})
        self.revocation_seconds = self._histogram(
            "kafka_revocation_seconds", "How long it took to finish, commit and give back partitions.", _SECONDS
        )

    @property
    def of_partition(self) -> Sequence[Gauge]:
        """What is told of each partition, in the order of ``kafka.watch.Standing`` after its watermark."""
        return (self.lag, self.lag_seconds, self.distance, self.oldest_seconds)

    def _process(self) -> None:
        self._section = "Process"
        self.troubles = self._gauge(
            "troubles", "How much is wrong now, as `/readyz` says it.", {"kind": ", ".join(kind.value for kind in Kind)}
        )
        self.secret_reloads = self._counter("secret_reloads", "Secrets read again after a change.", _SECRET)
        self.secret_unusable = self._gauge(
            "secret_unusable", "1 while a changed secret cannot be used, and the one before serves.", _SECRET
        )
        self.file_reloads = self._counter(
            "file_reloads", "Files read again after a change.", {"what": "suppression list, table, configuration"}
        )
        self.schemas_fetched = self._counter(
            "schemas_fetched", "Schemas that the registry was asked for.", {"result": "found, unknown"}
        )
        self.build = self._gauge(
            "build_info", "Always 1.", {"version": "the connector's", "tzdata": "the time-zone data's"}
        )

    def _counter(self, name: str, meaning: str, labels: Mapping[str, str] | None = None) -> Counter:
        names = self._describe(f"{name}_total", "counter", meaning, labels)
        return Counter(name, meaning, names, registry=self.registry)

    def _gauge(self, name: str, meaning: str, labels: Mapping[str, str] | None = None) -> Gauge:
        return Gauge(name, meaning, self._describe(name, "gauge", meaning, labels), registry=self.registry)

    def _histogram(
        self, name: str, meaning: str, buckets: Sequence[float], labels: Mapping[str, str] | None = None
    ) -> Histogram:
        names = self._describe(name, "histogram", meaning, labels)
        histogram = Histogram(name, meaning, names, buckets)
        self.registry.register(histogram)
        return histogram

    def _describe(self, name: str, kind: str, meaning: str, labels: Mapping[str, str] | None) -> list[str]:
        labels = labels or {}
        self.described.append(Described(self._section, name, kind, meaning, labels))
        return list(labels)
