"""What librdkafka does with a pause when a partition is assigned anew."""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition

from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim
from connector.kafka.backpressure import BackPressure
from connector.kafka.buffer import Buffer
from testbed.waiting import until
from tests.integration.bed import LIMIT, produce
from tests.integration.conftest import Bed


def test_a_partition_that_is_assigned_anew_flows_though_it_was_paused(bed: Bed) -> None:
    """As after a rebalance, or when retention has passed its position: else it would stand still until a restart."""
    produce(bed.bootstrap, bed.topic, [b"x"] * 60, partitions=6)
    consumer = Consumer(
        {
            "bootstrap.servers": bed.bootstrap,
            "group.id": f"pauses-{bed.topic}",
            "partition.assignment.strategy": "cooperative-sticky",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    seen: list[int | None] = []

    def read(partition: int) -> bool:
        message = consumer.poll(0.1)
        if message is not None and message.error() is None:
            seen.append(message.partition())
        return partition in seen

    consumer.subscribe([bed.topic])
    pressure = BackPressure(Buffer(10, 10_000))
    try:
        until(lambda: read(0), limit=LIMIT, what="records of partition 0")
        pressure.pause(consumer, [Claim(bed.topic, number, PartitionProgress(0)) for number in range(6)])
        where = TopicPartition(bed.topic, 0)
        consumer.incremental_unassign([where])
        consumer.incremental_assign([TopicPartition(bed.topic, 0, 0)])
        pressure.assigned(consumer, [where])
        seen.clear()
        until(lambda: read(0), limit=LIMIT, what="the same records once more")
        assert set(seen) <= {0}, "the others are paused as before"
    finally:
        consumer.close()
