"""What happens between brokers and members in the cases: each a function of a case and of a cluster behind proxies."""

from __future__ import annotations

from enum import Enum

from confluent_kafka import KafkaException

from testbed import groups
from testbed.groups import Committed
from testbed.kafka import KafkaCluster
from tests.chaos import trace
from tests.chaos.actors import Member
from tests.chaos.bed import Case
from tests.chaos.broker_faults import MORE, PARTITIONS, committed
from tests.chaos.scenarios import RATE, under_load

HELD = 1000
"""Leads that a member has read and not delivered when it is cut off."""


class Partition(Enum):
    """What becomes of the connections."""

    CUT = "cut"
    """They are reset, and new ones refused."""
    FROZEN = "frozen"
    """Nothing comes through, and nothing ends; what was sent meanwhile arrives when it is over."""

    def begin(self, cluster: KafkaCluster) -> None:
        """Between all nodes and whoever comes by the proxies."""
        for proxy in cluster.proxies:
            if self is Partition.CUT:
                proxy.cut()
            else:
                proxy.freeze()


def end(cluster: KafkaCluster) -> None:
    """Heal all proxies."""
    for proxy in cluster.proxies:
        proxy.heal()


def everybody_cut_off(case: Case, cluster: KafkaCluster, how: Partition) -> None:
    """Both members are cut off under load until the sessions of both have ended."""
    under_load(case)
    servers = cluster.proxied_servers
    one, two = case.member("one", bootstrap=servers).start(), case.member("two", bootstrap=servers).start()
    case.wait(lambda: one.delivered() and two.delivered(), "leads delivered by both")
    case.wait_accepted(MORE)
    how.begin(cluster)
    case.wait(lambda: not groups.has_members(cluster.bootstrap_servers, case.group), "both sessions to end")
    end(cluster)
    case.healed()
    case.wait_accepted(MORE)
    case.recover()


def one_cut_off(case: Case, cluster: KafkaCluster, how: Partition) -> None:
    """One of two members is cut off, with many leads read and some under way, until the other has all partitions and
    has delivered from them."""
    one = case.member("one", bootstrap=cluster.proxied_servers).start()
    two = case.member("two").start()
    case.feed.start(RATE)
    case.wait(lambda: one.delivered() and two.delivered(), "leads delivered by both")
    case.api.fault(kind="latency", distribution="fixed", ms=1000)
    case.feed.backlog(3000)
    case.wait(lambda: one.metric("leads_outstanding") >= HELD, "many leads read by the first member")
    how.begin(cluster)
    case.wait(lambda: two.metric("kafka_partitions") == PARTITIONS, "the second member to take over")
    case.api.heal()
    case.wait_accepted(1000)
    end(cluster)
    case.healed()
    case.wait(lambda: one.events("partitions lost: another member may own them"), "the first member to notice")
    case.wait(lambda: 0 < one.metric("kafka_partitions") < PARTITIONS, "the first member to have partitions again")
    case.wait_accepted(MORE)
    case.recover()


def one_cut_off_from_kafka(case: Case, cluster: KafkaCluster) -> None:
    """One of two members, with many leads read and some under way, is parted from Kafka and not from the API; the other
    takes over; then the network heals, and both share the partitions again."""
    one, two = case.member("one").start(), case.member("two", bootstrap=cluster.proxied_servers).start()
    case.feed.start(RATE)
    case.wait(lambda: one.delivered() and two.delivered(), "leads delivered by both")
    case.api.fault(kind="latency", distribution="fixed", ms=3000)
    case.feed.backlog(3000)
    case.wait(lambda: two.metric("leads_outstanding") >= HELD, "many leads read by the second member")
    Partition.CUT.begin(cluster)
    case.wait(lambda: one.metric("kafka_partitions") == PARTITIONS, "the first member to take over")
    before = one.delivered()
    case.api.heal()
    case.wait(lambda: one.delivered() >= before + 2500, "the first member to deliver the leads of all partitions")
    end(cluster)
    case.healed()
    case.wait(
        lambda: one.metric("kafka_partitions") == two.metric("kafka_partitions") == PARTITIONS // 2,
        "partitions shared again",
    )
    case.recover()


def acknowledgement_lost(case: Case, cluster: KafkaCluster) -> Member:
    """A commit is stored, its answer is swallowed, and the member has nothing left to send. Heal the proxies, or kill
    the member: it is what this gives back."""
    under_load(case)
    member = case.member(bootstrap=cluster.proxied_servers).start()
    case.wait_accepted(MORE)
    case.wait(lambda: committed(case) > 0, "commits")
    case.api.fault(kind="latency", distribution="fixed", ms=500)
    case.wait(lambda: member.metric("api_requests_in_flight") > 0, "requests whose commits are still to come")
    for proxy in cluster.proxies:
        proxy.drop_answers()
    case.wait(lambda: _stored_unknown(case, member), "a commit that is stored, and of which the member knows nothing")
    return member


def reconnect(case: Case, cluster: KafkaCluster) -> None:
    """The acknowledgement of a commit is lost with its connection."""
    acknowledgement_lost(case, cluster)
    end(cluster)
    case.healed()
    case.wait_accepted(MORE)
    case.recover()


def kill(case: Case, cluster: KafkaCluster) -> None:
    """The process is killed while the acknowledgement of a commit is missing, and started again."""
    member = acknowledgement_lost(case, cluster)
    member.kill()
    end(cluster)
    case.healed()
    member.start()
    case.wait_accepted(MORE)
    case.recover()


def _stored_unknown(case: Case, member: Member) -> bool:
    """Whether the broker has another commit than the last that was acknowledged: there is one writer only."""
    known: dict[int, Committed] = {}
    for event in trace.read(member.runs[-1].trace):
        if event["e"] == "committed":
            known.update({partition: Committed(offset, text) for _, partition, offset, text in event["p"]})
    try:
        stored = case.observer.committed()
    except KafkaException:
        return False
    return any(known.get(partition) != at for partition, at in stored.items())
