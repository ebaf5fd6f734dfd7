"""The ports, folders and files of a cluster's nodes, before any of them runs. All functions block."""

import base64
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from testbed.jars import kafka_classpath
from testbed.java import jvm
from testbed.ports import free_ports
from testbed.process import Process, ProcessDiedError
from testbed.settings import NodePorts, as_file

_FORMAT_LIMIT = 300.0  # seconds; two when the machine is idle


def choose_ports(nodes: int, first: int | None, *, clients: bool) -> list[NodePorts]:
    """The ports of each node: the brokers' from `first` on, if given, all others free at this moment.

    `clients` adds one for a listener for clients.
    """
    brokers = [first + i for i in range(nodes)] if first is not None else free_ports(nodes)
    others = iter([port for port in free_ports(3 * nodes) if port not in brokers])
    return [NodePorts(broker, next(others), next(others) if clients else None) for broker in brokers]


def write_node(name: str, folder: Path, properties: Mapping[str, str], *, heap: str) -> Process:
    """Write a node's properties into its folder; return the broker as a program that is not started."""
    folder.mkdir(exist_ok=True)
    file = folder / "server.properties"
    file.write_text(as_file(properties), encoding="utf-8")
    command = [*jvm(kafka_classpath(), heap=heap), "kafka.Kafka", str(file)]
    return Process(name, command, folder / "server.log")


def format_nodes(root: Path, folders: Sequence[Path], *, options: Sequence[str] = ()) -> None:
    """Format the nodes that are not yet; all share one cluster id, kept in `root`.

    `options` are further ones of Kafka's storage tool. Raises ProcessDiedError when it fails.
    """
    file = root / "cluster.id"
    if not file.exists():
        file.write_text(base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("="), encoding="utf-8")
    cluster = file.read_text(encoding="utf-8")
    tools = []
    for folder in folders:
        if (folder / "data" / "meta.properties").exists():
            continue
        arguments = ["format", f"--cluster-id={cluster}", "--config", str(folder / "server.properties"), *options]
        command = [*jvm(kafka_classpath(), heap="128m", level="warn"), "kafka.tools.StorageTool", *arguments]
        tools.append(Process(f"StorageTool for {folder.name}", command, folder / "format.log"))
    for tool in tools:
        tool.start()
    for tool in tools:
        if tool.wait(limit=_FORMAT_LIMIT) != 0:
            raise ProcessDiedError(f"{tool.name} failed\n{tool.log_tail()}")
