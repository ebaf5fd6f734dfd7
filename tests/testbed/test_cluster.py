"""Clusters from jars: what a fault test relies on."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._config import ConfigResource

from testbed import groups
from testbed.groups import Committed
from testbed.kafka import KafkaCluster
from testbed.ports import LOOPBACK, accepts
from testbed.process import ProcessDiedError
from testbed.topics import admin_client
from testbed.waiting import until
from tests.conftest import OwnKafka
from tests.testbed.clients import LIMIT, consume, produce, values


def test_a_killed_broker_keeps_its_data(own_kafka: OwnKafka) -> None:
    """After SIGKILL a broker comes back at the same address with everything that was acknowledged."""
    cluster = own_kafka()
    address = cluster.bootstrap_servers
    cluster.create_topic("leads", 3)
    produce(address, "leads", ["a", "b"])
    cluster.kill()
    with pytest.raises(RuntimeError, match="does not run"):
        cluster.pid()
    cluster.start()
    produce(address, "leads", ["c"])
    assert cluster.bootstrap_servers == address
    assert values(consume(address, "leads", 3)) == ["a", "b", "c"]


def test_a_stopped_broker_shuts_down_in_order(own_kafka: OwnKafka) -> None:
    """SIGTERM lets the broker finish, and the data is there after the next start."""
    cluster = own_kafka()
    cluster.create_topic("leads", 1)
    produce(cluster.bootstrap_servers, "leads", ["a"])
    cluster.stop()
    assert "shut down completed" in cluster.logs[1].read_text(encoding="utf-8")
    cluster.start()
    assert values(consume(cluster.bootstrap_servers, "leads", 1)) == ["a"]


def test_a_frozen_broker_is_silent_until_thawed(own_kafka: OwnKafka) -> None:
    """A frozen broker takes connections and does not answer; thawed it goes on."""
    cluster = own_kafka()
    admin = AdminClient({"bootstrap.servers": cluster.bootstrap_servers, "log_level": 0})
    cluster.freeze()
    with pytest.raises(KafkaException):
        admin.list_topics(timeout=2)
    cluster.thaw()
    assert set(admin.list_topics(timeout=LIMIT).brokers) == {1}


def test_three_nodes_go_on_without_one(own_kafka: OwnKafka) -> None:
    """Topics have three replicas; with one node killed, records are written and read, and it comes back."""
    cluster = own_kafka(3)
    cluster.create_topic("leads", 6)
    assert _replicas(cluster.bootstrap_servers, "leads") == {3}
    produce(cluster.bootstrap_servers, "leads", ["a"])
    cluster.kill(2)
    produce(cluster.bootstrap_servers, "leads", ["b"])
    assert values(consume(cluster.bootstrap_servers, "leads", 2)) == ["a", "b"]
    cluster.start(2)
    cluster.create_topic("more", 3)
    assert cluster.pid(2)


def test_killed_and_frozen_nodes_hand_over(own_kafka: OwnKafka) -> None:
    """A killed coordinator's group and a frozen leader's partition go to other nodes, with all that they had."""
    cluster = own_kafka(3)
    servers = cluster.bootstrap_servers
    cluster.create_topic("leads", 1)
    produce(servers, "leads", ["a"])
    groups.commit(servers, "group", "leads", {0: Committed(1, "noted")})
    assert _replicas(servers, "__consumer_offsets") == {3}
    assert _setting(servers, "__consumer_offsets", "min.insync.replicas") == "2"
    for group in ("group", "Grupo de Añó", *map(str, range(10))):
        assert cluster.coordinator(group) == _described_coordinator(servers, group)

    killed = cluster.coordinator("group")
    cluster.kill(killed)
    until(lambda: cluster.coordinator("group") != killed, limit=LIMIT, what="another coordinator")
    assert groups.committed(servers, "group", "leads") == {0: Committed(1, "noted")}
    groups.commit(servers, "group", "leads", {0: Committed(0)})
    cluster.start(killed)

    frozen = cluster.leader("leads")
    cluster.freeze(frozen)
    until(lambda: cluster.leader("leads") != frozen, limit=LIMIT, what="another leader")
    assert values(consume(servers, "leads", 1, group="group")) == ["a"]
    cluster.thaw(frozen)


def test_broker_properties_can_be_set(own_kafka: OwnKafka) -> None:
    """A property given wins over the test bed's own."""
    cluster = own_kafka(properties={"auto.create.topics.enable": "true", "num.partitions": "2"})
    produce(cluster.bootstrap_servers, "unheard-of", ["a"])
    assert values(consume(cluster.bootstrap_servers, "unheard-of", 1)) == ["a"]


def test_a_given_folder_keeps_the_data(tmp_path: Path) -> None:
    """The next cluster on the same folder has the records of the last."""
    with KafkaCluster(data_dir=tmp_path / "kafka") as cluster:
        cluster.create_topic("leads", 1)
        produce(cluster.bootstrap_servers, "leads", ["a"])
    with KafkaCluster(data_dir=tmp_path / "kafka") as cluster:
        assert values(consume(cluster.bootstrap_servers, "leads", 1)) == ["a"]


def test_a_failed_start_shows_the_log() -> None:
    """A broker that cannot start says why, in its own words."""
    with socket.socket() as holder:
        holder.bind((LOOPBACK, 0))
        holder.listen()
        with (
            pytest.raises(ProcessDiedError, match="Address already in use"),
            KafkaCluster(port=holder.getsockname()[1]),
        ):
            pass


def test_up_serves_until_it_is_told_to_end() -> None:
    """The command prints the address once Kafka serves there, and ends cleanly on SIGTERM."""
    with _up() as command:
        address = _address(command)
        assert accepts(int(address.rpartition(":")[2]))
        command.terminate()
        assert command.wait(LIMIT) == 0
    assert not accepts(int(address.rpartition(":")[2]))


if sys.platform == "linux":  # elsewhere the kernel has no such promise to test

    def test_brokers_die_with_a_killed_process() -> None:
        """No broker is left behind even by SIGKILL."""
        with _up() as command:
            port = int(_address(command).rpartition(":")[2])
            os.kill(command.pid, signal.SIGKILL)
            command.wait(LIMIT)
        until(lambda: not accepts(port), limit=LIMIT, what="the broker gone")


def _replicas(servers: str, topic: str) -> set[int]:
    partitions = admin_client(servers).list_topics(topic, timeout=LIMIT).topics[topic].partitions
    return {len(partition.replicas) for partition in partitions.values()}


def _setting(servers: str, topic: str, name: str) -> str:
    admin = admin_client(servers)
    (answer,) = admin.describe_configs([ConfigResource(ConfigResource.Type.TOPIC, topic)]).values()
    value: str = answer.result()[name].value
    return value


def _described_coordinator(servers: str, group: str) -> int:
    admin = admin_client(servers)
    node: int = admin.describe_consumer_groups([group])[group].result().coordinator.id
    return node


def _up() -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", "testbed", "up"], stdout=subprocess.PIPE, text=True)


def _address(command: subprocess.Popen[str]) -> str:
    assert command.stdout is not None
    name, _, address = command.stdout.readline().strip().partition("=")
    assert name == "KAFKA_BOOTSTRAP_SERVERS"
    return address
