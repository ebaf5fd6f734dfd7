"""Decisions about letters: written, read back, and kept apart from what others write."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.delivery.position import Position
from connector.kafka.decisions import MARK, Decided, Decision, Mark, is_mark, mark_letter, read_mark

LETTER = Position("leads.dead", 2, 17)
AT = Position("leads.dead", 2, 30)


@pytest.mark.parametrize("decision", list(Decision))
def test_a_decision_is_read_back(decision: Decision) -> None:
    """It goes to its letter's partition, under a key of its own."""
    mark = Mark(decision, LETTER, 1_768_489_200_123, "because", Position("leads", 0, 4), "lead-1")
    written = mark_letter(mark)
    assert (written.topic, written.partition) == ("leads.dead", 2)
    assert written.key == b"lead-connector.decision/leads.dead/2/17"
    assert is_mark(written.headers) and read_mark(AT, written.value, written.headers) == mark


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"decision": "forgotten"},
        {"letter": "leads.dead/2/30"},
        {"letter": "leads.dead/1/17"},
        {"letter": "other/2/17"},
        {"letter": 17},
        {"time": -1},
        {"time": 1e9},
        {"to": 3},
        {"reason": []},
    ],
)
def test_what_is_not_right_decides_nothing(change: dict[str, object]) -> None:
    """Another version, a letter that does not stand before it, or elsewhere."""
    written = mark_letter(Mark(Decision.REPLAYED, LETTER, 1))
    value = orjson.dumps({**orjson.loads(written.value or b""), **change})
    assert read_mark(AT, value, written.headers) is None


@given(st.binary(max_size=200))
def test_no_bytes_are_too_much(value: bytes) -> None:
    """Whatever somebody wrote under our header."""
    assert read_mark(AT, value, [(MARK, b"replayed")]) is None
    assert read_mark(AT, None, [(MARK, None)]) is None


def test_the_first_decision_stands() -> None:
    """Of each letter; of no letter before what is read, and none in another partition."""
    decided = Decided()
    decided.begin(2, 10)
    decided.add(LETTER, Decision.DISCARDED)
    decided.add(LETTER, Decision.REPLAYED)
    decided.add(Position("leads.dead", 2, 3), Decision.REPLAYED)
    assert decided.of(2, 17) is Decision.DISCARDED
    assert [decided.of(2, offset) for offset in (3, 10, 16, 18, 999)] == [None] * 5
    assert decided.of(0, 17) is None
