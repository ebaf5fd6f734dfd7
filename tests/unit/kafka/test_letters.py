"""What letters hold, and what is believed of one that comes back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.delivery.position import Position, Returned, read_position
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment, split
from connector.kafka.letters import (
    LONGEST_CONTACT,
    LONGEST_TEXT,
    Letter,
    dead_letter,
    read_back,
    retry_letter,
    review_letter,
)
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason, SetAside, Stage

NOW_MS = 1_768_489_200_123
WHY = SetAside(Outcome.DEAD_LETTER, Stage.DELIVER, Reason.REJECTED, "the API refuses this lead")
PARKED = SetAside(Outcome.PARKED, Stage.DELIVER, Reason.AMBIGUOUS, "no answer")
ANSWER = Answer(AnswerClass.AMBIGUOUS, None, None, "ReadTimeout", 10.0004)


def record(**changes: Any) -> Record:
    """A record with a header of its producer's and one of ours, as a replayed dead letter has it."""
    made = Record(
        Claim("leads", 3, PartitionProgress(0)),
        17,
        1_768_000_000_000,
        b"key",
        b"value",
        [("trace", b"\xff"), ("lead-connector.reason", b"old"), ("none", None)],
    )
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def shipment(of: Record, **changes: Any) -> Shipment:
    """A mapped lead that was in two requests."""
    lead = MappedLead("lead-1", None, "google", Destination("ventas México"), b'{"clientIds":["+59899"]}')
    return Shipment(of, lead._replace(**changes), 0.0, attempts=2, ambiguous=1)


def ours(letter: Letter) -> dict[str, str]:
    """Our headers without their prefix."""
    assert letter.headers is not None
    found: dict[str, str] = {}
    for name, content in letter.headers:
        if name.startswith("lead-connector."):
            assert isinstance(content, bytes) and name not in found
            found[name.removeprefix("lead-connector.")] = content.decode()
    return found


def test_a_dead_letter_is_its_record_and_says_why() -> None:
    """The record as it was, other headers kept as they are, ours replaced, nothing empty."""
    lead = record()
    letter = dead_letter(
        "dead", lead, WHY, shipment(lead), Answer(AnswerClass.REJECTED, 400), version="1", now_ms=NOW_MS
    )
    assert letter[:3] == ("dead", b"key", b"value") and letter.timestamp_ms == 1_768_000_000_000
    assert letter.partition is None and letter.spread_by is None
    assert letter.headers is not None and list(letter.headers)[:2] == [("trace", b"\xff"), ("none", None)]
    assert ours(letter) == {
        "outcome": "dead_letter",
        "stage": "deliver",
        "reason": "rejected",
        "message": "the API refuses this lead",
        "topic": "leads",
        "partition": "3",
        "offset": "17",
        "timestamp": "1768000000000",
        "hub": "ventas México",
        "route": "google",
        "lead": "lead-1",
        "attempts": "2",
        "status": "400",
        "version": "1",
        "time": "2026-01-15T15:00:00.123+00:00",
    }


def test_a_record_that_cannot_be_read_has_a_letter_too() -> None:
    """Without a lead, an answer, a timestamp, a key or headers."""
    poison = record(timestamp_ms=None, key=None, value=None, headers=None)
    letter = dead_letter("dead", poison, WHY, None, None, version="1", now_ms=NOW_MS)
    assert letter[:3] == ("dead", None, None) and letter.timestamp_ms is None
    assert not {"timestamp", "hub", "route", "lead", "status", "answer"} & set(ours(letter))
    assert ours(letter)["attempts"] == "0"


def test_a_letter_for_review_has_all_that_is_known() -> None:
    """The last request, how often it went, and the contact that was sent."""
    lead = record()
    letter = review_letter(
        "review", lead, PARKED, shipment(lead), ANSWER, version="1", now_ms=NOW_MS, sent_at_ms=NOW_MS - 10_000
    )
    headers = ours(letter)
    assert headers["outcome"] == "parked" and headers["reason"] == "ambiguous"
    assert headers["sent-at"] == "2026-01-15T14:59:50.123+00:00" and headers["seconds"] == "10.000"
    assert (headers["attempts"], headers["unanswered"], headers["answer"]) == ("2", "1", "ReadTimeout")
    assert headers["contact"] == '{"clientIds":["+59899"]}'


def test_a_letter_for_review_without_a_request() -> None:
    """In doubt after a crash: nothing is known of the request; and a contact that is huge is left out."""
    lead = record()
    huge = shipment(lead, body=b"x" * (LONGEST_CONTACT + 1))
    letter = review_letter("review", lead, PARKED, huge, None, version="1", now_ms=NOW_MS, sent_at_ms=None)
    assert not {"sent-at", "seconds", "contact"} & set(ours(letter))


def test_a_lead_that_is_parked_comes_back_as_itself() -> None:
    """Its hub decides the partition; what it says of its origin is read back, over any number of rests."""
    lead = record()
    letter = retry_letter(
        "retry", lead, PARKED, shipment(lead), None, version="1", now_ms=NOW_MS, not_before_ms=NOW_MS + 30_000
    )
    assert letter[:3] == ("retry", b"key", b"value") and letter.timestamp_ms == lead.timestamp_ms
    assert letter.spread_by == "ventas México" and letter.partition is None
    first = read_back(letter.headers)
    assert first == Returned(Position("leads", 3, 17), 1_768_000_000_000, NOW_MS + 30_000, 2, 1)

    again = Record(Claim("retry", 0, PartitionProgress(0)), 99, NOW_MS, b"key", b"value", letter.headers, origin=first)
    carried = shipment(again)
    carried.attempts = 5
    parked = retry_letter("retry", again, PARKED, carried, None, version="1", now_ms=NOW_MS, not_before_ms=NOW_MS)
    assert read_back(parked.headers) == Returned(Position("leads", 3, 17), 1_768_000_000_000, NOW_MS, 5, 1)
    dead = dead_letter("dead", again, WHY, None, None, version="1", now_ms=NOW_MS)
    assert dead.timestamp_ms == 1_768_000_000_000, "the original's, also where the retry topic has its own"
    assert (ours(dead)["topic"], ours(dead)["offset"], ours(dead)["attempts"]) == ("leads", "17", "2")
    assert "not-before" not in ours(dead)


