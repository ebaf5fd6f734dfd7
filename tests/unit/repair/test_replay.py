"""What a replay sends, what it does not, and what it leaves behind."""

from __future__ import annotations

import pytest

from connector.delivery.position import Position
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, Shipment
from connector.kafka.decisions import Decision
from connector.kafka.found_letters import find_letter
from connector.kafka.letters import PREFIX, Letter, read_back
from connector.kafka.receipts import receipt_letter, receipt_of
from connector.leads.mapped import Destination, MappedLead
from connector.leads.outcome import Outcome
from connector.repair.desk import Desk
from connector.repair.ports import unseen
from connector.repair.replay import Replay, Tally, Way
from connector.repair.selection import ANY, OPEN, Selection
from tests.unit.repair.support import DEAD, NOW_MS, Topics, Written, event, letter, preview

RETRY = Way("leads.retry", lambda _topic: True, None, 0)
OWN = Way(None, lambda topic: topic == "leads", None, 0)


def run(
    topics: Topics, way: Way = RETRY, selection: Selection | None = None, *, dry: bool = False
) -> tuple[Tally, list[Letter]]:
    """One replay, as a process of its own would do it."""
    desk = Desk(topics, DEAD)
    desk.survey(copies=True)
    written = Written(topics)
    replay = Replay(topics, desk, preview(), way, None if dry else written, lambda: NOW_MS)
    return replay.run(selection or Selection(), unseen), written.leads


def states(topics: Topics) -> list[str]:
    """Of the letters in order."""
    desk = Desk(topics, DEAD)
    desk.survey()
    return [OPEN if decision is None else decision.value for _, decision in desk.letters()]


def delivered(number: int, *, at: int, time_ms: int = NOW_MS + 1) -> Letter:
    """The receipt of lead ``number``, read at ``leads/0/at``."""
    record = Record(Claim("leads", 0, PartitionProgress(0)), at, NOW_MS, None, b"", None)
    shipment = Shipment(record, MappedLead(f"lead-{number}", None, "all", Destination("sales"), b"{}"), 0.0, 1)
    return receipt_letter("leads.receipts", receipt_of(record, Outcome.DELIVERED, shipment, now_ms=time_ms))


def test_what_can_go_goes_once() -> None:
    """What the mapping would set aside again stays open, and a second replay sends nothing."""
    topics = Topics()
    for number in range(3):
        topics.add(letter(number))
    topics.add(letter(3, event(3, phone=None)))
    dry, nothing = run(topics, dry=True)
    assert (dry.replayed, nothing, states(topics)) == (3, [], [OPEN] * 4)
    tally, leads = run(topics)
    assert tally == dry and dict(tally.set_aside) == {"missing_field": 1}
    assert [each.topic for each in leads] == ["leads.retry"] * 3
    origins = [read_back(each.headers) for each in leads]
    assert [each and each.position for each in origins] == [Position("leads", 0, number) for number in range(3)]
    assert all(each.key == b"key" and ("a", b"b") in (each.headers or ()) for each in leads)
    assert all(each.timestamp_ms is None for each in leads), "retention counts from the time of writing"
    assert states(topics) == ["replayed"] * 3 + [OPEN]
    again, leads = run(topics)
    assert (again.replayed, leads) == (0, [])


def test_without_a_retry_topic_a_lead_goes_where_it_came_from() -> None:
    """As it was, without our headers. Parts, and leads of topics that nobody reads, stay."""
    topics = Topics()
    topics.add(letter(0))
    topics.add(letter(1, part="all"))
    tally, [lead] = run(topics, OWN)
    assert (lead.topic, lead.partition, lead.value, lead.headers) == ("leads", 0, event(0), [("a", b"b")])
    assert tally.obstacles.total() == 1 and "retries.topic" in next(iter(tally.obstacles))
    assert states(topics) == ["replayed", OPEN]
    tally, leads = run(topics, Way(None, lambda _topic: False, None, 0))
    assert leads == [] and tally.obstacles.total() == 1


def test_a_part_comes_back_as_that_part() -> None:
    """And is mapped by its route alone."""
    topics = Topics()
    topics.add(letter(0, part="all"))
    topics.add(letter(1, part="gone"))
    tally, [lead] = run(topics)
    origin = read_back(lead.headers)
    assert origin is not None and origin.part == "all"
    assert dict(tally.set_aside) == {"no_route": 1}


