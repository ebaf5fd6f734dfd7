"""What is about to be sent, over several partitions: confirmed when all is written, taken back when it is not sent."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Record, split
from connector.kafka.buffer import Buffer
from connector.kafka.intents import Intents, withdraw
from connector.kafka.journal import fits

ROOM = next(count for count in itertools.count() if not fits(0, [(0, count + 1)]))
"""Offsets side by side that can be in doubt in a partition."""


def taken(claim: Claim, *offsets: int) -> list[Record]:
    """Records of a claim, read."""
    for offset in offsets:
        claim.progress.take(offset)
    return [Record(claim, offset, None, None, b"x", None) for offset in offsets]


def claim(partition: int = 0) -> Claim:
    """A claim from offset 0 on."""
    return Claim("leads", partition, PartitionProgress(0))


def test_a_request_goes_when_all_its_partitions_are_written() -> None:
    """A commit may be refused for one of them; that one is written again."""
    one, two = claim(0), claim(1)
    intents, confirmed = Intents(), []
    intents.add([*taken(one, 0, 1), *taken(two, 5)], lambda _refused: confirmed.append(True))
    assert intents.note() == {one, two}
    assert (one.progress.in_doubt(), two.progress.in_doubt()) == ([(0, 2)], [(5, 6)])
    intents.sent()
    intents.written([one])
    assert not confirmed
    intents.sent()
    intents.written([two])
    assert confirmed == [True]


def test_what_is_not_confirmed_is_taken_back_from_every_partition_that_leaves() -> None:
    """Also from one whose part was written already: the request was not sent."""
    one, two = claim(0), claim(1)
    intents, confirmed = Intents(), []
    intents.add([*taken(one, 0, 1), *taken(two, 5)], lambda _refused: confirmed.append(True))
    intents.note()
    intents.sent()
    intents.written([one])
    one.released = True
    intents.release({one})
    assert confirmed == [True], "no commit is answered while a partition leaves: to wait for one would hold it up"
    assert one.progress.in_doubt() == two.progress.in_doubt() == [], "it asks anew for what stays"
    intents.sent()
    intents.written([two])
    assert confirmed == [True]


def test_a_request_of_partitions_that_have_left_is_let_go_at_once() -> None:
    """Whoever waits looks at the claims again."""
    one = claim()
    intents, confirmed = Intents(), []
    intents.add(taken(one, 0), lambda _refused: confirmed.append(True))
    one.released = True
    assert intents.note() == set() and confirmed == [True]


def test_without_room_in_the_metadata_a_record_is_refused_at_once() -> None:
    """Others of its request go, and requests of other partitions."""
    full, free = claim(0), claim(1)
    refused: list[Sequence[Record]] = []
    intents = Intents()
    intents.add(taken(full, *range(ROOM)), refused.append)
    assert intents.note() == {full}
    [one, other] = [*taken(full, ROOM), *taken(free, 0)]
    intents.add([one, other], refused.append)
    intents.add([one], refused.append)
    assert intents.note() == {free}
    assert refused == [[one]], "nothing of the last is to be written"
    intents.sent()
    intents.written([full, free])
    assert refused == [[one], [], [one]]
    assert free.progress.in_doubt() == [(0, 1)] and full.progress.in_doubt() == [(0, ROOM)]
    full.progress.resolve(0)
    intents.add([one], refused.append)
    assert intents.note() == {full}


def test_a_record_that_is_given_up_is_in_no_doubt_unless_it_may_have_arrived() -> None:
    """It was confirmed, but its claim was released before it was sent; or an earlier request of it had no answer."""
    one = claim()
    buffer, intents = Buffer(100, 1000), Intents()
    records = taken(one, 0, 1)
    for record in records:
        buffer.add([record])
    intents.add(records, lambda _refused: None)
    intents.note()
    records[1].in_doubt = True
    buffer.settle(records, resolved=False)
    buffer.apply(lambda _claim: None)
    assert one.progress.in_doubt() == [(1, 2)]


def test_what_is_in_doubt_needs_no_more_room_to_go_again() -> None:
    """A hub that answers nothing leaves a full metadata in doubt: its leads must go again, or they stay so for ever."""
    one = claim()
    records = taken(one, *range(ROOM + 1))
    refused: list[Sequence[Record]] = []
    intents = Intents()
    intents.add(records[:ROOM], refused.append)
    intents.note()
    intents.sent()
    intents.written([one])
    intents.add([*records[:50], records[ROOM]], refused.append)
    assert intents.note() == {one}
    intents.sent()
    intents.written([one])
    assert refused == [[], [records[ROOM]]], "the one that is new is refused"
    assert one.progress.in_doubt() == [(0, ROOM)]


def test_what_was_refused_is_not_withdrawn_when_its_partition_leaves() -> None:
    """Of a request with leads in doubt and new ones: the first stay in doubt, whatever becomes of the request."""
    one = claim()
    records = taken(one, *range(ROOM + 1))
    intents = Intents()
    intents.add(records[:ROOM], lambda _refused: None)
    intents.note()
    intents.sent()
    intents.written([one])
    intents.add([*records[:50], records[ROOM]], lambda _refused: None)
    intents.note()
    one.released = True
    intents.release({one})
    assert one.progress.in_doubt() == [(0, ROOM)]


def test_an_offset_stays_in_doubt_while_any_of_its_parts_may_have_gone() -> None:
    """One part certainly had no effect, the other is on its way: a crash leaves the record in doubt."""
    one = claim()
    [record] = taken(one, 0)
    first, second = split(record, ["a", "b"])
    intents = Intents()
    intents.add([first], lambda _refused: None)
    intents.add([second], lambda _refused: None)
    intents.note()
    withdraw(first)
    assert one.progress.in_doubt() == [(0, 1)]
    withdraw(second)
    assert one.progress.in_doubt() == []


def test_a_part_that_is_not_confirmed_leaves_its_sister_in_doubt() -> None:
    """Its request is let go with another partition; that of the sister goes on, until it is taken back too."""
    one, other = claim(0), claim(1)
    [record] = taken(one, 0)
    first, second = split(record, ["a", "b"])
    intents, confirmed = Intents(), []
    intents.add([first], lambda _refused: confirmed.append("first"))
    intents.add([second, *taken(other, 0)], lambda _refused: confirmed.append("second"))
    intents.note()
    other.released = True
    intents.release({other})
    assert confirmed == ["second"] and one.progress.in_doubt() == [(0, 1)]
    withdraw(first)
    assert one.progress.in_doubt() == []


def test_a_part_whose_sister_has_arrived_needs_no_more_room() -> None:
    """Full of records of which one hub has a part and another takes none: these must go, or it stays so for ever."""
    one = claim()
    records = taken(one, *range(ROOM + 1))
    refused: list[Sequence[Record]] = []
    intents = Intents()
    sisters = [split(record, ["a", "b"]) for record in records[:ROOM]]
    intents.add([first for first, _ in sisters], refused.append)
    intents.note()
    intents.sent()
    intents.written([one])
    intents.add([sisters[0][1], sisters[1][1], records[ROOM]], refused.append)
    assert intents.note() == {one}
    intents.sent()
    intents.written([one])
    assert refused == [[], [records[ROOM]]]


def test_a_record_in_parts_is_out_of_doubt_only_when_nothing_of_it_was_done() -> None:
    """Its parts were forgotten with their partition: the next owner sends all of them again."""
    one = claim()
    buffer, intents = Buffer(100, 1000), Intents()
    records = taken(one, 0, 1, 2)
    for record in records:
        buffer.add([record])
    untouched, delivered, unanswered = (split(record, ["a", "b"]) for record in records)
    intents.add([*untouched, *delivered, *unanswered], lambda _refused: None)
    intents.note()
    unanswered[0].in_doubt = True
    buffer.settle([delivered[0]], resolved=True)
    buffer.settle([*untouched, delivered[1], *unanswered], resolved=False)
    buffer.apply(lambda _claim: None)
    assert one.progress.in_doubt() == [(1, 3)] and one.progress.unresolved == 3
    assert buffer.outstanding == one.outstanding == 0
