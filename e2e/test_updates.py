"""Installing, updating and removing a release while leads flow."""

from __future__ import annotations

from typing import Any

import pytest

from e2e.bed import NEXT_IMAGE, Bed, wait
from e2e.case import Case, name_of, restarts
from e2e.kubectl import CommandError

pytestmark = pytest.mark.timeout(900)


_STATIC: dict[str, Any] = {"kind": "StatefulSet", "replicas": 7}
_SCALED: dict[str, Any] = {"keda": {"enabled": True}, "hpa": {"enabled": True}}
_NO_SECRET: dict[str, Any] = {"config": {"ucontact": {"token_file": "/run/secrets/api/token"}}}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param(_SCALED, "would work against each other: disable one of them", id="HPA and KEDA"),
        pytest.param(_STATIC, "set replicas to 6 or less, or add partitions", id="more static members than partitions"),
        pytest.param({"terminationGracePeriodSeconds": 30}, "set it to 40 or null", id="grace below the drain"),
        pytest.param(_NO_SECRET, "set secrets.api.existingSecret to the Secret", id="no secret"),
        pytest.param({"replica": 2}, "additional properties 'replica' not allowed", id="unknown key"),
    ],
)
def test_contradictions_are_refused(bed: Bed, changes: dict[str, Any], sentence: str) -> None:
    """`helm install` says what to change, and makes nothing in the cluster."""
    with Case(bed, "refused") as case:
        assert sentence in case.refused(**changes)
        everything = "deployments,statefulsets,pods,configmaps,secrets,serviceaccounts"
        made = case.kubectl("get", everything, f"--selector=app.kubernetes.io/instance={case.release}", "--output=name")
        assert made == ""
        assert case.kubectl("get", "secrets", "--selector=owner=helm", "--output=name") == "", "no release is kept"


def test_install(bed: Bed) -> None:
    """`helm install --wait` ends with pods that deliver, and `helm test` sees its lead's receipt."""
    with Case(bed, "install --wait, helm test") as case:
        case.change({"test": {"enabled": True}})
        case.change({"config": {"receipts": {"topic": case.receipts}}})
        case.change({"config": {"filters": [{"name": "test-leads", "when": "source.isTest"}]}})
        took = case.install()
        assert [restarts(pod) for pod in case.wait_ready(2)] == [0, 0]
        case.flow()
        assert "Phase:          Succeeded" in case.helm("test", "--timeout=120s")
        case.remarks.append(f"installed in {took:.0f} s")
        case.finish()


def test_update_of_the_image(bed: Bed) -> None:
    """Every pod is replaced by one with the other image."""
    with Case(bed, "rolling update of the image") as case:
        case.install()
        case.flow()
        repository, _, tag = NEXT_IMAGE.rpartition(":")
        took = case.upgrade(image={"repository": repository, "tag": tag})
        pods = case.wait_ready(2)
        assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {NEXT_IMAGE}
        case.delivered()
        case.remarks.append(f"done in {took:.0f} s")
        case.finish()


def test_update_of_the_configuration(bed: Bed) -> None:
    """A change of the configuration replaces the pods by itself; here under the newer group protocol."""
    with Case(bed, "rolling update of the configuration, KIP-848") as case:
        case.install(config={"kafka": {"group_protocol": "consumer"}})
        case.flow()
        before = {name_of(pod) for pod in case.wait_ready(2)}
        took = case.upgrade(config={"delivery": {"batch": {"linger": "50ms"}}})
        assert not before & {name_of(pod) for pod in case.wait_ready(2)}
        case.delivered()
        case.remarks.append(f"done in {took:.0f} s")
        case.finish()


def test_static_members_updated(bed: Bed) -> None:
    """Pods of a StatefulSet are replaced one after the other, and keep their partitions."""
    with Case(bed, "rolling update of a StatefulSet") as case:
        case.install(kind="StatefulSet", config={"kafka": {"session_timeout": "45s"}})
        case.flow()
        took = case.upgrade(config={"delivery": {"batch": {"linger": "50ms"}}})
        case.wait_ready(2)
        case.delivered()
        case.remarks.append(f"done in {took:.0f} s")
        case.finish()


def test_bad_configuration(bed: Bed) -> None:
    """A configuration that the connector refuses stops the rollout; the old pods go on, and a roll-back ends it."""
    with Case(bed, "bad configuration, helm rollback") as case:
        case.install()
        case.flow()
        before = {name_of(pod) for pod in case.wait_ready(2)}
        wrong = {"name": "all", "hub": "sales", "contact": {"clientIds": "person.telephones"}}
        with pytest.raises(CommandError):
            case.upgrade("--timeout=30s", config={"routes": [wrong]})
        pods = case.pods()
        [refused] = [pod for pod in pods if name_of(pod) not in before]
        assert before < {name_of(pod) for pod in pods}, "the old pods are there"
        wait(lambda: "telephones" in case.kubectl("logs", name_of(refused)), "the log to name the mistake")
        case.delivered()
        case.rollback()
        assert {name_of(pod) for pod in case.wait_ready(2)} == before
        case.delivered()
        case.finish()


def test_uninstall(bed: Bed) -> None:
    """Uninstalling under load drains, and leaves nothing of the release; a new one goes on where it ended."""
    with Case(bed, "uninstall leaves nothing") as case:
        kinds = ",".join(case.kubectl("api-resources", "--namespaced", "--verbs=list,delete", "--output=name").split())
        kinds = ",".join(kind for kind in kinds.split(",") if not kind.startswith("events"))
        before = case.kubectl("get", kinds, "--output=name").split()
        case.install(monitoring={"dashboard": {"enabled": True}}, networkPolicy={"enabled": False})
        case.flow()
        case.helm("uninstall", "--wait")
        wait(lambda: not case.pods(), "no pods")

        def left() -> set[str]:
            return set(case.kubectl("get", kinds, "--output=name").split()) - set(before)

        wait(lambda: not left(), "nothing left of the release")
        case.install()
        case.delivered()
        case.finish()
