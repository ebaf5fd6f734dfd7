"""The way into a cluster for the clients under test: through proxies, with a password, or both."""

from collections.abc import Sequence
from pathlib import Path

from testbed.ports import LOOPBACK
from testbed.proxy import TcpProxy
from testbed.security import Security
from testbed.settings import ClientListener, NodePorts


class Entrance:
    """The listeners for clients of all nodes, and what stands before them; none when neither option is asked for."""

    def __init__(self, *, proxied: bool, secured: bool) -> None:
        """Nothing is made yet."""
        self.wanted = proxied or secured
        self.proxies: list[TcpProxy] = []
        self._proxied = proxied
        self._secured = secured
        self._security: Security | None = None

    @property
    def security(self) -> Security:
        """Raises RuntimeError when everybody may come in."""
        if self._security is None:
            raise RuntimeError("the cluster is not secured")
        return self._security

    def open(self, nodes: int, root: Path) -> None:
        """Start the proxies, make (or find in `root`) user and certificates; blocks. Brokers need both to start."""
        if self._secured:
            self._security = Security.kept(root / "security")
        if self._proxied:
            for _ in range(nodes):
                proxy = TcpProxy()
                self.proxies.append(proxy)  # before it is opened: `close` ends it too when that fails
                proxy.open()

    def listener(self, node: int, ports: NodePorts) -> ClientListener | None:
        """The listener of node `node` (from 1), its proxy aimed at it; None when clients come the plain way."""
        if ports.clients is None:
            return None
        security = self._security.broker_properties() if self._security else {}
        if not self.proxies:
            return ClientListener(ports.clients, ports.clients, security)
        proxy = self.proxies[node - 1]
        proxy.target = (LOOPBACK, ports.clients)
        return ClientListener(ports.clients, proxy.port, security)

    def format_options(self) -> list[str]:
        """Options of Kafka's storage tool."""
        return self._security.format_options() if self._security else []

    def client_properties(self, ports: Sequence[NodePorts]) -> dict[str, str]:
        """Properties of librdkafka with which a client gets in this way."""
        direct = [each.broker if each.clients is None else each.clients for each in ports]
        doors = [proxy.port for proxy in self.proxies] or direct
        servers = ",".join(f"{LOOPBACK}:{port}" for port in doors)
        return {"bootstrap.servers": servers, **(self._security.client_properties() if self._security else {})}

    def close(self) -> None:
        """End the proxies. Twice is once."""
        while self.proxies:
            self.proxies.pop().close()
