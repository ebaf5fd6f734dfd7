"""One node: a containerd and a kubelet of its own, with folders, control groups and a bridge of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from e2e.small import archive, network
from e2e.small.daemons import Daemons
from e2e.small.pki import Pki
from e2e.small.programs import CNI, component, pause

PAUSE_IMAGE = "localhost/pause:1"
_GROUPS = Path("/sys/fs/cgroup")


class Node:
    """A node by its number, from 1. All methods block; they raise CalledProcessError when a program fails."""

    def __init__(self, number: int, folder: Path, kept: Path, daemons: Daemons) -> None:
        """`folder` is made anew with every start of the cluster, `kept` holds images."""
        self.number = number
        self.name = f"node{number}"
        self._folder = folder / self.name
        self._kept = kept / self.name
        self._daemons = daemons
        self._socket = self._folder / "containerd.sock"
        self._group = f"lead-connector-e2e-{self.name}"

    def start_containerd(self) -> None:
        """containerd, with the image that holds pods."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._kept.mkdir(parents=True, exist_ok=True)
        (self._folder / "cni").mkdir(exist_ok=True)
        (self._folder / "cni" / "pods.conflist").write_text(self._cni(), "utf-8")
        (self._folder / "containerd.toml").write_text(self._containerd(), "utf-8")
        containerd = shutil.which("containerd")
        assert containerd is not None, "programs.missing() was asked first"
        command = [*network.INSIDE, containerd, "--config", self._folder / "containerd.toml"]
        self._daemons.start(f"{self.name}-containerd", command)

    def answers(self) -> bool:
        """Whether containerd does."""
        done = subprocess.run(self._ctr("version"), capture_output=True, check=False)
        return done.returncode == 0

    def start_kubelet(self, pki: Pki, url: str) -> None:
        """The kubelet, once containerd answers."""
        self.load(PAUSE_IMAGE, archive.of_program(pause(), PAUSE_IMAGE, self._folder / "pause.tar"))
        for hierarchy in hierarchies():
            (hierarchy / self._group).mkdir(exist_ok=True)
        kubeconfig = pki.kubeconfig(self.name, url, self._folder / "kubeconfig")
        (self._folder / "resolv.conf").touch()
        # JSON is YAML, and has no surprises.
        (self._folder / "kubelet.json").write_text(json.dumps(self._kubelet(pki)), "utf-8")
        options = {
            "config": self._folder / "kubelet.json",
            "kubeconfig": kubeconfig,
            "root-dir": self._folder / "kubelet",
            "cert-dir": self._folder / "kubelet-pki",
            "hostname-override": self.name,
            "node-ip": network.address(self.number),
        }
        command = [*network.INSIDE, component("kubelet"), *(f"--{name}={value}" for name, value in options.items())]
        self._daemons.start(f"{self.name}-kubelet", command)

    def has(self, image: str, identity: str) -> bool:
        """Whether it has this very image, by the identity that `load` was told."""
        return self._notes().get(image) == identity

    def load(self, image: str, tar: Path, identity: str = "") -> None:
        """Bring an image in, from a file as `docker save` writes it or in OCI's layout."""
        subprocess.run(self._ctr("images", "import", str(tar)), check=True, stdout=subprocess.DEVNULL)
        (self._kept / "images.json").write_text(json.dumps({**self._notes(), image: identity}), "utf-8")

    def stop(self) -> None:
        """End the kubelet, its containers, containerd, and undo what they did to the machine."""
        self._daemons.stop(f"{self.name}-kubelet")
        if self._daemons.alive(f"{self.name}-containerd"):
            spaces = self._end_containers()
            self._daemons.stop(f"{self.name}-containerd")
            for space in spaces:
                subprocess.run(["ip", "netns", "del", space.name], check=False, capture_output=True)
        mounts = [line.split()[1] for line in Path("/proc/mounts").read_text("utf-8").splitlines()]
        for mount in sorted((each for each in mounts if each.startswith(f"{self._folder}/")), reverse=True):
            subprocess.run(["umount", "--lazy", mount], check=True)
        for hierarchy in hierarchies():
            remove_group(hierarchy / self._group)

    def _end_containers(self) -> list[Path]:
        """Kill and forget every container; gives the network namespaces of the pods, which nobody else removes."""
        for task in self._listed("tasks"):
            subprocess.run(self._ctr("tasks", "delete", "--force", task), check=False, capture_output=True)
        spaces = []
        for container in self._listed("containers"):
            spec = json.loads(subprocess.check_output(self._ctr("containers", "info", container)))["Spec"]
            found = (each.get("path", "") for each in spec["linux"]["namespaces"] if each["type"] == "network")
            spaces += [Path(path) for path in found if "/netns/cni-" in path]
            subprocess.run(self._ctr("containers", "delete", container), check=False, capture_output=True)
        return spaces

    def _listed(self, kind: str) -> list[str]:
        return subprocess.check_output(self._ctr(kind, "ls", "--quiet"), text=True).split()

    def _ctr(self, *arguments: str) -> list[str]:
        return ["ctr", "--address", str(self._socket), "--namespace", "k8s.io", *arguments]

    def _notes(self) -> dict[str, str]:
        notes = self._kept / "images.json"
        found: dict[str, str] = json.loads(notes.read_text("utf-8")) if notes.exists() else {}
        return found

    def _containerd(self) -> str:
        plugin = 'plugins."io.containerd.grpc.v1.cri"'
        return f"""\
version = 2
root = "{self._kept / "containerd"}"
state = "{self._folder / "containerd"}"
[grpc]
address = "{self._socket}"
[{plugin}]
sandbox_image = "{PAUSE_IMAGE}"
# Where root may not lower the scores by which the kernel chooses whom to kill, containers would not start.
restrict_oom_score_adj = true
[{plugin}.cni]
bin_dir = "{CNI}"
conf_dir = "{self._folder / "cni"}"
[{plugin}.containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[{plugin}.containerd.runtimes.runc.options]
SystemdCgroup = false
"""

    def _cni(self) -> str:
        addresses = {"type": "host-local", "dataDir": str(self._folder / "addresses")}
        bridge = {
            "type": "bridge",
            "bridge": f"pods{self.number}",
            "isGateway": True,
            "hairpinMode": True,
            "ipam": {
                **addresses,
                "ranges": [[{"subnet": network.pods(self.number)}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }
        return json.dumps({"cniVersion": "1.0.0", "name": "pods", "plugins": [bridge]})

    def _kubelet(self, pki: Pki) -> dict[str, object]:
        return {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": network.address(self.number),
            "healthzBindAddress": "127.0.0.1",
            "healthzPort": 10280 + self.number,
            "containerRuntimeEndpoint": f"unix://{self._socket}",
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": str(pki.authority)},
            },
            "authorization": {"mode": "Webhook"},
            "clusterDNS": [network.address(1)],
            "clusterDomain": network.DOMAIN,
            "resolvConf": str(self._folder / "resolv.conf"),
            "podLogsDir": str(self._folder / "pods"),
            "volumePluginDir": str(self._folder / "plugins"),
            # Not systemd's, which need not be there; and apart from other kubelets, who would remove our groups.
            "cgroupDriver": "cgroupfs",
            "cgroupRoot": f"/{self._group}",
            "failSwapOn": False,
            "serializeImagePulls": False,
            # The machine's disk and memory are not the cluster's: a full disk is no reason to drop images.
            "imageGCHighThresholdPercent": 100,
            "imageGCLowThresholdPercent": 99,
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
        }


def hierarchies() -> list[Path]:
    """Where control groups are made: in one place, or (version 1, and both together) in several."""
    if (_GROUPS / "cgroup.controllers").exists():
        return [_GROUPS]
    mounts = (line.split() for line in Path("/proc/mounts").read_text("utf-8").splitlines())
    return [Path(path) for _, path, kind, *_ in mounts if kind in ("cgroup", "cgroup2")]


def remove_group(group: Path) -> None:
    """Remove a control group and those in it. They are empty; a file in them is not one that could be removed."""
    if not group.exists():
        return
    for inner in sorted((each for each in group.rglob("*") if each.is_dir()), key=lambda each: -len(each.parts)):
        inner.rmdir()
    group.rmdir()
