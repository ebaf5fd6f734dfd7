"""Receipts: what they hold, and what is believed of those that are read back."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.delivery.duplicates import Duplicate, hash_of
from connector.delivery.position import Position, Returned
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment, split
from connector.kafka.receipts import LONGEST_ID, Receipt, name_of, read_receipt, receipt_letter, receipt_of
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome, Reason

NOW_MS = 1_768_489_200_123
MOST_BYTES = 8 * 1024


def shipment(lead_id: str = "lead-1", hub: str = "sales", *, origin: Returned | None = None) -> Shipment:
    """A mapped lead of leads/3/17, or of a record on the retry topic."""
    record = Record(Claim("leads", 3, PartitionProgress(0)), 17, 1000, b"k", b"v", None, origin=origin)
    return Shipment(record, MappedLead(lead_id, None, "google", Destination(hub), b"{}"), 0.0, attempts=2, ambiguous=1)


def content(receipt: Receipt) -> dict[str, Any]:
    """The JSON of its message."""
    value = receipt_letter("receipts", receipt).value
    assert value is not None
    found = orjson.loads(value)
    assert isinstance(found, dict)
    return found


def test_the_receipt_of_a_delivered_lead() -> None:
    """In the partition number of its record, under its id, with the time of the outcome."""
    of = shipment()
    receipt = receipt_of(of.record, Outcome.DELIVERED, of, now_ms=NOW_MS, key=hash_of("a"))
    letter = receipt_letter("receipts", receipt)
    assert (letter.topic, letter.key, letter.partition, letter.timestamp_ms) == ("receipts", b"lead-1", 3, NOW_MS)
    assert letter.headers is None
    assert content(receipt) == {
        "version": 1,
        "lead": "lead-1",
        "outcome": "delivered",
        "hub": "sales",
        "route": "google",
        "time": NOW_MS,
        "attempts": 2,
        "sent_again": 1,
        "position": "leads/3/17",
        "key": hash_of("a").hex(),
    }
    assert receipt.delivery == Duplicate(Position("leads", 3, 17), NOW_MS)


def test_the_receipt_of_a_record_that_cannot_be_read() -> None:
    """Its position stands for the id."""
    receipt = receipt_of(shipment().record, Outcome.DEAD_LETTER, None, now_ms=NOW_MS, reason=Reason.UNDECODABLE)
    assert receipt_letter("receipts", receipt).key == b"leads/3/17"
    assert content(receipt) == {
        "version": 1,
        "outcome": "dead_letter",
        "reason": "undecodable",
        "time": NOW_MS,
        "attempts": 0,
        "position": "leads/3/17",
    }
    assert receipt.delivery is None


def test_the_receipt_of_a_filtered_lead() -> None:
    """It says who and by which filter; under its position, so that compaction leaves the receipt of a delivery."""
    receipt = receipt_of(
        shipment().record,
        Outcome.FILTERED,
        None,
        now_ms=NOW_MS,
        reason=Reason.SUPPRESSED,
        lead_id="lead-1",
        filtered_by="asked",
    )
    letter = receipt_letter("receipts", receipt)
    assert letter.key == b"leads/3/17" and read_receipt(letter.value) == receipt
    assert content(receipt) == {
        "version": 1,
        "lead": "lead-1",
        "outcome": "filtered",
        "reason": "suppressed",
        "filter": "asked",
        "time": NOW_MS,
        "attempts": 0,
        "position": "leads/3/17",
    }


def test_a_duplicate_keeps_the_delivery_alive() -> None:
    """Compaction leaves the last receipt of an id: that of a duplicate must do for the delivery before it."""
    first = Duplicate(Position("leads", 3, 5), NOW_MS - 1000)
    of = shipment()
    receipt = receipt_of(of.record, Outcome.DUPLICATE, of, now_ms=NOW_MS, key=hash_of("a"), first=first)
    assert content(receipt)["delivered"] == {"position": "leads/3/5", "time": NOW_MS - 1000}
    again = read_receipt(receipt_letter("receipts", receipt).value)
    assert again == receipt and again.delivery == first


def test_a_lead_that_was_parked_is_known_by_its_first_position() -> None:
    """So that its receipts come together, in the partition of its record."""
    of = shipment(origin=Returned(Position("web", 5, 99), 1000, 2000, 7))
    receipt = receipt_of(of.record, Outcome.DELIVERED, of, now_ms=NOW_MS)
    assert receipt.position == Position("web", 5, 99)
    assert receipt_letter("receipts", receipt).partition == 5
    assert receipt_of(of.record, Outcome.DEAD_LETTER, None, now_ms=NOW_MS).attempts == 7


@pytest.mark.parametrize("lead_id", ["x" * 1_000_000, "é" * 500_000, "\x00" * 300_000, "\ud800" * 300_000])
def test_receipts_are_small_whatever_the_event_says(lead_id: str) -> None:
    """Ids and hubs of a megabyte; ids that only differ at their end are still told apart."""
    of = shipment(lead_id, hub=lead_id)
    receipt = receipt_of(of.record, Outcome.DELIVERED, of, now_ms=NOW_MS, key=hash_of(lead_id))
    letter = receipt_letter("r" * 249, receipt)
    assert letter.key is not None and len(letter.key) <= LONGEST_ID
    assert letter.value is not None and len(letter.value) <= MOST_BYTES
    assert read_receipt(letter.value) == receipt
    assert name_of(lead_id + "a") != name_of(lead_id + "b")
    assert name_of(lead_id) == name_of(lead_id)


@given(st.text(min_size=1, max_size=400), st.text(max_size=400), st.sampled_from(Outcome), st.integers(0, 2**40))
def test_what_is_written_is_read_back(lead_id: str, hub: str, outcome: Outcome, now_ms: int) -> None:
    """Any id that a mapping can give (a blank one is none), any hub."""
    of = shipment(lead_id, hub)
    receipt = receipt_of(of.record, outcome, of, now_ms=now_ms, reason=Reason.REJECTED, key=hash_of(lead_id))
    letter = receipt_letter("receipts", receipt)
    assert read_receipt(letter.value) == receipt
    assert letter.key == name_of(lead_id).encode()
    if len(lead_id.encode()) <= LONGEST_ID:
        assert letter.key == lead_id.encode()


GOOD: dict[str, Any] = {
    "version": 1,
    "lead": "lead-1",
    "outcome": "duplicate",
    "time": NOW_MS,
    "attempts": 1,
    "position": "leads/3/17",
    "key": hash_of("a").hex(),
    "delivered": {"position": "leads/3/5", "time": NOW_MS},
}


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"outcome": "lost"},
        {"outcome": ["delivered"]},
        {"lead": 5},
        {"lead": ""},
        {"time": -1},
        {"time": 1.5},
        {"time": True},
        {"time": 10**15},
        {"attempts": "1"},
        {"position": "leads/3"},
        {"position": None},
        {"position": 3},
        {"key": "zz"},
        {"key": "00"},
        {"key": 0},
        {"delivered": []},
        {"delivered": {}},
        {"delivered": {"position": "leads/3/5", "time": None}},
        {"delivered": {"position": "leads/3/5", "time": 10**15}},
    ],
)
def test_a_damaged_receipt_is_none(change: dict[str, Any]) -> None:
    """One part that is not as we write it is enough."""
    assert read_receipt(orjson.dumps(GOOD)) is not None
    assert read_receipt(orjson.dumps(GOOD | change)) is None


@pytest.mark.parametrize("missing", ["version", "outcome", "time", "attempts", "position"])
def test_a_part_of_a_receipt_is_none(missing: str) -> None:
    """And fields that a later version adds are passed over."""
    assert read_receipt(orjson.dumps({name: GOOD[name] for name in GOOD if name != missing})) is None
    assert read_receipt(orjson.dumps(GOOD | {"new": [1]})) == read_receipt(orjson.dumps(GOOD))


@given(
    st.one_of(
        st.none(),
        st.binary(max_size=200),
        st.recursive(
            st.one_of(st.none(), st.booleans(), st.integers(-(2**53), 2**53), st.floats(allow_nan=False), st.text()),
            lambda inner: st.one_of(
                st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(sorted(GOOD)), inner, max_size=8)
            ),
            max_leaves=12,
        ).map(orjson.dumps),
    )
)
def test_foreign_messages_never_raise(value: bytes | None) -> None:
    """Whatever somebody writes to the topic."""
    found = read_receipt(value)
    assert found is None or found.position.offset >= 0


def test_a_huge_message_is_not_even_parsed() -> None:
    """It cannot be ours."""
    assert read_receipt(orjson.dumps(GOOD | {"new": "x" * 20_000})) is None


def test_each_part_of_a_lead_keeps_a_receipt() -> None:
    """Compaction keeps the last of a key: theirs differ, and the lead stays the id. So it is for parts that were not
    mapped, and for one that comes back from the retry topic."""
    of = shipment()
    letters = []
    for part in split(of.record, ["sms", "google"]):
        for each in (Shipment(part, of.lead, 0.0), None):
            receipt = receipt_of(part, Outcome.DEAD_LETTER, each, now_ms=NOW_MS)
            letter = receipt_letter("receipts", receipt)
            assert read_receipt(letter.value) == receipt and receipt.part == part.part
            assert receipt.lead == (None if each is None else "lead-1")
            letters.append(letter)
    keys = [letter.key for letter in letters]
    assert keys == [b"lead-1#sms", b"leads/3/17#sms", b"lead-1#google", b"leads/3/17#google"]
    back = shipment(origin=Returned(Position("leads", 3, 17), 1000, 2000, 7, part="sms"))
    assert receipt_letter("r", receipt_of(back.record, Outcome.DELIVERED, back, now_ms=NOW_MS)).key == keys[0]
