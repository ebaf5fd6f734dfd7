"""Broker properties that suit tests: small, quick, and with every limit that a test wants to lower already low."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from testbed.ports import LOOPBACK


@dataclass(frozen=True)
class NodePorts:
    """The loopback ports that one node listens on; `clients` only where it has a `ClientListener`."""

    broker: int
    controller: int
    clients: int | None = None

    @property
    def all(self) -> list[int]:
        """Those that there are."""
        return [port for port in (self.broker, self.controller, self.clients) if port is not None]


@dataclass(frozen=True)
class ClientListener:
    """A listener for the clients under test, beside the plain one for brokers, tests and tools."""

    port: int
    advertised_port: int
    security: Mapping[str, str] = field(default_factory=dict)  # its properties; none: unencrypted, open to anybody


def quick_properties(nodes: int) -> dict[str, str]:
    """Properties that every kind of test broker gets, by jars or in a container; `nodes` brokers in the cluster."""
    replicas = str(nodes)
    in_sync = str(min(nodes, 2))
    return {
        "auto.create.topics.enable": "false",  # a misspelt topic is an error here, not a new topic
        "default.replication.factor": replicas,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": replicas,
        "offsets.topic.num.partitions": "5",
        "transaction.state.log.replication.factor": replicas,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": "5",
        "share.coordinator.state.topic.replication.factor": replicas,
        "share.coordinator.state.topic.min.isr": in_sync,
        "share.coordinator.state.topic.num.partitions": "5",
        "group.coordinator.rebalance.protocols": "classic,consumer",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # The floors only: what a KIP-848 group uses is the broker's own choice (45 s and 5 s unless set).
        "group.consumer.min.session.timeout.ms": "1000",
        "group.consumer.min.heartbeat.interval.ms": "100",
        # How soon the others notice that a broker was killed, and how long it must wait before it may register again
        # (a single node too: it remembers itself). 9 s by default, which a test would wait each time.
        "broker.heartbeat.interval.ms": "500",
        "broker.session.timeout.ms": "3000" if nodes == 1 else "6000",
        "log.segment.delete.delay.ms": "1000",
    }


def node_properties(
    node: int,
    ports: Sequence[NodePorts],
    data: Path,
    *,
    clients: ClientListener | None = None,
    extra: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The properties of node number `node` (from 1) of a KRaft cluster that combines broker and controller.

    `ports[i]` belong to node i + 1; `data` is the folder of this node's log; `extra` wins over everything.
    """
    own = ports[node - 1]
    voters = ",".join(f"{i}@{LOOPBACK}:{each.controller}" for i, each in enumerate(ports, 1))
    listening = {"PLAINTEXT": own.broker, "CONTROLLER": own.controller}
    advertised = {"PLAINTEXT": own.broker}
    protocols = {"PLAINTEXT": "PLAINTEXT", "CONTROLLER": "PLAINTEXT"}
    if clients is not None:
        listening["CLIENTS"] = clients.port
        advertised["CLIENTS"] = clients.advertised_port
        protocols["CLIENTS"] = "SASL_SSL" if clients.security else "PLAINTEXT"
    return {
        "process.roles": "broker,controller",
        "node.id": str(node),
        "controller.quorum.voters": voters,
        "listeners": ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in listening.items()),
        "advertised.listeners": ",".join(f"{name}://{LOOPBACK}:{port}" for name, port in advertised.items()),
        "listener.security.protocol.map": ",".join(f"{name}:{protocol}" for name, protocol in protocols.items()),
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "log.dirs": str(data),
        **quick_properties(len(ports)),
        **{f"listener.name.clients.{name}": value for name, value in (clients.security if clients else {}).items()},
        **(extra or {}),
    }


def as_file(properties: Mapping[str, str]) -> str:
    """The text of a Java properties file."""
    return "".join(f"{key}={value}\n" for key, value in properties.items())
