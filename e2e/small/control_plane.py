"""etcd, the API server, the controllers and the scheduler of the small cluster."""

from __future__ import annotations

import shutil
from pathlib import Path

from e2e.small import network
from e2e.small.daemons import Daemons
from e2e.small.pki import Pki
from e2e.small.programs import component

PORT = 6443
URL = f"https://{network.address(1)}:{PORT}"
_ETCD = "http://127.0.0.1:2379"
_ETCD_PEER = "http://127.0.0.1:2380"
NAMES = ("etcd", "apiserver", "controller-manager", "scheduler")
"""The daemons, in the order in which they are started."""
SERVER = [
    *("localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"),
    *("127.0.0.1", network.address(1), network.API_SERVICE),
]
"""What the API server is called."""


def start_etcd(daemons: Daemons, folder: Path) -> None:
    """It does not wait for the disk: the cluster is made anew with every start."""
    etcd = shutil.which("etcd")
    assert etcd is not None, "programs.missing() was asked first"
    options = {
        "data-dir": folder / "etcd",
        "unsafe-no-fsync": "true",
        "listen-client-urls": _ETCD,
        "advertise-client-urls": _ETCD,
        "listen-peer-urls": _ETCD_PEER,
        "initial-advertise-peer-urls": _ETCD_PEER,
        "initial-cluster": f"default={_ETCD_PEER}",
    }
    daemons.start("etcd", [*network.INSIDE, etcd, *_options(options)])


def start_apiserver(daemons: Daemons, pki: Pki) -> None:
    """With the aggregation layer, by which KEDA serves its metrics, and admission as kubeadm has it."""
    options = {
        "etcd-servers": _ETCD,
        "bind-address": network.address(1),
        "advertise-address": network.address(1),
        "secure-port": PORT,
        "service-cluster-ip-range": network.SERVICES,
        "authorization-mode": "Node,RBAC",
        "enable-admission-plugins": "NodeRestriction",
        "allow-privileged": "true",
        "client-ca-file": pki.authority,
        "tls-cert-file": pki.certificate("apiserver"),
        "tls-private-key-file": pki.key("apiserver"),
        "kubelet-preferred-address-types": "InternalIP",
        "kubelet-client-certificate": pki.certificate("admin"),
        "kubelet-client-key": pki.key("admin"),
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": pki.folder / "accounts.pub",
        "service-account-signing-key-file": pki.key("accounts"),
        "enable-aggregator-routing": "true",
        "proxy-client-cert-file": pki.certificate("aggregator"),
        "proxy-client-key-file": pki.key("aggregator"),
        "requestheader-allowed-names": "aggregator",
        "requestheader-client-ca-file": pki.authority,
        "requestheader-username-headers": "X-Remote-User",
        "requestheader-group-headers": "X-Remote-Group",
        "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    }
    daemons.start("apiserver", [*network.INSIDE, component("kube-apiserver"), *_options(options)])


def start_controllers(daemons: Daemons, pki: Pki, kubeconfig: Path) -> None:
    """The controller manager and the scheduler."""
    shared = {
        "kubeconfig": kubeconfig,
        "authentication-kubeconfig": kubeconfig,
        "authorization-kubeconfig": kubeconfig,
        "bind-address": "127.0.0.1",
        "leader-elect": "false",
    }
    manager = {
        "use-service-account-credentials": "true",
        "service-account-private-key-file": pki.key("accounts"),
        "root-ca-file": pki.authority,
        "allocate-node-cidrs": "false",
        # A HorizontalPodAutoscaler looks every 15 s by default; trials are not to wait for that.
        "horizontal-pod-autoscaler-sync-period": "5s",
    }
    command = [*network.INSIDE, component("kube-controller-manager"), *_options({**shared, **manager})]
    daemons.start("controller-manager", command)
    daemons.start("scheduler", [*network.INSIDE, component("kube-scheduler"), *_options(shared)])


def start_proxy(daemons: Daemons, kubeconfig: Path, node: str) -> None:
    """kube-proxy: one for all nodes, which share the namespace's rules."""
    options = {
        "kubeconfig": kubeconfig,
        "hostname-override": node,
        "proxy-mode": "iptables",
        "cluster-cidr": network.PODS,
        "bind-address": network.address(1),
        "metrics-bind-address": "127.0.0.1:10249",
        "healthz-bind-address": "127.0.0.1:10256",
        "conntrack-max-per-core": 0,
        "conntrack-min": 0,
        # Pods of a bridge would answer each other directly, past the rules, where bridges are not filtered.
        "masquerade-all": "true",
    }
    daemons.start("proxy", [*network.INSIDE, component("kube-proxy"), *_options(options)])


def _options(options: dict[str, object]) -> list[str]:
    return [f"--{name}={value}" for name, value in options.items()]
