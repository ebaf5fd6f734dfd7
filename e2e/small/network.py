"""The network namespace that the small cluster lives in, and the names of its Services."""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from e2e.small.daemons import Daemons

NAMESPACE = "lead-connector-e2e"
_FILE = Path("/run/netns") / NAMESPACE
# Only ever seen within the namespace: nothing leads out of it.
SERVICES = "10.96.0.0/16"
API_SERVICE = "10.96.0.1"
PODS = "10.244.0.0/16"
DOMAIN = "cluster.local"


def address(node: int) -> str:
    """A node's address; nodes count from 1."""
    return f"10.245.0.{node}"


def pods(node: int) -> str:
    """The addresses of a node's pods."""
    return f"10.244.{node}.0/24"


INSIDE = ("nsenter", f"--net={_FILE}")
"""What to put before a command to run it there. Not `ip netns exec`: that hides /sys/fs/cgroup."""


def make(nodes: int) -> None:
    """Make the namespace. Raises CalledProcessError with what `ip` said."""
    if _FILE.exists():
        return
    _run("ip", "netns", "add", NAMESPACE)
    for command in (
        "link set lo up",
        "link add node0 type veth peer name node0-peer",
        "link set node0-peer up",
        "link set node0 up",
        *(f"addr add {address(node)}/24 dev node0" for node in range(1, nodes + 1)),
        # Programs of the node reach Services by it; the rules of kube-proxy then send them elsewhere.
        "route add default dev node0",
    ):
        _run("ip", "-n", NAMESPACE, *command.split())
    _run(*INSIDE, "sysctl", "-qw", "net.ipv4.ip_forward=1")


def remove() -> None:
    """Remove it, if it is there. Sockets and rules in it go with it once no program is left in it."""
    if _FILE.exists():
        _run("ip", "netns", "del", NAMESPACE)


class Names:
    """dnsmasq with the Services of the moment. It learns of new ones by `update`, not by itself."""

    def __init__(self, daemons: Daemons, folder: Path) -> None:
        self._daemons = daemons
        self._hosts = folder / "hosts"

    def start(self) -> None:
        self._hosts.touch()
        dnsmasq = shutil.which("dnsmasq")
        assert dnsmasq is not None, "programs.missing() was asked first"
        options = f"--keep-in-foreground --conf-file=/dev/null --user=root --no-resolv --no-hosts --local=/{DOMAIN}/ "
        options += f"--bind-interfaces --listen-address={address(1)} --log-facility=- --pid-file="
        self._daemons.start("dnsmasq", [*INSIDE, dnsmasq, *options.split(), f"--addn-hosts={self._hosts}"])

    def update(self, objects: Iterable[Mapping[str, Any]]) -> None:
        """`objects` are all Services and EndpointSlices."""
        self._hosts.write_text("".join(f"{line}\n" for line in hosts(list(objects))), "utf-8")
        self._daemons.signal("dnsmasq", signal.SIGHUP)


def hosts(objects: list[Mapping[str, Any]]) -> list[str]:
    """Lines as in /etc/hosts: Services by their address, headless ones by those of their pods."""
    lines = []
    headless = set()
    for each in objects:
        if each["kind"] == "Service" and (name := _name(each, each["metadata"]["name"])):
            if (ip := each["spec"].get("clusterIP", "None")) == "None":
                headless.add(name)
            else:
                lines.append(f"{ip} {name}")
    for each in objects:
        if each["kind"] != "EndpointSlice":
            continue
        name = _name(each, each["metadata"]["labels"].get("kubernetes.io/service-name", ""))
        for endpoint in each.get("endpoints") or ():
            for ip in endpoint["addresses"]:
                if name in headless:
                    lines.append(f"{ip} {name}")
                if "hostname" in endpoint:
                    lines.append(f"{ip} {endpoint['hostname']}.{name}")
    return lines


def _name(each: Mapping[str, Any], service: str) -> str:
    return f"{service}.{each['metadata']['namespace']}.svc.{DOMAIN}"


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
