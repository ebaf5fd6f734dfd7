"""The time line: days of those who are called, and the minute on their clock."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sandbox.schedule import due_at
from sandbox.timeline import DAYS_SHOWN, days

ZONES = ("America/New_York", "Europe/Madrid", "Australia/Lord_Howe", "America/Montevideo", "Pacific/Apia")
NOW = 1_793_520_000_000
"""2026-11-01 08:00 UTC: in New York 3:00, on a day of 25 hours."""


def contact(local: str, zone: str, hub: str = "sales") -> dict[str, Any]:
    """A contact as the store has it."""
    return {
        "local": local,
        "zone": zone,
        "hub": hub,
        "due": due_at({"scheduleDate": local, "timezone": zone}, "UTC", 0),
    }


def test_a_mark_stands_where_the_clock_on_the_wall_says_also_on_a_day_of_25_hours() -> None:
    """With the minute that it is there now; the zones in the order of their first call."""
    found = days([contact("2026-11-01 16:00:00", "America/New_York"), contact("2026-11-01 12:30:00", "UTC")], NOW)
    assert [(day.zone, day.now, [mark.minute for mark in day.marks]) for day in found] == [
        ("UTC", 8 * 60, [12 * 60 + 30]),
        ("America/New_York", 3 * 60, [16 * 60]),
    ]


@given(
    st.lists(
        st.tuples(
            st.datetimes(datetime(2026, 10, 20), datetime(2026, 11, 10)), st.sampled_from(ZONES), st.sampled_from("ab")
        ),
        max_size=40,
    )
)
def test_every_lead_of_the_days_shown_is_on_them_once(leads: list[tuple[datetime, str, str]]) -> None:
    """The first days by their first call; each mark says how many."""
    contacts = [contact(local.strftime("%Y-%m-%d %H:%M:%S"), zone, hub) for local, zone, hub in leads]
    found = days(contacts, NOW)
    assert len(found) == min(DAYS_SHOWN, len({(each["local"][:10], each["zone"]) for each in contacts}))
    first = [
        min(each["due"] for each in contacts if (each["local"][:10], each["zone"]) == (day.date, day.zone))
        for day in found
    ]
    assert first == sorted(first)
    for day in found:
        mine = [each for each in contacts if (each["local"][:10], each["zone"]) == (day.date, day.zone)]
        assert day.leads == len(mine) == sum(mark.leads for mark in day.marks)
        assert {(mark.minute // 60, mark.minute % 60, mark.hub) for mark in day.marks} == {
            (int(each["local"][11:13]), int(each["local"][14:16]), each["hub"]) for each in mine
        }
