"""The closed list of what is logged as WARNING or worse. docs/runbook.md has an entry for each, found by its name.

A text says what is the matter, the field ``do`` what to do about it; what differs from time to time is in other fields.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

import structlog

Level = Literal["warning", "error", "critical"]


class Alarm(Enum):
    """``slug`` is the heading in the runbook, and stands in every line as ``runbook``; ``do`` is an instruction."""

    TOKEN_REFUSED = (
        "token-refused",
        "error",
        "the API refuses the token",
        "put a valid one into ucontact.token_file, it is read again",
    )
    UNKNOWN_HUB = (
        "unknown-hub",
        "error",
        "the API does not know this hub",
        "correct the route's hub, or create it in uContact",
    )
    THROTTLED = (
        "throttled",
        "warning",
        "the API asks to slow down; waiting as told",
        "if it lasts, set delivery.rates below what the API allows",
    )
    API_UNAVAILABLE = (
        "api-unavailable",
        "warning",
        "the API is unavailable; leads wait and are sent when it is back",
        "look at error and status: a 5xx is uContact's, what cannot be connected to may be ours",
    )
    NO_ANSWER = (
        "no-answer",
        "warning",
        "a request got no answer: its leads may have arrived; on_ambiguous decides",
        "if it goes on, compare api_request_seconds with ucontact.timeout",
    )
    HUB_TAKES_NOTHING = (
        "hub-takes-nothing",
        "warning",
        "the hub takes nothing: only probes are sent until one is accepted",
        "look at answer and status, which say why",
    )
    STORM = (
        "nearly-all-refused",
        "error",
        "the API refuses nearly all leads of this hub: they are held, not dead-lettered",
        "compare the last dead letters' answers with the route's contact and correct it, or set delivery.storm_guard",
    )
    DEAD_LETTER = (
        "dead-letter",
        "warning",
        "a lead was set aside",
        "look at it with `lead-connector dlq show`; when the cause is mended, `dlq replay`",
    )
    EXPIRED = (
        "expired",
        "warning",
        "a lead became too old",
        "look for why it waited; with a larger max_age of its route, `lead-connector dlq replay` sends it",
    )
    PARKED = (
        "parked",
        "warning",
        "a lead was parked: on the review topic, or (hub_down) for a time on the retry topic",
        "decide about those for review with `lead-connector review list`; the others come back by themselves",
    )
    DEFECT = ("defect", "error", "a defect of the connector", "report the trace, it holds no data of the lead")
    NOT_OURS = (
        "partitions-unconfirmed",
        "warning",
        "no broker confirms that the partitions are still ours: leads wait, for another member may have them",
        "look at the brokers and the way to them; it goes on by itself",
    )
    PARTITIONS_LOST = (
        "partitions-lost",
        "warning",
        "partitions lost: another member may own them",
        "if it repeats, look for a process without CPU, or raise kafka.session_timeout",
    )
    KAFKA = (
        "kafka",
        "warning",
        "Kafka: trying on",
        "if it repeats for minutes, look at the brokers, the network and the credentials",
    )
    COMMIT_FAILED = (
        "commit-failed",
        "warning",
        "a commit failed; it is made again",
        "if it goes on, look at error: the right to commit for the group, or a coordinator that is away",
    )
    RECORDS_MISSING = (
        "records-missing",
        "error",
        "records are missing: they were gone before they were read",
        "find their leads at the source, and raise the topic's retention",
    )
    LETTER = (
        "letter-not-written",
        "error",
        "a letter cannot be written; its partition's progress waits",
        "create the topic, or give the right to write to it, as error says",
    )
    RECEIPTS_FORGONE = (
        "receipts-missing",
        "warning",
        "receipts are missing: trace cannot find these leads",
        "look at the receipts topic if it repeats; the leads' outcomes stand",
    )
    RECEIPTS_UNREAD = (
        "receipts-not-read",
        "warning",
        "receipts could not be read: duplicates of earlier deliveries may be sent",
        "look at the receipts topic and the right to read it",
    )
    REGISTRY = (
        "schema-registry",
        "warning",
        "the schema registry cannot be asked; leads wait",
        "look at the registry, and at its address and credentials in schemas.registry",
    )
    CONFIGURATION = (
        "questionable-configuration",
        "warning",
        "the configuration works, but not for every lead or hardly as meant",
        "correct it at the place that error names, unless it is meant",
    )
    SECRET = (
        "changed-secret",
        "warning",
        "a changed secret cannot be used; the one before stays in use",
        "correct the file, it is read again",
    )
    FILE = (
        "changed-file",
        "warning",
        "a changed file cannot be used; the one before stays in use",
        "correct the file, it is read again",
    )
    SPANS = (
        "spans-lost",
        "warning",
        "spans could not be exported and are gone; leads are not touched",
        "look at the collector and at OTEL_EXPORTER_OTLP_ENDPOINT, or set telemetry.traces to false",
    )
    UNFINISHED = (
        "unfinished",
        "warning",
        "what could not be sent is read again after the restart",
        "if every rollout says so, raise delivery.drain_timeout",
    )
    KAFKA_HOLDS = (
        "kafka-does-not-let-go",
        "warning",
        "Kafka did not let go in time; the group notices by the session time-out",
        "look at the brokers",
    )
    SECOND_SIGNAL = (
        "second-signal",
        "warning",
        "a second signal: ending now",
        "raise terminationGracePeriodSeconds above delivery.drain_timeout, if nobody sent it by hand",
    )
    FAILED = ("failed", "critical", "the connector failed and ends", "report it, with the lines above")

    def __init__(self, slug: str, level: Level, text: str, do: str) -> None:
        self.slug = slug
        self.level = level
        self.text = text
        self.do = do

    @property
    def advice(self) -> str:
        """What is the matter and what to do, where both have to be in one text."""
        return f"{self.text}: {self.do}"

    def sound(self, **fields: object) -> None:
        """Write it to the log. Any thread; never raises."""
        getattr(_log, self.level)(self.text, **fields, do=self.do, runbook=self.slug)


_log = structlog.get_logger("connector")
