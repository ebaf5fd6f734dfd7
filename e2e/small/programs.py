"""The programs of the small cluster: Debian's where it has them, Kubernetes' own built from its modules, once."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from helm import tools

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "cluster"
"""What is kept between runs: programs, and the images that the nodes have."""
BIN = CACHE / "bin"
KUBERNETES = "1.34.4"
"""The oldest minor version that the chart promises; its module is pinned in `kube/go.mod`."""
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
PACKAGES = {
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "etcd": "etcd-server",
    "dnsmasq": "dnsmasq-base",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
}
"""Programs that have to be on PATH, and Debian's packages that bring them."""
CNI = Path("/usr/lib/cni")
"""Where Debian's containernetworking-plugins puts them."""
_HERE = Path(__file__).parent


def missing() -> list[str]:
    """What this machine lacks for the small cluster, in words; empty when it can be built here."""
    problems = []
    if os.name != "posix" or not Path("/proc/self/ns/net").exists():
        return ["Linux"]
    if os.geteuid() != 0:
        problems.append("root (it makes a network namespace, mounts and control groups)")
    packages = {package for program, package in PACKAGES.items() if shutil.which(program) is None}
    if not (CNI / "bridge").exists():
        packages.add("containernetworking-plugins")
    if packages:
        problems.append(f"these packages: apt-get install --no-install-recommends {' '.join(sorted(packages))}")
    return problems


def component(name: str) -> Path:
    """One of `COMPONENTS`, built when it is not there (minutes). Blocks; raises CalledProcessError."""
    program = BIN / name
    if not program.exists():
        build(program, f"k8s.io/kubernetes/cmd/{name}", _HERE / "kube", _kubernetes_version())
    return program


def pause() -> Path:
    """The process that holds a pod's namespaces, as `component`."""
    program = BIN / "pause"
    if not program.exists():
        build(program, ".", _HERE / "pause", "")
    return program


def build(program: Path, package: str, module: Path, variables: str) -> None:
    """Build `program`, with values for `variables` (`-X …`). Blocks; raises CalledProcessError."""
    # Under another name first: what is half written must not be taken for a program.
    BIN.mkdir(parents=True, exist_ok=True)
    unfinished = program.with_suffix(".new")
    flags = ("-mod=readonly", "-trimpath", f"-ldflags=-s -w {variables}")
    tools.go("build", *flags, "-o", str(unfinished), package, folder=module)
    unfinished.rename(program)


def _kubernetes_version() -> str:
    """Programs built from the module do not know their version, by which they judge each other."""
    major, minor, _ = KUBERNETES.split(".")
    values = {
        "gitVersion": f"v{KUBERNETES}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "gitCommit": "0" * 40,
        "buildDate": "1970-01-01T00:00:00Z",
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(f"-X {package}.{name}={value}" for package in packages for name, value in values.items())
