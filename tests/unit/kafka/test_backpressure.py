"""How much may be read while something takes nothing, and which partitions pause for it."""

from __future__ import annotations

import threading

import pytest
from confluent_kafka import TopicPartition

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Held, Record
from connector.kafka.backpressure import LEAST_AT_ONCE, MOST_AT_ONCE, MOST_WHILE_HELD, BackPressure
from connector.kafka.buffer import Buffer


class Partitions:
    """A consumer that remembers which partitions are paused."""

    def __init__(self) -> None:
        self.paused: set[int] = set()

    def pause(self, partitions: list[TopicPartition]) -> None:
        assert self.paused.isdisjoint(p.partition for p in partitions), "paused twice"
        self.paused |= {p.partition for p in partitions}

    def resume(self, partitions: list[TopicPartition]) -> None:
        self.paused -= {p.partition for p in partitions}


def claims(count: int) -> list[Claim]:
    """Claims on partitions 0, 1, 2 …"""
    return [Claim("leads", partition, PartitionProgress(0)) for partition in range(count)]


def filled(buffer: Buffer, claim: Claim, count: int, size: int = 1) -> list[Record]:
    """Records of a claim, handed over."""
    records = [Record(claim, offset, None, None, b"x" * size, None) for offset in range(count)]
    for record in records:
        record.claim.progress.take(record.offset)
        buffer.add([record])
    return records


def test_with_nothing_held_the_buffer_alone_bounds() -> None:
    """Room is what is free, at most a hand-over; no partition pauses for its share."""
    buffer = Buffer(1000, 10_000)
    pressure = BackPressure(buffer)
    assert pressure.room() == MOST_AT_ONCE
    [one] = claims(1)
    filled(buffer, one, 900)
    assert pressure.room() == 100
    assert pressure.overdrawn([one]) == []


def test_what_is_held_has_an_allowance_of_its_own() -> None:
    """A buffer full of leads for a hub that is away has room for others, up to as much again."""
    buffer = Buffer(1000, 10_000)
    pressure = BackPressure(buffer)
    away, well = claims(2)
    filled(buffer, away, 1000)
    assert pressure.room() == 0
    pressure.hold(Held(1000, {away: (1000, 1000)}))
    assert pressure.room() == MOST_WHILE_HELD
    filled(buffer, well, 1000)
    pressure.hold(Held(2000, {away: (1000, 1000)}))
    assert pressure.room() == 0, "memory is bounded by twice the buffer"


def test_nothing_is_read_before_it_is_known_what_is_held_of_it() -> None:
    """Else a hand-over could overdraw a share many times over."""
    buffer = Buffer(1000, 10_000)
    pressure = BackPressure(buffer)
    [one] = claims(1)
    filled(buffer, one, 10)
    pressure.hold(Held(9, {one: (1, 1)}))
    assert pressure.room() == 0
    pressure.hold(Held(10, {one: (2, 2)}))
    assert pressure.room() == MOST_WHILE_HELD


def test_a_partition_pauses_when_its_share_is_used_up_by_number_or_by_bytes() -> None:
    """Shares are equal; a partition that holds nothing flows on."""
    buffer = Buffer(1000, 10_000)
    pressure = BackPressure(buffer)
    number, size, little, none = claims(4)
    pressure.hold(Held(0, {number: (250, 250), size: (10, 2500), little: (249, 2499)}))
    consumer = Partitions()
    assert pressure.pause(consumer, pressure.overdrawn([number, size, little, none])) == 2  # type: ignore[arg-type]
    assert consumer.paused == {0, 1}
    pressure.hold(None)
    assert pressure.pause(consumer, pressure.overdrawn([number, size, little, none])) == 0  # type: ignore[arg-type]
    assert not consumer.paused and not pressure.paused


def test_a_partition_flows_again_when_half_of_its_share_is_free() -> None:
    """Pausing throws away what was fetched: not for every batch of a hub that takes some."""
    buffer = Buffer(1000, 10_000)
    pressure = BackPressure(buffer)
    [one] = claims(1)
    consumer = Partitions()
    for leads, size, paused in (
        (999, 9999, 0),
        (1000, 1, 1),
        (501, 1, 1),
        (500, 5001, 1),
        (500, 5000, 0),
        (999, 9999, 0),
    ):
        pressure.hold(Held(0, {one: (leads, size)}))
        pressure.pause(consumer, pressure.overdrawn([one]))  # type: ignore[arg-type]
        assert len(consumer.paused) == paused, (leads, size)


