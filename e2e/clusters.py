"""The cluster that the cases run on: yours (KUBECONFIG), kind, or the small one of this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from e2e.kubectl import CommandError, Kube
from e2e.small.cluster import SmallCluster
from e2e.small.programs import CACHE


class Cluster(Protocol):
    """What the cases need of a cluster. Methods block."""

    description: str
    kube: Kube

    @property
    def running(self) -> bool:
        """Whether it is up already."""

    def up(self) -> None:
        """Start it where it has to be started. Raises RuntimeError that says what is missing."""

    def down(self) -> None:
        """End it where `up` started it."""

    def load(self, *images: str) -> None:
        """Make images of the Docker engine known to its nodes, where it does not pull them itself."""

    def refresh(self) -> None:
        """Called after Services were made."""

    def make_volumes(self, names: Sequence[str], size: str) -> None:
        """Volumes for claims, where nothing provides them."""

    def provide_keda(self) -> None:
        """KEDA runs when this returns. Raises RuntimeError where it has to be installed by hand."""


class GivenCluster:
    """A cluster that is there already. It pulls images and provides volumes itself."""

    def __init__(self, kubeconfig: Path) -> None:
        self.description = "a cluster of the tester's"
        self.kube = Kube(kubeconfig)
        self.running = True

    def up(self) -> None:
        """It is up, or this raises CommandError."""
        self.kube.get("/readyz")

    def down(self) -> None:
        """It stays."""

    def load(self, *images: str) -> None:
        """They have to be where it pulls from."""

    def refresh(self) -> None:
        """It has a name server of its own."""

    def make_volumes(self, names: Sequence[str], size: str) -> None:
        """Its default storage class makes them."""

    def provide_keda(self) -> None:
        """Somebody has installed it."""
        try:
            self.kube.kubectl("get", "crd", "scaledobjects.keda.sh")
        except CommandError as error:
            raise RuntimeError("this cluster has no KEDA: install it as https://keda.sh says") from error


class KindCluster(GivenCluster):
    """Kubernetes in Docker, with two workers. Its node image has to be in the engine, or to be pulled."""

    _NAME = "lead-connector-e2e"

    def __init__(self) -> None:
        super().__init__(CACHE / "kind.kubeconfig")
        self.description = "kind, two workers"

    @property
    def running(self) -> bool:
        return self._NAME in subprocess.check_output(["kind", "get", "clusters"], text=True).split()

    @running.setter
    def running(self, _: bool) -> None:
        """Asked each time."""

    def up(self) -> None:
        if self.running:
            return
        CACHE.mkdir(parents=True, exist_ok=True)
        nodes = [{"role": role} for role in ("control-plane", "worker", "worker")]
        config = json.dumps({"kind": "Cluster", "apiVersion": "kind.x-k8s.io/v1alpha4", "nodes": nodes})
        command = ["kind", "create", "cluster", "--name", self._NAME, "--config", "-", "--wait", "5m"]
        subprocess.run([*command, "--kubeconfig", self.kube.kubeconfig], input=config, text=True, check=True)

    def down(self) -> None:
        subprocess.run(["kind", "delete", "cluster", "--name", self._NAME], check=True)

    def load(self, *images: str) -> None:
        subprocess.run(["kind", "load", "docker-image", "--name", self._NAME, *images], check=True)


def choose() -> Cluster:
    """KUBECONFIG when it is set; kind when it and a Docker engine with its image are there; else the small cluster."""
    if given := os.environ.get("KUBECONFIG"):
        return GivenCluster(Path(given))
    return KindCluster() if _kind_can() else SmallCluster()


def _kind_can() -> bool:
    if shutil.which("kind") is None or shutil.which("docker") is None:
        return False
    command = ["docker", "image", "ls", "--quiet", "kindest/node"]
    return bool(subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip())
