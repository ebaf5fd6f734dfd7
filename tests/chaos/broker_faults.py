"""What happens to brokers in the cases: each a function of a case and of the cluster on which it runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaException

from testbed.kafka import KafkaCluster
from tests.chaos import committed_state, trace
from tests.chaos.actors import Member
from tests.chaos.bed import Case
from tests.chaos.scenarios import RATE, under_load

PARTITIONS = 6
"""Of the topic, unless a case changes it."""
MORE = 300
"""Leads that must be accepted before a fault, and after it."""
SMALL = 64
"""``offset.metadata.max.bytes`` that leaves no room for what is known above the committed offset."""


DEFAULT_SESSION = "10s"
"""``kafka.session_timeout`` unless it is set."""


@contextmanager
def whole_again(cluster: KafkaCluster) -> Iterator[None]:
    """Whatever comes of it: afterwards all nodes run and nothing stands between them and their clients."""
    try:
        yield
    finally:
        for proxy in cluster.proxies:
            proxy.heal()
        for node in cluster.nodes:
            try:
                cluster.thaw(node)
            except RuntimeError:  # it does not run
                cluster.start(node)


def two_members(case: Case, **kafka: str) -> tuple[Member, Member]:
    """Two members under load, each with partitions of its own; ``kafka`` are settings of that section."""
    under_load(case)
    one, two = (case.member(name, changes={"kafka": kafka}).start() for name in ("one", "two"))
    case.wait(lambda: _halves(one, two), "partitions shared by both")
    case.wait_accepted(MORE)
    return one, two


def restart(case: Case, cluster: KafkaCluster) -> None:
    """The only broker is killed; all that was read is delivered and cannot be committed; then it is started again."""
    under_load(case)
    member = case.member().start()
    case.wait_accepted(MORE)
    cluster.kill()
    case.wait(lambda: member.metric("leads_outstanding") == 0, "all that was read to be delivered")
    cluster.start()
    case.healed()
    case.wait_accepted(MORE)
    case.recover()


def one_of_three(case: Case, cluster: KafkaCluster) -> None:
    """A broker that leads partitions and does not coordinate the group is killed, and started again when others lead
    them. The coordinator answers commits up to 5 s late until it is missed, and nothing else meanwhile (brokers serve a
    connection's requests one by one), so that a session of 6 s would end."""
    two_members(case, session_timeout=DEFAULT_SESSION)
    coordinator = cluster.coordinator(case.group)
    node = next(node for node in cluster.nodes if node != coordinator)
    cluster.kill(node)
    _wait_led_by_others(case, cluster, node)
    case.wait_accepted(MORE)
    cluster.start(node)
    case.healed()
    case.wait_accepted(MORE)
    case.recover()


def coordinator_moves(case: Case, cluster: KafkaCluster) -> None:
    """The group's coordinator is killed, and started again when another has taken commits."""
    two_members(case)
    node = cluster.coordinator(case.group)
    before = committed(case)
    cluster.kill(node)
    case.wait(lambda: cluster.coordinator(case.group) != node, "another coordinator")
    _wait_led_by_others(case, cluster, node)
    case.wait(lambda: committed(case) >= before + MORE, "commits at another coordinator")
    cluster.start(node)
    case.healed()
    case.wait_accepted(MORE)
    case.recover()


def frozen(case: Case, cluster: KafkaCluster, seconds: float, node: int = 1) -> None:
    """A broker stands still, for longer than the sessions of the members, and goes on."""
    two_members(case)
    cluster.freeze(node)
    thaw_at = time.monotonic() + seconds
    case.wait(lambda: time.monotonic() >= thaw_at, "the time to thaw")
    cluster.thaw(node)
    case.healed()
    case.wait_accepted(MORE)
    case.recover()


def little_metadata(case: Case) -> None:
    """Much is known above the committed offsets, and the brokers take little metadata: commits go on with less, and
    after a kill what did not fit is sent again."""
    member = committed_state.one_hub_away(case)
    case.feed.start(RATE)
    file = member.runs[-1].trace

    def taken() -> bool:
        """Every partition has a commit that was taken after one that was refused."""
        refused: set[int] = set()
        good: set[int] = set()
        for event in trace.read(file):
            if event["e"] == "refused":
                refused |= {p for _, p in event["p"]}
            elif event["e"] == "committed":
                good |= {p for _, p, *_ in event["p"]} & refused
        return len(good) == PARTITIONS

    case.wait(taken, "commits that were taken after refusals")
    case.wait_accepted(MORE)
    member.kill()
    case.api.heal()
    case.healed()
    member.start(ready=False)
    case.wait_accepted(MORE)
    case.recover()


def committed(case: Case) -> int:
    """The sum of the committed offsets; -1 while the brokers cannot be asked."""
    try:
        return sum(at.offset for at in case.observer.committed().values())
    except KafkaException:
        return -1


def _halves(one: Member, two: Member) -> bool:
    held = one.metric("kafka_partitions"), two.metric("kafka_partitions")
    return all(held) and sum(held) == PARTITIONS


def _wait_led_by_others(case: Case, cluster: KafkaCluster, node: int) -> None:
    led = [number for number in range(PARTITIONS) if cluster.leader(case.topic, number) == node]
    case.wait(lambda: all(cluster.leader(case.topic, each) != node for each in led), "other leaders")