def test_a_pause_for_a_full_buffer_halves_no_share() -> None:
    """Only a partition that has used up its share waits until half of it is free."""
    pressure = BackPressure(Buffer(1000, 10_000))
    [one] = claims(1)
    consumer = Partitions()
    pressure.hold(Held(0, {one: (510, 1)}))
    pressure.pause(consumer, [one])  # type: ignore[arg-type]
    assert pressure.overdrawn([one]) == []


@pytest.mark.parametrize("size", [1, 10])
def test_what_is_held_beyond_the_allowance_makes_the_buffer_smaller_and_stops_nothing(size: int) -> None:
    """The hub may be away for long; half of what is left must be enough to go on."""
    buffer = Buffer(1000, 10_000)
    pressure = BackPressure(buffer)
    away, well = claims(2)
    filled(buffer, away, 1600, size)
    pressure.hold(Held(1600, {away: (1600, 1600 * size)}))
    assert pressure.half_free() and pressure.room() == MOST_WHILE_HELD
    filled(buffer, well, 250, size)
    pressure.hold(Held(1850, {away: (1600, 1600 * size)}))
    assert not pressure.half_free()
    buffer.settle([Record(well, offset, None, None, b"x" * size, None) for offset in range(50)], resolved=True)
    buffer.apply(lambda _claim: None)
    assert pressure.half_free()


def test_a_partition_that_left_and_came_back_flows_and_is_paused_anew() -> None:
    """librdkafka keeps the pause (tests/integration/test_pauses.py): without a word it would stand still for ever."""
    pressure = BackPressure(Buffer(1000, 10_000))
    [one] = claims(1)
    where, consumer = [TopicPartition("leads", 0, 7)], Partitions()
    pressure.pause(consumer, [one])  # type: ignore[arg-type]
    pressure.gone(where)
    pressure.assigned(consumer, where)  # type: ignore[arg-type]
    assert not consumer.paused
    assert pressure.pause(consumer, [one]) == 1  # type: ignore[arg-type]
    assert consumer.paused == {0}


def test_a_partition_that_moves_while_it_is_paused_flows() -> None:
    """Its position was lost to retention, say, while the buffer was full."""
    pressure = BackPressure(Buffer(1000, 10_000))
    one, other = claims(2)
    consumer = Partitions()
    pressure.pause(consumer, [one, other])  # type: ignore[arg-type]
    pressure.assigned(consumer, [TopicPartition("leads", 0, 7)])  # type: ignore[arg-type]
    assert consumer.paused == {1}
    pressure.pause(consumer, [])  # type: ignore[arg-type]
    assert not consumer.paused


def test_what_is_nearly_full_waits_for_room_for_many() -> None:
    """Not while something is held, for then each hand-over is looked at; nor for more than a part of a small buffer."""
    pressure = BackPressure(Buffer(2000, 10_000))
    assert pressure.least == LEAST_AT_ONCE
    pressure.hold(Held(0, {}))
    assert pressure.least == 1
    assert BackPressure(Buffer(80, 10_000)).least == 10
    assert BackPressure(Buffer(1, 10_000)).least == 1


def test_a_wait_ends_with_so_many_settlements_or_when_it_is_told_to() -> None:
    """Fewer do not end it; those that came before it count."""
    buffer = Buffer(10, 10_000)
    [one] = claims(1)
    records = filled(buffer, one, 6)
    for enough in (False, True):
        waiter = threading.Thread(target=buffer.wait, args=(3600.0, 3))
        buffer.settle(records[:1], resolved=True)
        waiter.start()
        buffer.settle(records[1:2], resolved=True)
        waiter.join(0.05)
        assert waiter.is_alive(), "two of three"
        if enough:
            buffer.settle(records[2:3], resolved=True)
        else:
            buffer.wake()
        waiter.join()
        buffer.apply(lambda _claim: None)
        records = records[3:]
    assert buffer.outstanding == 1
