"""Call-back times in every zone, the odd ones above all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from whenever import PlainDateTime, RepeatedTime, SkippedTime

from connector.leads.moments import MAX_MS, moment_of, read_moment
from connector.leads.schedule import local_text, plan
from connector.leads.spec import ContactWindow, PastDates, ScheduleSpec
from connector.leads.window import inside
from connector.leads.zones import ZONE_NAMES, resolve_zone

ODD = [
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "America/Havana",
    "Africa/Casablanca",
    "America/New_York",
    "Asia/Kathmandu",
]
zones = st.sampled_from(ODD) | st.sampled_from(sorted(ZONE_NAMES))
YEAR_2040_MS = 2_208_988_800_000
instants = st.integers(0, YEAR_2040_MS) | st.integers(0, MAX_MS - 1)
walls = st.datetimes(datetime(1970, 1, 2), datetime(2100, 12, 30))
windows = st.builds(
    lambda days, start, length: ContactWindow(frozenset(days), start, min(start + length, 1440)),
    st.sets(st.integers(1, 7), min_size=1), st.integers(0, 1439), st.integers(1, 1440),
)  # fmt: skip


def near_change(zone: str, ms: int, offset_minutes: int) -> int:
    """An instant close to the next change of the clocks, where everything interesting happens; ms where none comes."""
    change = moment_of(ms, zone).next_transition()
    near = ms if change is None else change.timestamp(unit="millisecond") + offset_minutes * 60_000
    return near if 0 <= near < MAX_MS else ms


changes = st.builds(
    lambda zone, ms, minutes: (zone, near_change(zone, ms, minutes)), zones, instants, st.integers(-180, 180)
)


def classify(local: PlainDateTime, zone: str) -> str:
    """Whether a local time exists once, twice or not at all."""
    try:
        local.assume_tz(zone, disambiguation="raise")
    except SkippedTime:
        return "gap"
    except RepeatedTime:
        return "fold"
    return "once"


@settings(deadline=None, max_examples=500)
@given(changes)
def test_the_text_of_an_instant_is_never_in_a_gap_and_comes_back_outside_folds(place: tuple[str, int]) -> None:
    """The local time sent exists, and read as a wall time is the same second again."""
    zone, ms = place
    text = local_text(read_moment(ms, zone))
    kind = classify(PlainDateTime(text.replace(" ", "T")), zone)
    assert kind != "gap"
    assume(kind == "once")
    back = read_moment({"local": text.replace(" ", "T"), "timezone": zone}, zone).timestamp()
    assert back == ms // 1000


@settings(deadline=None, max_examples=500)
@given(changes, st.integers(0, 4 * 3_600_000))
def test_later_instants_have_later_texts_except_at_a_fold(place: tuple[str, int], later: int) -> None:
    """The text grows with the instant unless the clocks go back in between."""
    zone, ms = place
    first, second = read_moment(ms, zone), read_moment(min(ms + later, MAX_MS - 1), zone)
    goes_back = first.offset.total("seconds") > second.offset.total("seconds")
    assert goes_back or local_text(first) <= local_text(second)


@settings(deadline=None, max_examples=500)
@given(changes)
def test_wall_times_around_a_change(place: tuple[str, int]) -> None:
    """A wall time is sent as it stands, unless the clocks skip it: then it moves forward by the gap."""
    zone, ms = place
    change = moment_of(min(ms, MAX_MS - 86_400_000), zone)
    for minutes in (0, 15, 45, 75):
        local = PlainDateTime(
            (change.to_stdlib().replace(tzinfo=None) + timedelta(minutes=minutes)).replace(microsecond=0)
        )
        moment = read_moment({"local": local.format_iso(), "timezone": zone}, zone)
        kind = classify(local, zone)
        if kind == "gap":
            assert moment.to_plain() > local
            before = local.assume_tz(zone, disambiguation="earlier")
            gap = moment.offset.total("seconds") - before.offset.total("seconds")
            assert (moment.to_plain().to_stdlib() - local.to_stdlib()).total_seconds() == gap
        else:
            assert moment.to_plain() == local
        if kind == "fold":
            assert moment < local.assume_tz(zone, disambiguation="later")


@settings(deadline=None, max_examples=500)
@given(changes, windows, st.booleans(), st.integers(-86_400_000, 86_400_000))
def test_the_window_holds(place: tuple[str, int], window: ContactWindow, asap: bool, ahead: int) -> None:
    """What is sent lies inside the window, never before what was asked, and asap inside stays as soon as possible."""
    zone, now_ms = place
    rules = ScheduleSpec(PastDates.ASAP, window=window)
    value = None if asap else max(0, min(now_ms + ahead, MAX_MS - 1))
    wanted = now_ms if value is None or value <= now_ms else value
    sent = plan(value, lambda: zone, rules, now_ms)
    assert sent.timezone == zone
    start = moment_of(wanted, zone)
    if sent.schedule_date is None:
        assert wanted == now_ms
        assert inside(start, window)
        return
    local = PlainDateTime(sent.schedule_date.replace(" ", "T"))
    moment = local.assume_tz(zone, disambiguation="raise" if classify(local, zone) == "once" else "earlier")
    assert inside(moment, window)
    assert local >= start.to_plain().replace(nanosecond=0) or classify(local, zone) == "fold"


@settings(deadline=None, max_examples=300)
@given(walls, zones)
def test_iso_text_and_record_agree(wall: datetime, zone: str) -> None:
    """The same wall time as a record, as text, and as a local timestamp is one moment."""
    text = wall.isoformat(timespec="seconds")
    record = read_moment({"local": text, "timezone": zone}, zone)
    assert record == read_moment(text, zone) == read_moment(datetime.fromisoformat(text), zone)


@given(instants)
def test_an_instant_and_its_milliseconds_agree(ms: int) -> None:
    """An aware datetime and its epoch milliseconds are one moment."""
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
    assert read_moment(instant, "UTC") == read_moment(ms, "UTC")


@given(
    st.text(max_size=20)
    | st.sampled_from(sorted(ZONE_NAMES)).flatmap(lambda z: st.sampled_from([z, z.upper(), z.lower()]))
)
def test_a_resolved_zone_is_always_known(name: str) -> None:
    """Whatever the event says, a resolved name is in the database."""
    zone = resolve_zone(name)
    assert zone is None or zone in ZONE_NAMES
