"""Faults of the group: rebalances one after another."""

from __future__ import annotations

import pytest

from tests.chaos import group_faults
from tests.chaos.bed import PROTOCOLS
from tests.chaos.conftest import MakeCase

STORM = 60.0
"""Seconds."""


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_storm_of_rebalances(make_case: MakeCase, protocol: str) -> None:
    """Nothing is sent twice: every member leaves in order."""
    with make_case("rebalance storm", protocol) as case:
        assert group_faults.storm(case, STORM) >= group_faults.LEAST
        case.check()
