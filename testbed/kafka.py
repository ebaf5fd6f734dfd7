"""Real Apache Kafka as child processes: one node or three, killed, frozen and started again at will."""

import shutil
import tempfile
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from testbed import console, groups, topics
from testbed.entrance import Entrance
from testbed.layout import choose_ports, format_nodes, write_node
from testbed.opened import Opened
from testbed.ports import LOOPBACK, accepts, is_free
from testbed.process import Process, ProcessDiedError
from testbed.proxy import TcpProxy
from testbed.security import Security
from testbed.settings import NodePorts, node_properties
from testbed.waiting import until

_START_LIMIT = 300.0  # seconds; four seconds when the machine is idle
_STOP_LIMIT = 60.0
_PORT_ATTEMPTS = 3
_PORT_TAKEN = "Address already in use"
_STARTED = "Kafka Server started"


class KafkaCluster(Opened):
    """Apache Kafka in KRaft mode, every node broker and controller, on 127.0.0.1. A context manager.

    Nodes are numbered from 1. Methods block until what they ask for is so, and are not for several threads at once.
    Nodes die with this process, however it ends.
    """

    def __init__(
        self,
        nodes: int = 1,
        *,
        port: int | None = None,
        data_dir: Path | None = None,
        properties: Mapping[str, str] | None = None,
        heap: str = "512m",
        proxied: bool = False,
        secured: bool = False,
    ) -> None:
        """Nothing is started yet.

        `port` is that of node 1 (the next nodes get the following ones); free ones are chosen when it is None.
        `data_dir` keeps the data from one cluster to the next; None means a temporary folder that `close` removes.
        `properties` are broker properties that win over `testbed.settings`. `heap` is each node's, as for -Xmx.
        Clients of `client_properties` (those of `bootstrap_servers` do not) go through a proxy before each node if
        `proxied`, need TLS and a password if `secured` (by the package `trustme`).
        """
        self._count = nodes
        self._port = port
        self._given_data = data_dir
        self._properties = dict(properties or {})
        self._heap = heap
        self._entrance = Entrance(proxied=proxied, secured=secured)
        self._root: Path | None = None
        self._ports: list[NodePorts] = []
        self._nodes: list[Process] = []
        self._frozen: set[int] = set()

    def open(self) -> None:
        """Fetch Kafka if need be, format and start all nodes, wait until they serve.

        Raises FetchError, ProcessDiedError or TimeoutError (with the end of the broker's log). Nothing is left then
        once entering, or `close`, is done.
        """
        for attempt in range(1, _PORT_ATTEMPTS + 1):
            self._prepare()
            try:
                for process in self._nodes:
                    process.start()
                for node in self.nodes:
                    self._wait_serving(node)
            except ProcessDiedError as error:
                if self._port is not None or attempt == _PORT_ATTEMPTS or _PORT_TAKEN not in str(error):
                    raise
                self.close()  # another process was faster: once more with other ports
            else:
                return

    @property
    def nodes(self) -> range:
        """The numbers of the nodes, running or not."""
        return range(1, self._count + 1)

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of all nodes, running or not, as clients want them."""
        return ",".join(f"{LOOPBACK}:{ports.broker}" for ports in self._ports)

    @property
    def client_properties(self) -> dict[str, str]:
        """Properties of librdkafka for a client under test: where to start, and the password if there is one."""
        return self._entrance.client_properties(self._ports)

    @property
    def security(self) -> Security:
        """`ca_file`, `username` and `password` for clients under test. Raises RuntimeError unless `secured`."""
        return self._entrance.security

    @property
    def proxies(self) -> list[TcpProxy]:
        """The proxy before each node, node 1's first; empty unless `proxied`. All of them cut: a full partition."""
        return list(self._entrance.proxies)

    @property
    def proxied_servers(self) -> str:
        """All proxies; who starts there is led to proxies only. Raises RuntimeError unless `proxied`."""
        if not self.proxies:
            raise RuntimeError("the cluster has no proxies")
        return self.client_properties["bootstrap.servers"]

    @property
    def logs(self) -> dict[int, Path]:
        """The log file of each node."""
        return {node: self._process(node).log for node in self.nodes}

    def pid(self, node: int = 1) -> int:
        """The process id of a running node. Raises RuntimeError when it does not run."""
        return self._process(node).pid

    def stop(self, node: int = 1) -> None:
        """Shut a node down in order (SIGTERM). Does nothing when it does not run."""
        self._frozen.discard(node)
        self._process(node).stop(limit=_STOP_LIMIT)

    def kill(self, node: int = 1) -> None:
        """Kill a node (SIGKILL). Does nothing when it does not run."""
        self._frozen.discard(node)
        self._process(node).kill()

    def freeze(self, node: int = 1) -> None:
        """Stop a node in its tracks (SIGSTOP): connections stay open and nothing answers.

        Raises RuntimeError when it does not run.
        """
        self._process(node).freeze()
        self._frozen.add(node)

    def thaw(self, node: int = 1) -> None:
        """Let a frozen node go on (SIGCONT); does not wait until the cluster has it back.

        Raises RuntimeError when it does not run.
        """
        self._process(node).thaw()
        self._frozen.discard(node)

    def start(self, node: int = 1) -> None:
        """Start a stopped or killed node with its old ports and data, and wait until it serves.

        Raises RuntimeError when it runs already, ProcessDiedError or TimeoutError when it does not come up.
        """
        process = self._process(node)
        ports = self._ports[node - 1].all
        until(lambda: all(map(is_free, ports)), limit=_STOP_LIMIT, what=f"ports of {process.name} free")
        process.start()
        self._wait_serving(node)

    def create_topic(self, name: str, partitions: int = 6, config: Mapping[str, str] | None = None) -> None:
        """Create a topic replicated to all nodes; wait until each running node knows a leader for each partition.

        Raises KafkaException when Kafka refuses, TimeoutError.
        """
        topics.create_topic(self._reachable(), name, partitions, config)

    def leader(self, topic: str, partition: int = 0) -> int:
        """The node that leads a partition, see `testbed.topics.leader`."""
        return topics.leader(self._reachable(), topic, partition)

    def coordinator(self, group: str) -> int:
        """The node that coordinates a group, see `testbed.groups.coordinator`."""
        return groups.coordinator(self._reachable(), group)

    def console_producer(
        self, topic: str, lines: Iterable[str], *, reader_properties: Mapping[str, str] | None = None
    ) -> None:
        """Write text lines with Kafka's own console producer, see `testbed.console.produce`."""
        console.produce(self._reachable(), topic, lines, reader_properties=reader_properties)

    def close(self) -> None:
        """End all nodes, then the proxies; remove the data.

        If the data's folder was given it stays, and the nodes are shut down in order.
        """
        for process in self._nodes:
            if self._given_data is None:
                process.kill()
        with ThreadPoolExecutor(self._count) as pool:  # together: a quorum of three cannot be left one by one
            list(pool.map(lambda process: process.stop(limit=_STOP_LIMIT), self._nodes))
        self._entrance.close()
        if self._given_data is None and self._root is not None:
            shutil.rmtree(self._root, ignore_errors=True)
        self._root = None

    def _prepare(self) -> None:
        self._root = self._given_data or Path(tempfile.mkdtemp(prefix="testbed-kafka-"))
        self._root.mkdir(parents=True, exist_ok=True)
        self._entrance.open(self._count, self._root)
        self._ports = choose_ports(self._count, self._port, clients=self._entrance.wanted)
        folders = [self._root / f"node-{node}" for node in self.nodes]
        self._nodes = [self._configured(node, folder) for node, folder in zip(self.nodes, folders, strict=True)]
        format_nodes(self._root, folders, options=self._entrance.format_options())

    def _configured(self, node: int, folder: Path) -> Process:
        clients = self._entrance.listener(node, self._ports[node - 1])
        properties = node_properties(node, self._ports, folder / "data", clients=clients, extra=self._properties)
        return write_node(f"Kafka node {node}", folder, properties, heap=self._heap)

    def _wait_serving(self, node: int) -> None:
        process = self._process(node)
        port = self._ports[node - 1].broker
        process.wait_ready(lambda: _STARTED in process.log_text() and accepts(port), limit=_START_LIMIT)
        admin = topics.admin_client(f"{LOOPBACK}:{port}")

        def serves() -> bool:
            metadata = topics.serving(admin)
            if metadata is None or node not in metadata.brokers:
                return False
            # With one node its partitions can only be led by itself; with more, a leader may be down by intention.
            return self._count > 1 or topics.all_led(metadata)

        process.wait_ready(serves, limit=_START_LIMIT)

    def _process(self, node: int) -> Process:
        if node not in self.nodes or not self._nodes:
            raise ValueError(f"no node {node}: this cluster has nodes 1 to {self._count} and must have been entered")
        return self._nodes[node - 1]

    def _reachable(self) -> str:
        """The addresses of the nodes that can answer."""
        answering = [n for n in self.nodes if self._process(n).running and n not in self._frozen]
        return ",".join(f"{LOOPBACK}:{self._ports[node - 1].broker}" for node in answering)
