"""The small cluster as a whole: up, down, images, volumes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from e2e.kubectl import CommandError, Kube
from e2e.small import control_plane, keda, network
from e2e.small.daemons import Daemons
from e2e.small.node import Node
from e2e.small.pki import Pki
from e2e.small.programs import CACHE, COMPONENTS, component, missing, pause
from testbed.waiting import until

NODES = 2
DOCKER = os.environ.get("DOCKER", "docker")
LIMIT = 120.0
"""Seconds for one step of the start."""
_STATE = CACHE / "state"
_KUBECONFIG = _STATE / "kubeconfig"


class SmallCluster:
    """The one small cluster of this machine, whoever started it. Methods block."""

    description = f"on one machine, {NODES} nodes: e2e/small"

    def __init__(self) -> None:
        self._daemons = Daemons(_STATE)
        self._pki = Pki(_STATE / "pki")
        self._names = network.Names(self._daemons, _STATE)
        self._nodes = [Node(number, _STATE, CACHE, self._daemons) for number in range(1, NODES + 1)]
        self.kube = Kube(_KUBECONFIG, network.INSIDE)

    @property
    def running(self) -> bool:
        return self._daemons.alive("apiserver")

    def up(self) -> None:
        """Build what is not built, and start all of it anew. Raises RuntimeError that says what the machine lacks."""
        if self.running:
            return
        if lacking := missing():
            raise RuntimeError(
                f"the small cluster needs {'; '.join(lacking)}. Or set KUBECONFIG to a cluster of yours."
            )
        for name in COMPONENTS:
            component(name)
        pause()
        self.down()
        shutil.rmtree(_STATE, ignore_errors=True)
        _STATE.mkdir(parents=True)
        try:
            self._start()
        except (TimeoutError, CommandError, subprocess.CalledProcessError) as error:
            error.add_note(self._daemons.tails())
            self.down()
            raise

    def down(self) -> None:
        """End it and everything in it. The logs stay until the next start."""
        for node in self._nodes:
            node.stop()
        for name in ("proxy", "dnsmasq", *reversed(control_plane.NAMES)):
            self._daemons.stop(name)
        network.remove()

    def load(self, *images: str) -> None:
        """Give images of the Docker engine, or tar files of them, to every node. Raises CalledProcessError."""
        for image in images:
            identity = _identity(image)
            needing = [node for node in self._nodes if not node.has(image, identity)]
            if not needing:
                continue
            with tempfile.NamedTemporaryFile(suffix=".tar") as file:
                tar = Path(image)
                if not tar.is_file():
                    tar = Path(file.name)
                    subprocess.run([DOCKER, "save", "--output", tar, image], check=True)
                for node in needing:
                    node.load(image, tar, identity)

    def refresh(self) -> None:
        """Names of Services are known from now on; there is nobody in the cluster who watches them."""
        self._names.update(self.kube.json("get", "services,endpointslices", "--all-namespaces")["items"])

    def make_volumes(self, names: Sequence[str], size: str) -> None:
        """Volumes for claims without a class; they lie on the first node, as a disk would."""
        self.kube.apply(*(self._volume(name, size) for name in names))

    def provide_keda(self) -> None:
        """Build it where it is not built, and install it."""
        folder = _STATE / "keda"
        folder.mkdir(exist_ok=True)
        self.load(*(str(file) for file in keda.images(folder)))
        keda.install(self.kube)
        self.refresh()
        keda.wait(self.kube, LIMIT)

    def _volume(self, name: str, size: str) -> dict[str, object]:
        folder = _STATE / "volumes" / name
        folder.mkdir(parents=True, exist_ok=True)
        where = {"key": "kubernetes.io/hostname", "operator": "In", "values": [self._nodes[0].name]}
        return {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": size},
                "accessModes": ["ReadWriteOnce"],
                "local": {"path": str(folder)},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [where]}]}},
            },
        }

    def _start(self) -> None:
        self._pki.make(control_plane.SERVER, [node.name for node in self._nodes])
        self._pki.kubeconfig("admin", control_plane.URL, _KUBECONFIG)
        network.make(NODES)
        control_plane.start_etcd(self._daemons, _STATE)
        control_plane.start_apiserver(self._daemons, self._pki)
        for node in self._nodes:
            node.start_containerd()
        until(self._ready, limit=LIMIT, what="the API server", interval=0.3)
        control_plane.start_controllers(self._daemons, self._pki, _KUBECONFIG)
        for node in self._nodes:
            until(node.answers, limit=LIMIT, what=f"containerd of {node.name}", interval=0.3)
            node.start_kubelet(self._pki, control_plane.URL)
        control_plane.start_proxy(self._daemons, _KUBECONFIG, self._nodes[0].name)
        self._names.start()
        names = [f"node/{node.name}" for node in self._nodes]
        until(lambda: len(self.kube.json("get", "nodes")["items"]) == NODES, limit=LIMIT, what="nodes", interval=0.5)
        self.kube.kubectl("wait", "--for=condition=Ready", *names, f"--timeout={LIMIT:.0f}s")

    def _ready(self) -> bool:
        try:
            self.kube.get("/readyz")
            self.kube.get("/api/v1/namespaces/default")
        except CommandError:
            return False
        return True


def _identity(image: str) -> str:
    """What changes when the image does."""
    if (file := Path(image)).is_file():
        return f"{file.stat().st_size} {os.fspath(file)} {file.stat().st_mtime_ns}"
    found = subprocess.run([DOCKER, "image", "inspect", image], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise RuntimeError(f"no image {image}: {found.stderr.strip()}. Build it: make image kafka-image")
    return str(json.loads(found.stdout)[0]["Id"])
