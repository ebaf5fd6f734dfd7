"""Call-back times in every zone, the odd ones above all, against the standard library's clocks (``clocks.py``)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from connector.leads.moments import MAX_MS, read_moment
from connector.leads.refusal import RefusalError
from connector.leads.schedule import local_text, plan
from connector.leads.spec import ContactWindow, PastDates, ScheduleSpec
from connector.leads.zones import ZONE_NAMES, resolve_zone
from tests.property.leads import clocks
from tests.property.leads.clocks import FIRST, LAST, SECOND

HOUR = 3600
names = st.sampled_from(clocks.ODD) | st.sampled_from(sorted(ZONE_NAMES))
leap_years = st.sampled_from(range(1972, 2100, 4))
leap_days = st.builds(
    lambda year, days, time: datetime.combine(date(year, 2, 28) + days * clocks.DAY, time),
    leap_years, st.integers(0, 2), st.times().map(lambda time: time.replace(microsecond=0)),
)  # fmt: skip
walls = st.datetimes(datetime(1970, 1, 2), datetime(2100, 12, 30)).map(lambda wall: wall.replace(microsecond=0))
windows = st.builds(
    lambda days, start, length: ContactWindow(frozenset(days), start, min(start + length, 1440)),
    st.sets(st.integers(1, 7), min_size=1), st.integers(0, 1439), st.integers(1, 60) | st.integers(1, 1440),
)  # fmt: skip


@st.composite
def near_changes(draw: st.DrawFn) -> tuple[str, int]:
    """A zone and a second around a change of its clocks, where everything interesting happens."""
    name = draw(names)
    change = draw(st.sampled_from(clocks.changes(name) or [clocks.Change(0, clocks.SECOND, clocks.SECOND)]))
    reach = max(HOUR, 2 * abs(change.shift) // SECOND)
    return name, max(FIRST, min(change.second + draw(st.integers(-reach, reach)), LAST))


moments = near_changes() | st.tuples(names, st.integers(FIRST, LAST))


@st.composite
def wall_times(draw: st.DrawFn) -> tuple[str, datetime]:
    """A zone and a time on some clock: anywhere, around leap days, and around changes, inside gaps and folds too."""
    if draw(st.booleans()):
        return draw(names), draw(walls | leap_days)
    name, second = draw(near_changes())
    wall = clocks.local(second, name) + draw(st.integers(-2 * HOUR, 2 * HOUR)) * SECOND
    assume(FIRST <= clocks.read(wall.replace(fold=0), name) <= LAST)
    return name, wall.replace(fold=0)


def sent(value: object, name: str) -> datetime:
    """The scheduleDate that a value becomes."""
    return datetime.strptime(local_text(read_moment(value, name)), "%Y-%m-%d %H:%M:%S")


def record(wall: datetime, name: str) -> dict[str, str]:
    """A wall time as an event has it."""
    return {"local": wall.isoformat(timespec="seconds"), "timezone": name}


def gone_back(first: int, second: int, name: str) -> timedelta:
    """By how much the clocks go back, all in all, after ``first`` up to ``second``."""
    folds = (change.shift for change in clocks.changes(name) if first < change.second <= second)
    return -sum((shift for shift in folds if shift < timedelta(0)), timedelta(0))


@settings(max_examples=500)
@given(moments, st.integers(0, 999))
def test_round_trip_of_an_instant(moment: tuple[str, int], millisecond: int) -> None:
    """What is sent is what the clock shows, and read again it is the same second; in a fold the earlier of the two."""
    name, second = moment
    wall = sent(second * 1000 + millisecond, name)
    assert wall == clocks.local(second, name)
    again = read_moment(record(wall, name), name).timestamp()
    assert again == clocks.read(wall, name)
    assert again == second or (clocks.comes_twice(wall, name) and again < second)


@settings(max_examples=500)
@given(wall_times())
@example(("Europe/Madrid", datetime(2026, 3, 29, 2, 30)))
@example(("Pacific/Apia", datetime(2011, 12, 30, 9)))
@example(("America/Havana", datetime(2026, 3, 8)))
@example(("Australia/Lord_Howe", datetime(2026, 10, 4, 2, 15)))
@example(("Africa/Casablanca", datetime(2026, 3, 22, 2, 30)))
@example(("Africa/Monrovia", datetime(1972, 1, 7, 0, 44, 29)))
def test_round_trip_of_a_wall_time(wanted: tuple[str, datetime]) -> None:
    """A time that the clock shows is sent as it stands, inside a fold as the first; in a gap it moves by the gap."""
    name, wall = wanted
    moment = read_moment(record(wall, name), name)
    assert moment.timestamp() == clocks.read(wall, name)
    if clocks.exists(wall, name):
        assert sent(record(wall, name), name) == wall
    else:
        second = clocks.read(wall, name)
        gaps = [change.shift for change in clocks.changes(name) if change.second <= second < change.second + 2 * 86_400]
        assert sent(record(wall, name), name) - wall == gaps[-1]


@settings(max_examples=500)
@given(moments, st.integers(0, 4 * HOUR) | st.integers(0, LAST))
def test_monotonic_in_the_instant_except_at_a_fold(moment: tuple[str, int], later: int) -> None:
    """A later instant has a later text, unless the clocks went back by as much in between."""
    name, first = moment
    second = min(first + later, LAST)
    grown = sent(second * 1000, name) - sent(first * 1000, name)
    assert grown >= (second - first) * SECOND - gone_back(first, second, name)


@settings(max_examples=500)
@given(moments, wall_times())
def test_never_inside_a_gap(moment: tuple[str, int], wanted: tuple[str, datetime]) -> None:
    """Whatever was asked for, the clock shows what is sent."""
    name, second = moment
    assert clocks.exists(sent(second * 1000, name), name)
    name, wall = wanted
    assert clocks.exists(sent(record(wall, name), name), name)


@settings(max_examples=500)
@given(moments, windows, st.sampled_from(PastDates), st.none() | st.integers(-2 * 86_400, 2 * 86_400))
@example(("Europe/Madrid", 1774742400), ContactWindow(frozenset(range(1, 8)), 150, 360), PastDates.ASAP, None)
@example(("Europe/Madrid", 1774742400), ContactWindow(frozenset(range(1, 8)), 135, 195), PastDates.ASAP, None)
@example(("Europe/Madrid", 1792890600), ContactWindow(frozenset(range(1, 8)), 150, 180), PastDates.ASAP, None)
@example(("Pacific/Apia", 1325232000), ContactWindow(frozenset({5}), 540, 1080), PastDates.ASAP, 3600)
def test_never_outside_a_window(
    moment: tuple[str, int], window: ContactWindow, past: PastDates, ahead: int | None
) -> None:
    """What is asked for inside the window stays; the rest moves to the next opening. Now inside stays "now"."""
    name, now = moment
    asked = None if ahead is None else max(FIRST, min(now + ahead, LAST))
    kept = asked is not None and asked < now and past is PastDates.KEEP
    assume(not (asked is not None and asked < now and past is PastDates.REJECT))
    found = plan(None if asked is None else asked * 1000, lambda: name, ScheduleSpec(past, window=window), now * 1000)
    assert found.timezone == name
    wanted = now if asked is None or (asked <= now and not kept) else asked
    rule = (window.days, window.start_minute, window.end_minute)
    if kept or clocks.inside(clocks.local(wanted, name), *rule):
        expected = wanted
    else:
        opening = clocks.next_opening(wanted, name, *rule)
        assert opening is not None and clocks.inside(clocks.local(opening, name), *rule)
        expected = opening
    if found.schedule_date is None:
        assert expected == now
    else:
        assert found.schedule_date == str(clocks.local(expected, name).replace(fold=0))


def test_every_change_of_every_clock_until_2100() -> None:
    """The seconds around it as instants, and the middle of its gap or fold as a wall time."""
    seen = 0
    for name in clocks.distinct():
        for change in clocks.changes(name):
            for second in (change.second - 1, change.second):
                assert sent(second * 1000, name) == clocks.local(second, name), (name, second)
            middle = clocks.local(change.second, name).replace(fold=0) - change.shift / 2
            wall = middle.replace(microsecond=0)
            assert read_moment(record(wall, name), name).timestamp() == clocks.read(wall, name), (name, wall)
            assert clocks.exists(wall, name) == (change.shift < 0 * SECOND), (name, wall)
            seen += 1
    assert seen > 30_000


@settings(max_examples=300)
@given(wall_times())
def test_iso_text_and_record_agree(wanted: tuple[str, datetime]) -> None:
    """The same wall time as a record, as text with T or blank, and as a local timestamp is one moment."""
    name, wall = wanted
    moment = read_moment(record(wall, name), name)
    assert moment == read_moment(wall.isoformat(), name) == read_moment(str(wall), name) == read_moment(wall, name)


@settings(max_examples=300)
@given(moments, st.integers(-23 * 60 - 59, 23 * 60 + 59))
def test_all_forms_of_an_instant_agree(moment: tuple[str, int], minutes: int) -> None:
    """Milliseconds, an aware datetime, and ISO text with whatever offset are one moment."""
    name, second = moment
    instant = datetime.fromtimestamp(second, UTC)
    expected = read_moment(second * 1000, name)
    assert expected == read_moment(instant, name)
    elsewhere = instant.replace(tzinfo=None) + timedelta(minutes=minutes)
    sign, (hours, rest) = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    assert expected == read_moment(f"{elsewhere.isoformat()}{sign}{hours:02d}:{rest:02d}", name)


@given(st.integers(-(10**20), 10**20) | st.integers(-1000, 1000) | st.integers(MAX_MS - 1000, MAX_MS + 1000))
def test_the_years_of_an_instant_are_1970_to_2100(ms: int) -> None:
    """Within them it is read, outside it is refused, and nothing else happens."""
    try:
        found = read_moment(ms, "UTC").timestamp(unit="millisecond")
    except RefusalError:
        assert not FIRST * 1000 <= ms < (LAST + 1) * 1000
    else:
        assert found == ms
        assert 1970 <= sent(ms, "UTC").year <= 2100


@given(
    st.text(max_size=20)
    | st.sampled_from(sorted(ZONE_NAMES)).flatmap(lambda z: st.sampled_from([z, z.upper(), z.lower()]))
)
def test_a_resolved_zone_is_always_known(name: str) -> None:
    """Whatever the event says, a resolved name is in the database."""
    zone = resolve_zone(name)
    assert zone is None or zone in ZONE_NAMES
