"""What happens to a pod: deleted, killed, out of memory, standing still, its node drained."""

from __future__ import annotations

import pytest

from e2e.bed import Bed, wait
from e2e.case import IN_FLIGHT, Case, is_ready, name_of, restarts

pytestmark = pytest.mark.timeout(900)

# Processes that together take more than the limit, each less than the connector has: the kernel ends the largest.
_HOG = """
import os, threading
for _ in range(8):
    if os.fork() == 0:
        hold = b"x" * (40 << 20)
        break
threading.Event().wait()
"""


def test_deleted(bed: Bed) -> None:
    """A pod that is deleted drains, and another takes its place."""
    with Case(bed, "pod deleted") as case:
        case.install()
        case.flow()
        victim = name_of(case.wait_ready(2)[0])
        case.kubectl("delete", "pod", victim)
        case.wait_replaced(victim)
        case.delivered()
        case.finish()


def test_killed(bed: Bed) -> None:
    """SIGKILL: the container is started again in its pod; what was in flight may come twice."""
    with Case(bed, "pod killed (SIGKILL)") as case:
        case.install()
        case.flow()
        victim = case.wait_ready(2)[0]
        bed.signal(victim, "SIGKILL")
        _wait_restarted(case, name_of(victim))
        case.delivered()
        case.finish(duplicates=IN_FLIGHT)


def test_static_member_killed(bed: Bed) -> None:
    """A static member comes back to its partitions at once."""
    with Case(bed, "pod of a StatefulSet killed (SIGKILL)") as case:
        case.install(kind="StatefulSet", config={"kafka": {"session_timeout": "45s"}})
        case.flow()
        victim = case.wait_ready(2)[0]
        bed.signal(victim, "SIGKILL")
        _wait_restarted(case, name_of(victim))
        case.delivered()
        case.finish(duplicates=IN_FLIGHT)


def test_out_of_memory(bed: Bed) -> None:
    """The kernel kills the process that is above the limit."""
    with Case(bed, "OOM kill") as case:
        case.install(resources={"limits": {"memory": "256Mi"}})
        case.flow()
        victim = name_of(case.wait_ready(2)[0])
        case.try_exec(victim, "python3", "-c", _HOG)
        _wait_restarted(case, victim)
        [pod] = [pod for pod in case.pods() if name_of(pod) == victim]
        [container] = pod["status"]["containerStatuses"]
        assert container["lastState"]["terminated"]["reason"] == "OOMKilled"
        case.delivered()
        case.finish(duplicates=IN_FLIGHT)


def test_standing_still(bed: Bed) -> None:
    """SIGSTOP: the liveness probe has it killed and started again."""
    with Case(bed, "liveness restart after SIGSTOP") as case:
        case.install()
        case.flow()
        victim = case.wait_ready(2)[0]
        bed.signal(victim, "SIGSTOP")
        _wait_restarted(case, name_of(victim))
        assert "Liveness probe failed" in case.kubectl("get", "events", "--output=jsonpath={.items[*].message}")
        case.delivered()
        case.finish(duplicates=IN_FLIGHT)


def test_node_drained(bed: Bed) -> None:
    """`kubectl drain` respects the budget; the pods of the node move to another."""
    with Case(bed, "node drained") as case:
        case.install()
        case.flow()
        pods = case.wait_ready(2)
        nodes = [pod["spec"]["nodeName"] for pod in pods]
        assert len(set(nodes)) == 2, f"two schedulable nodes are needed; the pods are on {nodes}"
        node = nodes[0]
        selector = f"--pod-selector=app.kubernetes.io/instance={case.release},app.kubernetes.io/component=connector"
        try:
            case.kubectl("drain", node, selector, "--delete-emptydir-data", "--timeout=200s")
            case.wait_replaced(name_of(pods[0]))
            assert node not in [pod["spec"]["nodeName"] for pod in case.pods()]
            case.delivered()
        finally:
            case.kubectl("uncordon", node)
        case.finish()


def _wait_restarted(case: Case, name: str) -> None:
    def again() -> bool:
        [pod] = [pod for pod in case.pods() if name_of(pod) == name]
        return restarts(pod) >= 1 and is_ready(pod)

    wait(again, f"{name} to be started again and ready")
