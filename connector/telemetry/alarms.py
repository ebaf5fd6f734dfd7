"""The closed list of what is logged as WARNING or worse. docs/runbook.md has an entry for each, found by its name.

A text says what is the matter and what to do, as far as that fits a line; what differs from time to time is in fields.
"""

from __future__ import annotations

from enum import Enum
from typing import Literal

import structlog

Level = Literal["warning", "error", "critical"]


class Alarm(Enum):
    """``slug`` is the heading in the runbook, and stands in every line as ``runbook``."""

    TOKEN_REFUSED = (
        "token-refused",
        "error",
        "the API refuses the token: put a valid one into ucontact.token_file, it is read again",
    )
    UNKNOWN_HUB = (
        "unknown-hub",
        "error",
        "the API does not know this hub: correct the route's hub, or create it in uContact",
    )
    THROTTLED = ("throttled", "warning", "the API asks to slow down; waiting as told")
    API_UNAVAILABLE = (
        "api-unavailable",
        "warning",
        "the API is unavailable; leads wait and are sent when it is back",
    )
    NO_ANSWER = (
        "no-answer",
        "warning",
        "a request got no answer: its leads may have arrived; on_ambiguous decides",
    )
    HUB_TAKES_NOTHING = (
        "hub-takes-nothing",
        "warning",
        "the hub takes nothing: only probes are sent until one is accepted",
    )
    STORM = (
        "nearly-all-refused",
        "error",
        "the API refuses nearly all leads of this hub: they are held, not dead-lettered; compare the last dead "
        "letters' answers with the route's contact and correct it, or set delivery.storm_guard",
    )
    DEAD_LETTER = ("dead-letter", "warning", "a lead was set aside: look at the dead-letter topic")
    EXPIRED = ("expired", "warning", "a lead became too old: look at the dead-letter topic")
    PARKED = (
        "parked",
        "warning",
        "a lead was parked: on the review topic, or (hub_down) for a time on the retry topic",
    )
    DEFECT = ("defect", "error", "a defect of the connector: please report it")
    NOT_OURS = (
        "partitions-unconfirmed",
        "warning",
        "no broker confirms that the partitions are still ours: leads wait, for another member may have them",
    )
    PARTITIONS_LOST = ("partitions-lost", "warning", "partitions lost: another member may own them")
    KAFKA = ("kafka", "warning", "Kafka: trying on")
    COMMIT_FAILED = ("commit-failed", "warning", "a commit failed; it is made again")
    RECORDS_MISSING = ("records-missing", "error", "records are missing; find their leads at the source")
    LETTER = ("letter-not-written", "error", "a letter cannot be written; its partition's progress waits")
    RECEIPTS_FORGONE = ("receipts-missing", "warning", "receipts are missing: trace cannot find these leads")
    RECEIPTS_UNREAD = (
        "receipts-not-read",
        "warning",
        "receipts could not be read: duplicates of earlier deliveries may be sent",
    )
    REGISTRY = ("schema-registry", "warning", "the schema registry cannot be asked; leads wait")
    SECRET = ("changed-secret", "warning", "a changed secret cannot be used; the one before stays in use")
    FILE = ("changed-file", "warning", "a changed file cannot be used; the one before stays in use: correct the file")
    UNFINISHED = ("unfinished", "warning", "what could not be sent is read again after the restart")
    KAFKA_HOLDS = (
        "kafka-does-not-let-go",
        "warning",
        "Kafka did not let go in time; the group notices by the session time-out",
    )
    SECOND_SIGNAL = ("second-signal", "warning", "a second signal: ending now")
    FAILED = ("failed", "critical", "the connector failed and ends; please report it")

    def __init__(self, slug: str, level: Level, text: str) -> None:
        self.slug = slug
        self.level = level
        self.text = text

    def sound(self, **fields: object) -> None:
        """Write it to the log. Any thread; never raises."""
        getattr(_log, self.level)(self.text, **fields, runbook=self.slug)


_log = structlog.get_logger("connector")
