"""KEDA scales by the lag of the topic."""

from __future__ import annotations

import time

import pytest

from e2e.bed import Bed, wait
from e2e.case import Case

pytestmark = [pytest.mark.timeout(1800), pytest.mark.keda]

_OPERATOR = "deployment/keda-operator"
_WINDOW = 15
_THRESHOLD = 200
_KEDA = {
    "enabled": True,
    "minReplicas": 1,
    "maxReplicas": 4,
    "pollingInterval": 3,
    "lag": {"threshold": _THRESHOLD},
    "scaleDown": {"stabilizationWindowSeconds": _WINDOW, "periodSeconds": 5},
}
SLOW = {"kind": "latency", "distribution": "fixed", "ms": 1500}
"""One pod gets fewer leads through than come: MAX_IN_FLIGHT * BATCH in 1.5 s."""


def test_scaled_on_lag(bed: Bed) -> None:
    """A slow API makes lag, lag makes pods, up to the most allowed; when it is gone they go, one after the other."""
    bed.cluster.provide_keda()
    with Case(bed, "scaled 1 → 4 → 1 by KEDA on lag") as case:
        case.install(keda=_KEDA)
        case.flow()
        case.wait_ready(1)
        bed.fault(**SLOW)
        try:
            case.wait_ready(4)
        finally:
            bed.heal()
        wait(lambda: len(case.pods()) == 1, "one pod again")
        case.delivered()
        case.finish()


def test_lag_unknown(bed: Bed) -> None:
    """While KEDA has no metric, the number of pods stays, although few leads wait."""
    bed.cluster.provide_keda()
    with Case(bed, "KEDA away while there are 4 pods") as case:
        case.install(keda=_KEDA)
        case.flow()
        bed.fault(**SLOW)
        try:
            case.wait_ready(4)
            bed.kube.kubectl("-n", "keda", "scale", _OPERATOR, "--replicas=0")
            wait(lambda: not _metric(case), "the metric to be missed")
            bed.heal()
            wait(lambda: _few_wait(case), "the lag to be gone")
            began = time.monotonic()
            while time.monotonic() - began < 3 * _WINDOW:
                assert len(case.pods()) == 4, "the number stays"
        finally:
            bed.heal()
            bed.kube.kubectl("-n", "keda", "scale", _OPERATOR, "--replicas=1")
        wait(lambda: len(case.pods()) == 1, "one pod again")
        case.delivered()
        case.finish()


def _few_wait(case: Case) -> bool:
    """Whether the lag is below what a pod more is for."""
    lag = case.bed.lag(case.group, case.topic)
    return lag is not None and lag < _THRESHOLD


def _metric(case: Case) -> bool:
    """Whether the autoscaler has it."""
    active = "--output=jsonpath={.items[*].status.conditions[?(@.type=='ScalingActive')].status}"
    return case.kubectl("get", "horizontalpodautoscalers", active) == "True"
