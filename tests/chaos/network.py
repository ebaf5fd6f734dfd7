"""What happens between connectors and brokers in the cases."""

from __future__ import annotations

from testbed.kafka import KafkaCluster
from tests.chaos.bed import Case
from tests.chaos.scenarios import RATE


def one_member_cut_off(case: Case, cluster: KafkaCluster) -> None:
    """One of two members, with many leads read and some under way, is parted from Kafka and not from the API; the other
    takes over; then the network heals. The cluster must have proxies."""
    one, two = case.member("one").start(), case.member("two", bootstrap=cluster.proxied_servers).start()
    case.feed.start(RATE)
    case.wait(lambda: one.delivered() and two.delivered(), "leads delivered by both")
    case.api.fault(kind="latency", distribution="fixed", ms=3000)
    case.feed.backlog(3000)
    case.wait(lambda: two.metric("leads_outstanding") >= 1000, "many leads read by the second member")
    for proxy in cluster.proxies:
        proxy.cut()
    case.wait(lambda: one.metric("kafka_partitions") == 6, "the first member to take over")
    before = one.delivered()
    case.api.heal()
    case.wait(lambda: one.delivered() >= before + 2500, "the first member to deliver the leads of all partitions")
    for proxy in cluster.proxies:
        proxy.heal()
    case.healed()
    case.wait(lambda: one.metric("kafka_partitions") == two.metric("kafka_partitions") == 3, "partitions shared again")
    case.recover()
