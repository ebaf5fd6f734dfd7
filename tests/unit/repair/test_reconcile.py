"""Events against receipts: what adds up, and what does not."""

from __future__ import annotations

from typing import Any

from connector.delivery.position import Position
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.kafka.journal import Note, encode, topic_mark
from connector.kafka.letters import Letter
from connector.kafka.receipts import receipt_letter, receipt_of
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome
from connector.repair.ports import unseen
from connector.repair.reconcile import HOUR_MS, Different, Reconciliation, Row, Sum
from tests.unit.repair.support import NOW_MS, Topics, event, preview

HOUR = NOW_MS // HOUR_MS * HOUR_MS


def topics(count: int) -> Topics:
    """So many events, half an hour after one another, all read."""
    made = Topics()
    made.logs["leads.receipts"] = {0: []}
    for number in range(count):
        made.add(Letter("leads", None, event(number), None, NOW_MS + number * HOUR_MS // 2))
    made.commits["leads"] = {0: (count, "")}
    return made


def receipt(made: Topics, number: int, outcome: Outcome, at: int | None = None, **more: Any) -> None:
    """One more receipt, of lead ``number``, read at ``leads/0/at``."""
    record = Record(Claim("leads", 0, PartitionProgress(0)), number if at is None else at, NOW_MS, None, b"", None)
    lead = MappedLead(f"lead-{number}", None, "all", Destination("sales"), b"{}")
    written = receipt_of(record, outcome, Shipment(record, lead, 0.0), now_ms=NOW_MS + HOUR_MS)._replace(**more)
    made.add(receipt_letter("leads.receipts", written))


def run(made: Topics, to_ms: int = NOW_MS + 100 * HOUR_MS) -> Reconciliation:
    """Of everything from the first event on."""
    reconciliation = Reconciliation(made, preview(), "leads.receipts", lambda topic: topic == "leads")
    reconciliation.run(NOW_MS, to_ms, lambda _what: unseen)
    return reconciliation


def test_it_adds_up() -> None:
    """By hour and route; the last receipt of a record counts, and tombstones have none."""
    made = topics(4)
    made.add(Letter("leads", b"key", None, None, NOW_MS + 4))
    receipt(made, 0, Outcome.PARKED)
    for number, outcome in enumerate((Outcome.DELIVERED, Outcome.DEAD_LETTER, Outcome.DELIVERED, Outcome.DUPLICATE)):
        receipt(made, number, outcome)
    done = run(made)
    assert done.adds_up and done.different == []
    assert {row: dict(counts) for row, counts in done.rows.items()} == {
        Row(HOUR, "all"): {"delivered": 1, "dead_letter": 1},
        Row(HOUR + HOUR_MS, "all"): {"delivered": 1, "duplicate": 1},
    }
    assert sum(run(made, NOW_MS + HOUR_MS // 2).rows[Row(HOUR, "all")].values()) == 1


def test_what_has_no_receipt_is_named() -> None:
    """Committed it is missing; not committed it waits, save for what the metadata says is resolved."""
    made = topics(4)
    made.commits["leads"] = {0: (1, encode(1, Note([(2, 3)]), topic_mark("id")))}
    receipt(made, 2, Outcome.DELIVERED)
    done = run(made)
    assert not done.adds_up
    assert [(each.sum, each.at.offset, each.lead) for each in done.different] == [
        (Sum.MISSING, 0, "lead-0"),
        (Sum.WAITING, 1, "lead-1"),
        (Sum.WAITING, 3, "lead-3"),
    ]
    assert done.rows[Row(HOUR, "all")] == {Sum.MISSING: 1, Sum.WAITING: 1}


def test_a_receipt_that_a_later_one_replaced_is_not_missed() -> None:
    """The same lead's event came again, and compaction has kept the receipt of that."""
    made = topics(2)
    receipt(made, 0, Outcome.DUPLICATE, at=7)
    receipt(made, 1, Outcome.DELIVERED)
    done = run(made)
    assert done.adds_up and done.rows[Row(HOUR, "all")] == {Sum.AGAIN: 1, "delivered": 1}


def test_a_record_is_parked_while_one_of_its_parts_is() -> None:
    """Whatever became of the others, in whatever order."""
    made = topics(1)
    receipt(made, 0, Outcome.PARKED, part="a")
    receipt(made, 0, Outcome.DELIVERED, part="b")
    assert run(made).rows[Row(HOUR, "all")] == {"parked": 1}
    receipt(made, 0, Outcome.DELIVERED, part="a")
    assert run(made).rows[Row(HOUR, "all")] == {"delivered": 1}


def test_receipts_of_other_topics_and_times_count_for_nothing() -> None:
    """They share the receipts' topic."""
    made = topics(1)
    receipt(made, 0, Outcome.DELIVERED, at=99)
    receipt(made, 1, Outcome.DELIVERED, position=Position("other", 0, 0))
    made.add(Letter("leads.receipts", b"x", b"junk", None, NOW_MS))
    assert run(made).rows[Row(HOUR, "all")] == {Sum.AGAIN: 1}
    made = topics(1)
    receipt(made, 1, Outcome.DELIVERED, position=Position("other", 0, 0))
    assert run(made).different == [Different(Sum.MISSING, Position("leads", 0, 0), NOW_MS, "lead-0")]
