"""KEDA scales by the lag of the topic."""

from __future__ import annotations

import time

import pytest

from e2e.bed import Bed, wait
from e2e.case import Case

pytestmark = [pytest.mark.timeout(1800), pytest.mark.keda]

_WINDOW = 15
_KEDA = {
    "enabled": True,
    "minReplicas": 1,
    "maxReplicas": 4,
    "pollingInterval": 3,
    "lag": {"threshold": 200},
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
    """While KEDA cannot ask the brokers, the number of pods stays."""
    bed.cluster.provide_keda()
    with Case(bed, "KEDA without metrics: the brokers are away") as case:
        case.install(keda=_KEDA)
        case.flow()
        bed.fault(**SLOW)
        try:
            case.wait_ready(4)
            bed.stop_kafka()
            # KEDA's own fallback does not come to it: without brokers its trigger cannot even be made. Its autoscaler
            # gets no metric then, and does nothing.
            wait(lambda: "Failing" in _health(case) and not _metric(case), "KEDA to miss the metric")
            began = time.monotonic()
            while time.monotonic() - began < 3 * _WINDOW:
                assert len(case.pods()) == 4, "the number stays"
        finally:
            bed.heal()
            bed.start_kafka()
        wait(lambda: len(case.pods()) == 1, "one pod again")
        case.delivered()
        case.finish()


def _health(case: Case) -> str:
    """What KEDA says of the trigger."""
    return case.kubectl("get", "scaledobjects", "--output=jsonpath={.items[*].status.health}")


def _metric(case: Case) -> bool:
    """Whether the autoscaler has it."""
    active = "--output=jsonpath={.items[*].status.conditions[?(@.type=='ScalingActive')].status}"
    return case.kubectl("get", "horizontalpodautoscalers", active) == "True"
