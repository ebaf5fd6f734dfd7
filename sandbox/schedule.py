"""When a contact is due: its scheduleDate in its zone, as an instant. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo


@cache
def zone(name: str) -> ZoneInfo:
    """An IANA zone as the tzdata package has it; ``ZoneInfo(name)`` would look at the machine's files first."""
    with (files("tzdata") / "zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def due_at(contact: Mapping[str, Any], hub_zone: str, accepted_at: int) -> int:
    """The instant, in epoch milliseconds, from which a checked contact may be called.

    Without a scheduleDate that is when it was accepted. A local time that a clock change skips counts as later by the
    change, one that comes twice as the earlier.
    """
    date = contact.get("scheduleDate")
    if date is None:
        return accepted_at
    local = datetime.fromisoformat(date).replace(tzinfo=zone(contact.get("timezone", hub_zone)))
    return int(local.timestamp()) * 1000
