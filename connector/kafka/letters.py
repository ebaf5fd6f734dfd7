"""What we write of leads that are not delivered: dead letters, letters for review, letters to the retry topic.

Pure: builders of messages, and the reader of what comes back. Wire formats: docs/topics.md.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from connector.delivery.position import Position, Returned
from connector.delivery.record import Headers, Record, Shipment
from connector.leads.answer import Answer
from connector.leads.outcome import SetAside

PREFIX = "lead-connector."
"""What the names of our headers begin with."""
LONGEST_TEXT = 1000
"""Characters of a header of ours. Hubs and ids may come from events: a letter must fit where its record did."""
LONGEST_CONTACT = 64 * 1024
"""Bytes. A larger contact is left out of the letter for review; it can be made again from the value."""

_TOPIC = re.compile(r"[a-zA-Z0-9._-]{1,249}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_LAST_PARTITION = 2**31 - 1
"""Kafka's partitions are 32-bit numbers."""


class Letter(NamedTuple):
    """A message to write. ``timestamp_ms`` is milliseconds since the epoch, None for the time of writing."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers | None = None
    timestamp_ms: int | None = None
    partition: int | None = None
    """None: by ``spread_by`` where there is one, else as the client spreads keys."""
    spread_by: str | None = None
    """Letters that have this text in common share a partition and keep their order, whatever their keys."""


def dead_letter(
    topic: str,
    record: Record,
    why: SetAside,
    shipment: Shipment | None,
    answer: Answer | None,
    *,
    version: str,
    now_ms: int,
) -> Letter:
    """The record as it was read, and why it is set aside. ``shipment`` where it was mapped, ``answer`` where the API
    has answered; ``now_ms`` in milliseconds since the epoch."""
    texts = _texts(record, why, shipment, answer, version)
    return _letter(topic, record, {**texts, "time": _iso(now_ms)})


def review_letter(
    topic: str,
    record: Record,
    why: SetAside,
    shipment: Shipment | None,
    answer: Answer | None,
    *,
    version: str,
    now_ms: int,
    sent_at_ms: int | None,
) -> Letter:
    """A lead that may have arrived: as a dead letter, with all that is known of its last request for people to decide.

    ``sent_at_ms``: when that was sent, in milliseconds since the epoch; None where no request is known of.
    """
    texts = _texts(record, why, shipment, answer, version)
    texts["sent-at"] = "" if sent_at_ms is None else _iso(sent_at_ms)
    texts["seconds"] = "" if answer is None else f"{answer.seconds:.3f}"
    texts["unanswered"] = str(shipment.ambiguous) if shipment is not None and shipment.ambiguous else ""
    letter = _letter(topic, record, {**texts, "time": _iso(now_ms)})
    if shipment is None or len(shipment.lead.body) > LONGEST_CONTACT:
        return letter
    return letter._replace(headers=[*(letter.headers or ()), (f"{PREFIX}contact", shipment.lead.body)])


def retry_letter(
    topic: str,
    record: Record,
    why: SetAside,
    shipment: Shipment,
    answer: Answer | None,
    *,
    version: str,
    now_ms: int,
    not_before_ms: int,
) -> Letter:
    """A lead whose hub takes nothing, to be read again by ourselves. Leads of a hub share a partition, in order.

    Times in milliseconds since the epoch. A lead that comes back and is parked anew still names its first position.
    """
    texts = _texts(record, why, shipment, answer, version)
    texts |= {"not-before": str(not_before_ms), "parked-at": _iso(now_ms)}
    if shipment.ambiguous:
        texts["unanswered"] = str(shipment.ambiguous)
    elif record.in_doubt:
        texts["in-doubt"] = "1"
    return _letter(topic, record, texts)._replace(spread_by=shipment.lead.destination.hub)


def read_back(headers: Headers | None) -> Returned | None:
    """What a record of the retry topic says of its original; None where the headers are not ours or are damaged: it
    is then an ordinary record. For records of the retry topic only: on any other, anybody may have written such
    headers. Never raises."""
    ours: dict[str, str] = {}
    for name, content in headers or ():
        if name.startswith(PREFIX):
            if name in ours:
                return None  # we write each once
            ours[name] = content if isinstance(content, str) else (content or b"").decode("utf-8", "replace")
    topic = ours.get(f"{PREFIX}topic", "")
    numbers = [_number(ours.get(PREFIX + name)) for name in ("partition", "offset", "not-before", "attempts")]
    timestamp = ours.get(f"{PREFIX}timestamp")
    timestamp_ms = _number(timestamp)
    if not _TOPIC.fullmatch(topic) or None in numbers or (timestamp is not None and timestamp_ms is None):
        return None
    unanswered = _number(ours.get(f"{PREFIX}unanswered", "0"))
    if unanswered is None:
        return None
    partition, offset, not_before_ms, attempts = (number for number in numbers if number is not None)
    if partition > _LAST_PARTITION:
        return None  # no letter or receipt could be written for it
    position, in_doubt = Position(topic, partition, offset), f"{PREFIX}in-doubt" in ours
    part = ours.get(f"{PREFIX}part") or None
    return Returned(position, timestamp_ms, not_before_ms, attempts, unanswered, in_doubt, part)


def _timestamp_of(record: Record) -> int | None:
    return record.timestamp_ms if record.origin is None else record.origin.timestamp_ms


def _texts(
    record: Record, why: SetAside, shipment: Shipment | None, answer: Answer | None, version: str
) -> dict[str, str]:
    position = record.first_position
    timestamp_ms = _timestamp_of(record)
    attempts = shipment.attempts if shipment is not None else 0 if record.origin is None else record.origin.attempts
    lead = None if shipment is None else shipment.lead
    return {
        "outcome": why.outcome.value,
        "stage": why.stage.value,
        "reason": why.reason.value,
        "message": why.message,
        "topic": position.topic,
        "partition": str(position.partition),
        "offset": str(position.offset),
        "timestamp": "" if timestamp_ms is None else str(timestamp_ms),
        "hub": "" if lead is None else lead.destination.hub,
        "route": (record.part or "") if lead is None else lead.route,
        "part": record.part or "",
        "lead": "" if lead is None else lead.lead_id,
        "attempts": str(attempts),
        "status": "" if answer is None or answer.status is None else str(answer.status),
        "answer": "" if answer is None else answer.excerpt,
        "version": version,
    }


def _letter(topic: str, record: Record, texts: Mapping[str, str]) -> Letter:
    """The record's own headers, then ours; those that it had of ours (replayed, returned) are replaced."""
    kept = [header for header in record.headers or () if not header[0].startswith(PREFIX)]
    ours = [(PREFIX + name, _bytes(text)) for name, text in texts.items() if text]
    return Letter(topic, record.key, record.value, [*kept, *ours], _timestamp_of(record))


def _bytes(text: str) -> bytes:
    return text[:LONGEST_TEXT].encode("utf-8", "backslashreplace")


def _iso(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="milliseconds")


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None
