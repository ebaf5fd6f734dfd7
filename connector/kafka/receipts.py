"""Receipts: one small message for each outcome, on a compacted topic, in the partition number of its record.

For `trace`, and for the duplicate window across restarts. Wire format: docs/topics.md.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from connector.delivery.duplicates import HASH_BYTES, Duplicate
from connector.delivery.position import Position, read_position
from connector.delivery.record import Record, Shipment
from connector.kafka.letters import Letter
from connector.leads.outcome import Outcome

VERSION = 1
"""Of the wire format. Fields may be added under it; readers pass over what they do not know."""
LONGEST_ID = 256
"""Bytes of a lead id in UTF-8. Of a longer one the receipt has the beginning and a hash of the whole."""
LONGEST_NAME = 200
"""Characters of a hub's and a route's name."""
LONGEST_RECEIPT = 16 * 1024
"""Bytes. Nothing of ours is as large."""
_LAST_MS = 253_402_300_799_999
"""The end of the year 9999, beyond which Python has no dates."""


class Receipt(NamedTuple):
    """What became of a lead. ``lead`` as ``name_of`` has it; None for a record that has no lead in it."""

    lead: str | None
    outcome: Outcome
    position: Position
    """Of the original record, also where the lead was parked on the retry topic meanwhile."""
    time_ms: int
    """Of the outcome, in milliseconds since the epoch."""
    reason: str | None = None
    hub: str | None = None
    route: str | None = None
    attempts: int = 0
    """Requests that the lead was part of."""
    sent_again: int = 0
    """How many of them were sent and not answered."""
    key: bytes | None = None
    """Hash of its duplicate key (``duplicates.hash_of``)."""
    first: Duplicate | None = None
    """For a duplicate: the delivery before."""
    filter: str | None = None
    """For a lead that a filter took: its name."""
    part: str | None = None
    """The route whose part of the lead it is; None for a lead that one route took."""

    @property
    def delivery(self) -> Duplicate | None:
        """The delivery that this receipt knows of, for the duplicate window to remember; None where there is none."""
        return Duplicate(self.position, self.time_ms) if self.outcome is Outcome.DELIVERED else self.first


def receipt_of(
    record: Record,
    outcome: Outcome,
    shipment: Shipment | None,
    *,
    now_ms: int,
    reason: str | None = None,
    key: bytes | None = None,
    first: Duplicate | None = None,
    lead_id: str | None = None,
    filtered_by: str | None = None,
) -> Receipt:
    """The receipt of a record's outcome at ``now_ms`` (milliseconds since the epoch); ``shipment`` where it was
    mapped, ``first`` for a duplicate, ``lead_id`` and the filter's name for one that was filtered."""
    position = record.first_position
    part = None if record.part is None else _short(record.part)
    if shipment is None:
        attempts = 0 if record.origin is None else record.origin.attempts
        return Receipt(
            None if lead_id is None else name_of(lead_id),
            outcome,
            position,
            now_ms,
            reason,
            attempts=attempts,
            key=key,
            first=first,
            filter=None if filtered_by is None else _short(filtered_by),
            part=part,
        )
    lead = shipment.lead
    return Receipt(
        name_of(lead.lead_id),
        outcome,
        position,
        now_ms,
        reason,
        _short(lead.destination.hub),
        _short(lead.route),
        shipment.attempts,
        shipment.ambiguous,
        key,
        first,
        part=part,
    )


def receipt_letter(topic: str, receipt: Receipt) -> Letter:
    """The receipt as a message; it is small whatever the event held. Any thread; does not block."""
    lead, outcome, position, time_ms, reason, hub, route, attempts, sent_again, key, first, by, part = receipt
    content: dict[str, object] = {"version": VERSION, "outcome": outcome.value}
    if lead is not None:
        content["lead"] = lead
    if reason is not None:
        content["reason"] = str(reason)
    if hub is not None:
        content["hub"] = hub
        content["route"] = route
    content["time"] = time_ms
    content["attempts"] = attempts
    if sent_again:
        content["sent_again"] = sent_again
    content["position"] = str(position)
    if key is not None:
        content["key"] = key.hex()
    if first is not None:
        content["delivered"] = {"position": str(first.first), "time": first.time_ms}
    if by is not None:
        content["filter"] = by
    # A lead that was filtered, and so has no hub, has its receipt elsewhere than under its id: there it would take the
    # place of a delivery's, when the event was sent again.
    name = str(position) if lead is None or hub is None else lead
    if part is not None:
        content["part"] = part
        name = f"{name}#{part}"  # compaction keeps the last receipt of a key: the parts of a lead need one each
    return Letter(topic, name.encode(), orjson.dumps(content), None, time_ms, position.partition)


def name_of(lead_id: str) -> str:
    """How a lead id stands in receipts and, in UTF-8, as their key: itself, unless it is very long."""
    if len(lead_id) <= LONGEST_ID and lead_id.isascii():
        return lead_id
    raw = lead_id.encode("utf-8", "backslashreplace")
    if len(raw) > LONGEST_ID:
        mark = blake2b(raw, digest_size=16).hexdigest()
        return f"{raw[: LONGEST_ID - len(mark) - 3].decode('utf-8', 'ignore')}…{mark}"
    return raw.decode()


def read_receipt(value: bytes | None) -> Receipt | None:
    """The receipt in a message; None for one that is damaged or not ours. Never raises."""
    if value is None or len(value) > LONGEST_RECEIPT:
        return None
    try:
        return _receipt(orjson.loads(value))
    except (ValueError, TypeError, KeyError):  # JSON's errors are ValueErrors, and so is an unknown outcome
        return None


def _receipt(content: Any) -> Receipt:
    if content["version"] != VERSION:
        raise ValueError("another version")
    if content.get("lead") == "":
        raise ValueError("no lead has an empty id, and a receipt none as its key")
    first = content.get("delivered")
    return Receipt(
        _text(content.get("lead")),
        Outcome(content["outcome"]),
        _position(content["position"]),
        _number(content["time"], _LAST_MS),
        _text(content.get("reason")),
        _text(content.get("hub")),
        _text(content.get("route")),
        _number(content["attempts"]),
        _number(content.get("sent_again", 0)),
        _key(content.get("key")),
        None if first is None else Duplicate(_position(first["position"]), _number(first["time"], _LAST_MS)),
        _text(content.get("filter")),
        _text(content.get("part")),
    )


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise TypeError("not a text")


def _number(value: object, most: int = 2**62) -> int:
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError("not a number")
    return value


def _position(value: str) -> Position:
    position = read_position(value)
    if position is None:
        raise ValueError("not a position")
    return position


def _key(value: str | None) -> bytes | None:
    if value is None:
        return None
    key = bytes.fromhex(value)
    if len(key) != HASH_BYTES:
        raise ValueError("not a hash of ours")
    return key


def _short(name: str) -> str:
    if len(name) <= LONGEST_NAME and name.isascii():
        return name
    return name[:LONGEST_NAME].encode("utf-8", "backslashreplace").decode()
