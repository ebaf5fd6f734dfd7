"""What happens around the pods: secrets, brokers, the API, their number."""

from __future__ import annotations

import time

import pytest

from e2e.bed import NAMESPACE, Bed, secret, wait
from e2e.case import IN_FLIGHT, Case, name_of, ready_since, restarts

pytestmark = pytest.mark.timeout(900)
OUTAGE = 120.0


def test_secret_rotated(bed: Bed) -> None:
    """The API takes only another token; the pods find it in their Secret, and are not started anew."""
    with Case(bed, "secret rotated") as case:
        case.install()
        case.flow()
        before = _state(case)
        bed.change_token()
        case.kube.apply(secret(case.namespace, bed.token))
        case.delivered()
        assert _state(case) == before, "no pod was restarted, or unready"
        case.remarks.append("the old token ends before the kubelet brings the new one")
        case.finish()


def test_kafka_restarted(bed: Bed) -> None:
    """The only broker is restarted; the pods wait for it. Where it is away for longer than the session time-out, leads
    that were delivered and could not be committed come again."""
    with Case(bed, "Kafka pod restarted") as case:
        case.install()
        case.flow()
        before = _state(case)
        began = time.monotonic()
        bed.kube.kubectl("-n", NAMESPACE, "delete", "pod", "kafka-0")
        bed.wait_rolled_out("statefulset/kafka")
        case.remarks.append(f"no broker for {time.monotonic() - began:.0f} s")
        case.delivered()
        assert _state(case) == before, "no pod was restarted, or unready"
        case.finish(duplicates=2 * IN_FLIGHT)


def test_api_down(bed: Bed) -> None:
    """Nobody answers at the API's address for two minutes: no restarts, and not one pod unready for it."""
    with Case(bed, "API down for two minutes") as case:
        case.install()
        case.flow()
        before = _state(case)
        bed.scale("sandbox", 0)
        began = time.monotonic()
        wait(lambda: time.monotonic() - began > OUTAGE, "the outage to be over")
        bed.scale("sandbox", 1)
        case.delivered()
        assert _state(case) == before, "no pod was restarted, or unready"
        # What was asked when the API was shut down, and never answered.
        case.finish(duplicates=2 * IN_FLIGHT)


def test_scaled_by_hand(bed: Bed) -> None:
    """From one pod to three and back."""
    with Case(bed, "scaled 1 → 3 → 1 by hand") as case:
        case.install(replicas=1)
        case.flow()
        for count in (3, 1):
            case.kubectl("scale", case.workload, f"--replicas={count}")
            case.wait_ready(count)
            case.delivered()
        case.finish()


def _state(case: Case) -> dict[str, tuple[str, int]]:
    """Since when each pod is ready, and how often it was started again."""
    return {name_of(pod): (ready_since(pod), restarts(pod)) for pod in case.wait_ready(2)}
