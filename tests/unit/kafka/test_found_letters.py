"""Letters as they are found, whoever wrote them."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.letters_output import Listing, show_letter
from connector.cli.output import Output
from connector.delivery.position import Position
from connector.delivery.record import Headers
from connector.kafka.found_letters import find_letter, replay_letter
from connector.kafka.letters import PREFIX, read_back
from connector.kafka.reading import Peeked
from tests.unit.repair.support import DEAD, NOW_MS, letter

NAMES = (
    "topic",
    "partition",
    "offset",
    "outcome",
    "reason",
    "time",
    "timestamp",
    "attempts",
    "part",
    "lead",
    "message",
)
ANY_HEADERS = st.lists(
    st.tuples(
        st.sampled_from([PREFIX + name for name in NAMES] + ["traceparent", ""]),
        st.none() | st.binary(max_size=20) | st.sampled_from([b"leads", b"0", b"7", b"dead_letter", b"\x1b[2J", b"-1"]),
    ),
    max_size=12,
)


def found(headers: Headers | None, timestamp_ms: int = NOW_MS) -> Peeked:
    """A record of the dead-letter topic."""
    return Peeked(DEAD, 0, 3, timestamp_ms, b"value", headers, b"key")


def test_what_the_connector_wrote() -> None:
    """All that its headers say."""
    written = letter(17, part="all")
    read = find_letter(found(written.headers))
    assert (read.damage, read.reason, read.stage, read.part) == (None, "missing_field", "map", "all")
    assert read.origin is not None and read.origin.position == Position("leads", 0, 17)
    assert (read.position, read.topic, read.time_ms) == (Position(DEAD, 0, 3), "leads", NOW_MS)


@pytest.mark.parametrize("without", ["topic", "partition", "offset", "outcome"])
def test_what_is_missing_makes_it_damaged(without: str) -> None:
    """It is listed all the same, and not replayed."""
    headers = [header for header in letter(17).headers or () if header[0] != PREFIX + without]
    read = find_letter(found(headers))
    assert read.origin is None and read.damage is not None and read.reason == "missing_field"
    with pytest.raises(ValueError, match="its "):
        replay_letter("leads.retry", read, returns=True, now_ms=NOW_MS)


@given(ANY_HEADERS, st.integers(-(2**63), 2**63 - 1))
def test_whatever_somebody_wrote(headers: Headers, timestamp_ms: int) -> None:
    """It is read, listed and shown; what can be replayed comes back as what it is."""
    read = find_letter(found(headers, timestamp_ms))
    listing = Listing(1)
    listing.add(read, None, wanted=True)
    for output in Output:
        out = io.BytesIO()
        listing.write(output, out.write)
        for whole in (False, True):
            shown = {"whole": whole, "known": frozenset[str](), "base_url": "", "output": output}
            out.write(show_letter(read, "open", None, None, "it is damaged", **shown))  # type: ignore[arg-type]
        assert "\x1b" not in out.getvalue().decode()
        if output is Output.JSON:
            kinds = [json.loads(line)["kind"] for line in out.getvalue().splitlines()]
            assert kinds == ["letter", "summary", "letter", "letter"]
    assert (read.origin is None) is (read.damage is not None)
    if read.origin is not None:
        again = read_back(replay_letter("leads.retry", read, returns=True, now_ms=NOW_MS).headers)
        assert again is not None and (again.position, again.part) == (read.origin.position, read.origin.part)
        assert again.attempts == read.origin.attempts