def test_what_may_have_arrived_before_it_was_parked_is_remembered() -> None:
    """Unanswered requests, or an earlier owner's: its delivery later is one of those that are counted as sent again."""
    lead = record(in_doubt=True)
    calm = Shipment(lead, shipment(lead).lead, 0.0)
    taken_over = retry_letter("retry", lead, PARKED, calm, None, version="1", now_ms=NOW_MS, not_before_ms=NOW_MS)
    back = read_back(taken_over.headers)
    assert back is not None and back.in_doubt and back.unanswered == 0
    own = retry_letter("retry", lead, PARKED, shipment(lead), None, version="1", now_ms=NOW_MS, not_before_ms=NOW_MS)
    back = read_back(own.headers)
    assert back is not None and not back.in_doubt and back.unanswered == 1


def test_headers_of_ours_are_bounded() -> None:
    """A hub or id that an event names may be of any length, and of any characters."""
    lead = record()
    odd = shipment(lead, lead_id="é" * 1_000_000, destination=Destination("\ud800" * 5))
    letter = dead_letter("dead", lead, WHY, odd, None, version="1", now_ms=NOW_MS)
    assert len(ours(letter)["lead"]) == LONGEST_TEXT
    assert ours(letter)["hub"] == "\\ud800" * 5


GOOD: dict[str, bytes] = {
    "lead-connector.topic": b"leads",
    "lead-connector.partition": b"3",
    "lead-connector.offset": b"17",
    "lead-connector.timestamp": b"5",
    "lead-connector.not-before": b"6",
    "lead-connector.attempts": b"2",
}


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_what_is_damaged_is_not_believed(missing: str) -> None:
    """Every part is needed, save the timestamp, which a record may be without; each once, and each as we write it."""
    complete = list(GOOD.items())
    assert read_back(complete) == Returned(Position("leads", 3, 17), 5, 6, 2)
    without = [header for header in complete if header[0] != missing]
    expected = Returned(Position("leads", 3, 17), None, 6, 2) if missing.endswith("timestamp") else None
    assert read_back(without) == expected
    assert read_back([*complete, (missing, GOOD[missing])]) is None
    for damaged in (b"", b"-1", b" 1", b"1\n", "٣".encode(), b"\xff", b"1" * 30, None):
        is_a_topic = missing.endswith("topic") and damaged in (b"-1", b"1" * 30)
        assert (read_back([*without, (missing, damaged)]) is None) is not is_a_topic


def test_a_partition_that_kafka_cannot_have_is_not_believed() -> None:
    """The producer takes no receipt for it: the process would end, and again after every restart."""
    assert read_back([*{**GOOD, "lead-connector.partition": b"2147483647"}.items()]) is not None
    assert read_back([*{**GOOD, "lead-connector.partition": b"2147483648"}.items()]) is None


@given(
    st.lists(
        st.tuples(
            st.one_of(st.text(max_size=5), st.sampled_from(sorted(GOOD))),
            st.one_of(st.none(), st.binary(max_size=20), st.text(max_size=20), st.sampled_from(sorted(GOOD.values()))),
        ),
        max_size=12,
    )
)
def test_foreign_headers_never_raise(headers: list[tuple[str, bytes | str | None]]) -> None:
    """Whatever somebody writes to the retry topic: read back to something whole, or to nothing."""
    found = read_back(headers)
    assert found is None or (found.position.topic and min(found.position[1:]) >= 0)


def test_positions_are_read_as_they_are_written() -> None:
    """And nothing else is."""
    assert read_position(str(Position("leads.eu_1-x", 3, 17))) == Position("leads.eu_1-x", 3, 17)
    for text in (
        "",
        "leads",
        "leads/1",
        "leads/1/2/3",
        "leads/-1/2",
        "le ads/1/2",
        "leads/1/2\n",
        f"leads/{chr(0x661)}/2",
        "a" * 250 + "/1/2",
    ):
        assert read_position(text) is None


def test_a_part_says_whose_it_is_over_any_number_of_rests() -> None:
    """Each letter of a part; one that comes back is that part alone, and parts of no other lead say so."""
    lead, (_, part) = record(), split(record(), ["sms", "google"])
    how: dict[str, Any] = {"version": "1", "now_ms": NOW_MS}
    assert "part" not in ours(dead_letter("dead", lead, WHY, shipment(lead), None, **how))
    unmapped = ours(dead_letter("dead", part, WHY, None, None, **how))
    assert (unmapped["part"], unmapped["route"]) == ("google", "google")
    review = review_letter("review", part, PARKED, shipment(part), ANSWER, sent_at_ms=None, **how)
    assert ours(review)["part"] == "google"
    retry = retry_letter("retry", part, PARKED, shipment(part), None, not_before_ms=NOW_MS, **how)
    first = read_back(retry.headers)
    assert first == Returned(Position("leads", 3, 17), 1_768_000_000_000, NOW_MS, 2, 1, part="google")
    again = Record(Claim("retry", 0, PartitionProgress(0)), 99, NOW_MS, b"key", b"value", retry.headers, origin=first)
    assert again.part == "google"
    parked = retry_letter("retry", again, PARKED, shipment(again), None, not_before_ms=NOW_MS, **how)
    assert read_back(parked.headers) == first
