"""What the cases share, deployed into the cluster: Kafka, the sandbox, a writer of leads, agents on the nodes."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from pathlib import Path
from string import Template
from typing import Any

import yaml

from connector import __version__ as connector_version
from e2e.clusters import Cluster
from e2e.kubectl import CommandError, Kube
from testbed.jars import KAFKA_VERSION
from testbed.waiting import until

PODS = Path(__file__).parent / "pods"
NAMESPACE = "lead-connector-e2e"
BOOTSTRAP = f"kafka.{NAMESPACE}.svc:9092"
API = f"http://sandbox.{NAMESPACE}.svc:8090"
LIMIT = 180.0
"""Seconds to wait for a condition: generous, for machines are shared."""
IMAGE = os.environ.get("E2E_IMAGE", "lead-connector:dev")
NEXT_IMAGE = os.environ.get("E2E_NEXT_IMAGE", "lead-connector:e2e-next")
"""What the update of the image updates to. It is made from `IMAGE` where it is not given."""
SANDBOX_IMAGE = os.environ.get("E2E_SANDBOX_IMAGE", "lead-connector-sandbox:dev")
IMAGES = os.environ.get("E2E_IMAGES", "")
"""A folder with all these as tar files, as `docker save` writes them, where there is no Docker engine to ask."""
DOCKER = os.environ.get("DOCKER", "docker")
KAFKA_IMAGE = os.environ.get("KAFKA_IMAGE", f"kafka-local:{KAFKA_VERSION}")


class Bed:
    """Made once for all cases. Methods block; CommandError when the cluster refuses something."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.kube: Kube = cluster.kube
        self.token = secrets.token_hex(16)
        """What the API wants at the moment."""

    def make(self) -> None:
        """Deploy it all, or bring what is there up to date; returns when it is ready."""
        self.cluster.load(*_images())
        self.cluster.make_volumes(["one", "two"], "1Gi")
        template = Template((PODS / "bed.yaml").read_text("utf-8"))
        text = template.substitute(NAMESPACE=NAMESPACE, TOKEN=self.token, KAFKA=KAFKA_IMAGE, SANDBOX=SANDBOX_IMAGE)
        namespace, *objects = yaml.safe_load_all(text)
        programs = {name: (PODS / name).read_text("utf-8") for name in ("feeder.py", "agent.py")}
        self.kube.apply(namespace)
        self.kube.apply(_config_map("programs", programs), *objects)
        self.cluster.refresh()
        self.restart("feeder")  # it may be of an earlier run, with its flows and another program
        self.restart("sandbox")
        for workload in ("statefulset/kafka", "daemonset/agent"):
            self.wait_rolled_out(workload)

    def versions(self) -> list[str]:
        """What took part, in words."""
        server = json.loads(self.kube.get("/version"))["gitVersion"]
        connector = f"connector {connector_version} ({_revision()})"
        return [connector, f"Kubernetes {server} ({self.cluster.description})", f"Kafka {KAFKA_IMAGE}"]

    def restart(self, deployment: str) -> None:
        """In order; returns when the new pod is ready."""
        self.kube.kubectl("-n", NAMESPACE, "rollout", "restart", f"deployment/{deployment}")
        self.wait_rolled_out(f"deployment/{deployment}")

    def scale(self, deployment: str, replicas: int) -> None:
        """Returns when there are so many."""
        self.kube.kubectl("-n", NAMESPACE, "scale", f"deployment/{deployment}", f"--replicas={replicas}")
        self.wait_rolled_out(f"deployment/{deployment}")

    def wait_rolled_out(self, workload: str) -> None:
        self.kube.kubectl("-n", NAMESPACE, "rollout", "status", workload, f"--timeout={LIMIT:.0f}s")

    def change_token(self) -> None:
        """From now on the API takes only another token: `token`."""
        self.token = secrets.token_hex(16)
        self.kube.apply(secret(NAMESPACE, self.token))
        self.restart("sandbox")

    # The sandbox.

    def accepted(self) -> int:
        """Leads in the ledger, each as often as it was accepted."""
        return int(json.loads(self.kube.get(_of("sandbox", 8090, "/_sandbox/stats")))["accepted"])

    def ledger(self, after: int) -> list[dict[str, Any]]:
        """The ledger's entries beyond so many."""
        text = self.kube.get(_of("sandbox", 8090, f"/_sandbox/ledger?after={after}"))
        return [json.loads(line) for line in text.splitlines()]

    def fault(self, **fault: object) -> None:
        """Let the API misbehave."""
        self.kube.post(_of("sandbox", 8090, "/_sandbox/faults"), fault)

    def heal(self) -> None:
        """End all faults."""
        self.kube.delete(_of("sandbox", 8090, "/_sandbox/faults"))

    # The writer of leads.

    def feed(self, **asked: object) -> None:
        """As the feeder's /start."""
        self.kube.post(_of("feeder", 8080, "/start"), asked)

    def stop_feed(self, prefix: str) -> int:
        """Ends a flow; how many leads it wrote. Fails when not all were acknowledged."""
        state = json.loads(self.kube.post(_of("feeder", 8080, "/stop"), {"prefix": prefix}))
        assert state["written"] == state["acknowledged"], f"Kafka has not all that was written: {state}"
        return int(state["written"])

    def lag(self, group: str, topic: str) -> int | None:
        """Records not committed; None while Kafka does not say."""
        try:
            answer = json.loads(self.kube.get(_of("feeder", 8080, f"/lag?group={group}&topic={topic}")))
        except CommandError:
            return None
        return int(answer["lag"])

    # The nodes.

    def signal(self, pod: dict[str, Any], number: str) -> None:
        """Signal the first process of a pod's only container, as the kernel or an operator on its node could."""
        [container] = pod["status"]["containerStatuses"]
        name = container["containerID"].rpartition("/")[2]
        where = f"--field-selector=spec.nodeName={pod['spec']['nodeName']}"
        [agent] = self.kube.json("-n", NAMESPACE, "get", "pods", "--selector=app=agent", where)["items"]
        program = ("python3", "/e2e/agent.py", number, name)
        self.kube.kubectl("-n", NAMESPACE, "exec", agent["metadata"]["name"], "--", *program)


