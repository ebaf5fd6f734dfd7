"""Dates and times as text: patterns."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.leads.clock_text import DIRECTIVES, MAX_PATTERN, PatternError, read_pattern, strftime
from connector.leads.jinja import ENVIRONMENT
from tests.unit.leads.samples import evaluate, findings

MOMENT = datetime(2026, 3, 6, 9, 5, 7, 123456, tzinfo=UTC)
THE_SAME = ["%Y", "%m", "%d", "%j", "%u", "%G", "%V", "%H", "%I", "%M", "%S", "%f", "%z", "%%", "%y", "%F", "%T", "%R",
            "%A", "%a", "%B", "%b", "%p"]  # fmt: skip
"""What the C library writes the same in its own language, which tests run in."""

plain = st.text("abc /:-,d", max_size=5)


@given(
    st.lists(st.sampled_from(THE_SAME) | plain, max_size=8).map("".join),
    st.datetimes(datetime(1000, 1, 1), datetime(9999, 12, 31), timezones=st.sampled_from([None, UTC])),
)
def test_it_writes_what_pythons_own_would(pattern: str, moment: datetime) -> None:
    """For every directive but those that depend on the machine."""
    assert strftime(moment, pattern) == moment.strftime(pattern)


def test_every_directive_is_compared() -> None:
    """None is left out above."""
    assert {*DIRECTIVES.split(), "%%"} == set(THE_SAME)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("%-d/%-m %-H:%M", "6/3 9:05"),
        ("%-I %-j %-V %-S %-M", "9 65 10 7 5"),
        ("%%Y", "%Y"),
        ("", ""),
        ("día %d", "día 06"),
    ],
)
def test_patterns(pattern: str, expected: str) -> None:
    """Without zeros in front, a percent sign, plain text."""
    assert strftime(MOMENT, pattern) == expected
    assert strftime(MOMENT.replace(hour=0), "%-H %I") == "0 12"


@pytest.mark.parametrize(
    "pattern", ["%s", "%c", "%x", "%X", "%Z", "%E", "%100Y", "%é", "%", "%-", "%-A", "%-%", "% d", "%\n"]
)
def test_what_is_not_in_the_table_is_refused(pattern: str) -> None:
    """At the start where the pattern is constant, else for the lead."""
    with pytest.raises(PatternError, match="is not available in a pattern"):
        read_pattern(pattern)
    literal = pattern.encode("unicode_escape").decode()
    for source in (f"occurredAt.strftime('{literal}')", f"occurredAt | date('{literal}')"):
        (problem,) = findings(source)
        assert "is not available in a pattern" in problem.message and problem.hint
    assert evaluate("occurredAt.strftime(topic)", topic="%Y") == "2026"
    with pytest.raises(PatternError):
        evaluate("occurredAt.strftime(topic)", topic=pattern)


def test_a_pattern_is_bounded() -> None:
    """A field of the event may be one."""
    assert len(strftime(MOMENT, "%A" * (MAX_PATTERN // 2))) == 6 * MAX_PATTERN // 2
    for pattern in ("%A" * 101, "x" * 10**6):
        with pytest.raises(PatternError, match="at most"):
            strftime(MOMENT, pattern)


def test_dates_and_times_have_what_they_have() -> None:
    """A date no hour, a time no day."""
    assert strftime(date(955, 3, 6), "%Y %A") == "0955 Thursday"
    assert strftime(time(9, 5), "%R") == "09:05"
    with pytest.raises(PatternError, match="no time of day"):
        strftime(date(2026, 3, 6), "%H")
    with pytest.raises(PatternError, match="no date"):
        strftime(time(9, 5), "%d")
    with pytest.raises(TypeError):
        strftime(MOMENT, 5)


def test_nothing_else_of_a_time_depends_on_the_machine() -> None:
    """These can be called and read; a new one is to be thought about."""
    readable = {name for name in dir(datetime) if ENVIRONMENT.getattr(MOMENT, name) is not None}
    assert readable == {
        "date", "day", "hour", "isoformat", "isoweekday", "minute", "month", "second", "strftime", "weekday", "year",
    }  # fmt: skip