def test_copies_are_decided_together() -> None:
    """Also when only one of them is selected, and over partitions."""
    topics = Topics()
    first, copy, other = topics.add(letter(0)), topics.add(letter(0), 1), topics.add(letter(1))
    only = Selection(positions=frozenset({Position(DEAD, copy.partition, copy.offset)}))
    tally, leads = run(topics, selection=only)
    assert (tally.replayed, tally.copies, len(leads)) == (1, 1, 1)
    assert states(topics) == ["replayed", OPEN, "replayed"]
    tally, leads = run(topics)
    assert (tally.replayed, len(leads)) == (1, 1)
    assert other.offset == 1 and first.offset == 0


def test_a_letter_that_comes_after_a_replay_is_open() -> None:
    """The connector set the lead aside again: that is another letter of the same record, not a copy."""
    topics = Topics()
    topics.add(letter(0))
    run(topics)
    topics.add(letter(0))
    assert states(topics) == ["replayed", OPEN]
    tally, leads = run(topics)
    assert (tally.replayed, len(leads)) == (1, 1)


@pytest.mark.parametrize(("window_ms", "sent"), [(0, 1), (10_000, 0)])
def test_what_was_delivered_meanwhile_is_not_sent(window_ms: int, sent: int) -> None:
    """By the lead's id, from a time before the lead's own on."""
    topics = Topics()
    topics.add(letter(0))
    topics.add(letter(1))
    topics.add(delivered(1, at=78, time_ms=NOW_MS - 5_000))
    topics.add(delivered(0, at=77))
    way = Way("leads.retry", lambda _topic: True, "leads.receipts", window_ms)
    tally, leads = run(topics, way)
    assert (tally.delivered, len(leads)) == (2 - sent, sent)
    assert states(topics)[0] == Decision.DELIVERED


def test_a_part_that_was_delivered_says_nothing_of_another() -> None:
    """Of the whole lead it does."""
    topics = Topics()
    topics.add(letter(0, part="all"))
    record = Record(Claim("leads", 0, PartitionProgress(0)), 9, NOW_MS, None, b"", None)
    shipment = Shipment(record, MappedLead("lead-0", None, "x", Destination("x"), b"{}"), 0.0, 1)
    receipt = receipt_of(record, Outcome.DELIVERED, shipment, now_ms=NOW_MS + 1)._replace(part="another")
    topics.add(receipt_letter("leads.receipts", receipt))
    way = Way("leads.retry", lambda _topic: True, "leads.receipts", 0)
    assert run(topics, way, dry=True)[0].replayed == 1
    topics.add(letter(0))
    assert run(topics, way, dry=True)[0].delivered == 1


def test_foreign_and_damaged_letters_stay() -> None:
    """Whatever somebody wrote there."""
    topics = Topics()
    topics.add(Letter(DEAD, None, b"\x00junk"))
    topics.add(Letter(DEAD, None, event(1), [(f"{PREFIX}topic", b"leads"), (f"{PREFIX}partition", b"x")]))
    sound = letter(2)
    topics.add(sound._replace(headers=[*(sound.headers or ()), (f"{PREFIX}offset", b"7")]))
    topics.add(sound._replace(value=None))
    tally, leads = run(topics)
    assert leads == [] and tally.obstacles.total() == 3 and dict(tally.set_aside) == {"tombstone": 1}
    assert states(topics) == [OPEN] * 4


def test_selections() -> None:
    """Everything that is given must hold."""
    topics = Topics()
    found = find_letter(topics.add(letter(7)))
    for takes in (
        Selection(reasons=frozenset({"missing_field", "rejected"})),
        Selection(topics=frozenset({"leads"}), from_ms=NOW_MS, to_ms=NOW_MS + 1),
        Selection(state=ANY, positions=frozenset({found.position})),
    ):
        assert takes.takes(found, None)
    for takes_not in (
        Selection(reasons=frozenset({"rejected"})),
        Selection(reasons=frozenset({"missing_field"}), topics=frozenset({"other"})),
        Selection(to_ms=NOW_MS),
        Selection(from_ms=NOW_MS + 1),
        Selection(routes=frozenset({"all"})),
        Selection(lead="lead-7"),
        Selection(state="replayed"),
    ):
        assert not takes_not.takes(found, None)
    assert not Selection().takes(found, Decision.DISCARDED)
