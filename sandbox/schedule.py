"""When a contact is due: its scheduleDate in its zone, as an instant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo


def due_at(contact: Mapping[str, Any], hub_zone: str, accepted_at: int) -> int:
    """The instant, in epoch milliseconds, from which a checked contact may be called.

    Without a scheduleDate that is when it was accepted. A local time that a clock change skips counts as later by the
    change, one that comes twice as the earlier.
    """
    date = contact.get("scheduleDate")
    if date is None:
        return accepted_at
    zone = ZoneInfo(contact.get("timezone", hub_zone))
    return int(datetime.fromisoformat(date).replace(tzinfo=zone).timestamp()) * 1000