def secret(namespace: str, token: str) -> dict[str, Any]:
    """The Secret with the API's token."""
    metadata = {"name": "ucontact", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {"token": token}}


def wait(condition: Any, what: str, limit: float = LIMIT) -> None:
    """Wait for a condition that asks the cluster. Raises TimeoutError."""
    until(condition, limit=limit, what=what, interval=0.5)


def _of(service: str, port: int, path: str) -> str:
    """Where the API server reaches a Service."""
    return f"/api/v1/namespaces/{NAMESPACE}/services/{service}:{port}/proxy{path}"


def _config_map(name: str, data: dict[str, str]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": NAMESPACE}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}


def _revision() -> str:
    """The commit that the connector's image was made from, where a Docker engine here has it."""
    if IMAGES:
        return IMAGE
    label = '--format={{index .Config.Labels "org.opencontainers.image.revision"}}'
    found = subprocess.run([DOCKER, "image", "inspect", label, IMAGE], capture_output=True, text=True, check=False)
    return found.stdout.strip()[:7] or IMAGE


def _images() -> list[str]:
    """What the nodes have to be given."""
    if IMAGES:
        return sorted(str(file) for file in Path(IMAGES).glob("*.tar"))
    if "E2E_NEXT_IMAGE" not in os.environ and "KUBECONFIG" not in os.environ:
        _make_next_image()
    return list(dict.fromkeys([IMAGE, NEXT_IMAGE, SANDBOX_IMAGE, KAFKA_IMAGE]))


def _make_next_image() -> None:
    """The same program in another image: another digest, and another name."""
    command = [DOCKER, "build", "--quiet", "--tag", NEXT_IMAGE, "-"]
    text = f"FROM {IMAGE}\nLABEL e2e=next\n"
    subprocess.run(command, input=text, text=True, check=True, stdout=subprocess.DEVNULL)
