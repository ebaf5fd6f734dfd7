"""Faults of the brokers: killed, frozen, without their coordinator, and content with little metadata."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testbed.kafka import KafkaCluster
from tests.chaos import broker_faults, committed_state
from tests.chaos.bed import PROTOCOLS
from tests.chaos.broker_faults import whole_again
from tests.chaos.conftest import MakeCase

FROZEN = 30.0
"""Seconds for which the only broker stands still."""
BRIEFLY = 12.0
"""The same for one of three: the others notice after 6 s."""


@pytest.fixture(scope="module")
def single() -> Iterator[KafkaCluster]:
    """One broker."""
    with KafkaCluster() as cluster:
        yield cluster


@pytest.fixture(scope="module")
def three() -> Iterator[KafkaCluster]:
    """Three brokers."""
    with KafkaCluster(nodes=3) as cluster:
        yield cluster


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_only_broker_is_killed(make_case: MakeCase, single: KafkaCluster, protocol: str) -> None:
    """The process remembers what it delivered meanwhile."""
    with make_case("broker: kill -9, started again", protocol, broker=single) as case, whole_again(single):
        broker_faults.restart(case, single)
        case.check()


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_only_broker_is_frozen(make_case: MakeCase, single: KafkaCluster, protocol: str) -> None:
    """SIGSTOP, then SIGCONT, after which all sessions have ended at once."""
    with make_case(f"broker: frozen {FROZEN:g} s", protocol, broker=single) as case, whole_again(single):
        broker_faults.frozen(case, single, FROZEN)
        case.check()


@pytest.mark.chaos
def test_one_of_three_is_killed(make_case: MakeCase, three: KafkaCluster) -> None:
    """Partitions get other leaders."""
    with make_case("one of three brokers: kill -9, started again", broker=three) as case, whole_again(three):
        broker_faults.one_of_three(case, three)
        case.check()


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_coordinator_moves(make_case: MakeCase, three: KafkaCluster, protocol: str) -> None:
    """The group goes on with another coordinator."""
    with make_case("coordinator of the group: kill -9", protocol, broker=three) as case, whole_again(three):
        broker_faults.coordinator_moves(case, three)
        case.check()


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_coordinator_is_frozen(make_case: MakeCase, three: KafkaCluster, protocol: str) -> None:
    """Others take its partitions and groups; when it wakes it believes for a moment that they are still its own."""
    name = f"coordinator of the group, of three: frozen {BRIEFLY:g} s"
    with make_case(name, protocol, broker=three) as case, whole_again(three):
        broker_faults.frozen(case, three, BRIEFLY, three.coordinator(case.group))
        case.check()


@pytest.mark.chaos
def test_little_metadata(make_case: MakeCase) -> None:
    """Commits go on with less of it; what did not fit is sent again after a kill."""
    properties = {"offset.metadata.max.bytes": str(broker_faults.SMALL)}
    hubs = committed_state.TWO_HUBS
    with (
        KafkaCluster(properties=properties) as cluster,
        make_case("brokers take little metadata, kill -9", broker=cluster, hubs=hubs) as case,
    ):
        broker_faults.little_metadata(case)
        case.check(duplicates=True)
