"""Kills, stops, rebalances and broker restarts under load. The sandbox's ledger says what really arrived."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import Consumer, TopicPartition

from connector.kafka.clients import Clients
from connector.kafka.journal import decode
from connector.kafka.settings import KafkaSettings
from connector.kafka.topics import TopicMarks
from testbed.waiting import until
from tests.conftest import OwnKafka
from tests.integration.bed import LIMIT, Connector, as_json, lead, produce
from tests.integration.conftest import Bed

MANY = 6000
SLOW = {"kind": "latency", "distribution": "fixed", "ms": 40}


def load(bed: Bed, count: int = MANY) -> dict[str, int]:
    """Leads on the topic and an API slow enough that the fault meets them; returns what the ledger should say."""
    bed.sandbox.fault(**SLOW)
    produce(bed.bootstrap, bed.topic, (as_json(lead(n)) for n in range(count)))
    return {f"lead-{n}": 1 for n in range(count)}


class Feed:
    """Produces leads without end, some hundred at a time, until it is closed."""

    def __init__(self, bed: Bed) -> None:
        self.produced = 0
        self._bed = bed
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.05):
            numbers = range(self.produced, self.produced + 200)
            self.produced += produce(self._bed.bootstrap, self._bed.topic, (as_json(lead(n)) for n in numbers))


def some_delivered(bed: Bed, count: int) -> None:
    """Wait until at least so many leads have arrived."""
    until(lambda: bed.sandbox.stats()["accepted"] >= count, limit=LIMIT, what=f"{count} leads")


def resolved_before(connector: Connector) -> set[str]:
    """Ids of the leads that the committed offsets and their metadata call resolved, read back from the topic."""
    committed = connector.committed()
    bootstrap = connector.config["kafka"]["bootstrap_servers"]
    clients = Clients(KafkaSettings(bootstrap, "any", ()), lambda _message: None)
    marks = TopicMarks(clients.admin, lambda message: pytest.fail(message))
    known: dict[tuple[str, int], set[int]] = {}
    for (topic, partition), (offset, metadata) in committed.items():
        ranges = decode(offset, metadata, marks.mark(topic)).resolved
        known[topic, partition] = {*range(offset), *(o for first, end in ranges for o in range(first, end))}
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "peek", "enable.partition.eof": True})
    consumer.assign([TopicPartition(topic, partition, 0) for topic, partition in known])
    ids: set[str] = set()
    ends = 0
    while ends < len(known):
        for message in consumer.consume(1000, 1.0):
            if message.error():
                ends += 1
            elif message.offset() in known[str(message.topic()), int(message.partition() or 0)]:
                ids.add((message.value() or b"").split(b'"eventId": "')[1].split(b'"')[0].decode())
    consumer.close()
    return ids


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_sigterm_under_load_loses_and_repeats_nothing(bed: Bed, protocol: str) -> None:
    """Stopped in the middle and started again: every lead exactly once, exit code 0."""
    expected = load(bed)
    connector = bed.connector(changes={"kafka": {"group_protocol": protocol}}).start()
    some_delivered(bed, 500)
    assert connector.stop() == 0
    between = bed.sandbox.stats()["accepted"]
    assert between < MANY, "the stop came too late to show anything"
    assert connector.committed(), "what was delivered is committed"
    connector.start()
    connector.wait_done()
    assert bed.sandbox.counts() == expected
    assert connector.stop() == 0


@pytest.mark.parametrize(
    ("protocol", "instance"), [("classic", None), ("classic", "pod-0"), ("consumer", None), ("consumer", "pod-0")]
)
def test_kill_9_under_load_repeats_only_what_was_in_flight(bed: Bed, protocol: str, instance: str | None) -> None:
    """Nothing is lost, and nothing that the commit called resolved is sent again.

    With the protocol consumer the broker's session time-out (45 s) passes first; a static member is refused until then
    and must ask again without ending.
    """
    expected = load(bed)
    changes = {"kafka": {"group_protocol": protocol, "group_instance_id": instance}}
    connector = bed.connector(changes=changes).start()
    some_delivered(bed, 1500)
    connector.kill()
    resolved = resolved_before(connector)
    assert resolved, "the kill came before the first commit"
    connector.start(ready=False)
    connector.wait_done()
    counts = bed.sandbox.counts()
    assert counts.keys() == expected.keys()
    repeated = {name for name, times in counts.items() if times > 1}
    assert not repeated & resolved
    assert max(counts.values()) <= 2
    in_flight = 8 * 50
    assert len(repeated) <= 2 * in_flight, "requests in flight, and those answered since the last commit"
    assert connector.stop() == 0


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_a_rebalance_under_load_repeats_nothing(bed: Bed, protocol: str) -> None:
    """A second member joins and leaves again while leads keep coming: both deliver, every lead once."""
    bed.sandbox.fault(**SLOW)
    changes = {"kafka": {"group_protocol": protocol}}
    first = bed.connector(name="first", group="pair-" + bed.topic, changes=changes).start()
    with Feed(bed) as feed:
        some_delivered(bed, 500)
        second = bed.connector(name="second", group=first.group, changes=changes).start()
        until(lambda: second.delivered() > 500, limit=LIMIT, what="leads delivered by the second member")
        assert second.stop() == 0
        alone = first.delivered()
        until(lambda: first.delivered() > alone + 500, limit=LIMIT, what="leads delivered by the first alone again")
    first.wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(feed.produced)}
    assert first.events("partitions revoked")
    assert first.stop() == 0


def test_members_that_stop_while_the_group_rebalances_repeat_nothing(bed: Bed) -> None:
    """Two of three members are told to stop together, again and again, as a roll-out does: each one's last commit meets
    the rebalance that the other began, and must come through all the same."""
    bed.sandbox.fault(**SLOW)
    group = "roll-" + bed.topic
    members = [bed.connector(name=f"member-{n}", group=group).start() for n in range(3)]
    with Feed(bed) as feed, ThreadPoolExecutor(2) as pool:
        for turn in range(8):
            some_delivered(bed, 500 * (turn + 1))
            stopping = [members[turn % 3], members[(turn + 1) % 3]]
            assert list(pool.map(lambda member: member.stop(), stopping)) == [0, 0]
            for member in stopping:
                member.start()
    members[0].wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(feed.produced)}
    for member in members:
        assert member.stop() == 0


def test_a_broker_restart_under_load_loses_nothing(bed: Bed, own_kafka: OwnKafka) -> None:
    """The only broker is killed and comes back: every lead arrives; commits that were lost cost no duplicate."""
    cluster = own_kafka()
    cluster.create_topic(bed.topic)
    cluster.create_topic(bed.dead, 1)
    bed.sandbox.fault(**SLOW)
    produce(cluster.bootstrap_servers, bed.topic, (as_json(lead(n)) for n in range(MANY)))
    connector = bed.connector(bootstrap=cluster.bootstrap_servers).start()
    some_delivered(bed, 500)
    cluster.kill()
    until(
        lambda: connector.metric("kafka_commit_failures_total") + len(connector.events("Kafka: trying on")) > 0,
        limit=LIMIT,
        what="the connector to notice",
    )
    cluster.start()
    connector.wait_done()
    counts = bed.sandbox.counts()
    assert counts.keys() == {f"lead-{n}" for n in range(MANY)}
    assert connector.get("livez").status_code == 200
    assert connector.stop() == 0


def test_a_broker_that_is_away_for_longer_than_the_session_costs_no_duplicate(bed: Bed, own_kafka: OwnKafka) -> None:
    """The partitions are lost and come back, and the commits of what was delivered meanwhile never arrived; but this
    process knows what it delivered."""
    cluster = own_kafka()
    cluster.create_topic(bed.topic)
    cluster.create_topic(bed.dead, 1)
    produce(cluster.bootstrap_servers, bed.topic, (as_json(lead(n)) for n in range(1500)), partitions=6)
    bed.sandbox.fault(kind="latency", distribution="fixed", ms=700)
    connector = bed.connector(bootstrap=cluster.bootstrap_servers, changes={"delivery": {"max_in_flight": 2}}).start()
    until(lambda: len(connector.committed()) == 6, limit=LIMIT, what="a commit for each partition")
    until(lambda: bed.sandbox.stats()["accepted"], limit=LIMIT, what="leads delivered")
    cluster.kill()
    before = bed.sandbox.stats()["accepted"]
    lost = "partitions lost: another member may own them"
    until(lambda: connector.events(lost), limit=LIMIT, what="the session to end")
    assert bed.sandbox.stats()["accepted"] > before, "leads were delivered whose commits could not arrive"
    until(lambda: connector.metric("api_requests_in_flight") == 0, limit=LIMIT, what="the last answers")
    cluster.start()
    bed.sandbox.heal()
    connector.wait_done()
    assert bed.sandbox.counts() == {f"lead-{n}": 1 for n in range(1500)}
    assert connector.stop() == 0
