"""KEDA scales by the lag of the topic."""

from __future__ import annotations

import pytest

from e2e.bed import Bed, wait
from e2e.case import Case

pytestmark = [pytest.mark.timeout(1800), pytest.mark.keda]

_KEDA = {
    "enabled": True,
    "minReplicas": 1,
    "maxReplicas": 4,
    "pollingInterval": 3,
    "lag": {"threshold": 200},
    "scaleDown": {"stabilizationWindowSeconds": 15, "periodSeconds": 5},
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
            reasons = "--output=jsonpath={.items[*].status.conditions[?(@.type=='Fallback')].status}"
            wait(lambda: case.kubectl("get", "scaledobjects", reasons) == "True", "KEDA to fall back")
            assert len(case.pods()) == 4
        finally:
            bed.heal()
            bed.start_kafka()
        wait(lambda: len(case.pods()) == 1, "one pod again")
        case.delivered()
        case.finish()
