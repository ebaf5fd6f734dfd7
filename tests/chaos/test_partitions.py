"""Faults between the brokers and the members: partitions of the network, and acknowledgements that get lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testbed.kafka import KafkaCluster
from tests.chaos import network_faults
from tests.chaos.bed import PROTOCOLS
from tests.chaos.broker_faults import whole_again
from tests.chaos.conftest import MakeCase
from tests.chaos.network_faults import Partition


@pytest.fixture(scope="module")
def proxied() -> Iterator[KafkaCluster]:
    """One broker behind a proxy."""
    with KafkaCluster(proxied=True) as cluster:
        yield cluster


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("how", list(Partition), ids=lambda how: how.value)
def test_everybody_is_cut_off(make_case: MakeCase, proxied: KafkaCluster, protocol: str, how: Partition) -> None:
    """For longer than the session."""
    name = f"network partition of all members, past the session: connections {how.value}"
    with make_case(name, protocol, broker=proxied) as case, whole_again(proxied):
        network_faults.everybody_cut_off(case, proxied, how)
        case.check()


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_is_cut_off(make_case: MakeCase, proxied: KafkaCluster, protocol: str) -> None:
    """The other takes its partitions over while it goes on with what it has read; then what it sent to the brokers
    meanwhile arrives (in the next case connections break)."""
    name = "network partition of one of two members, past the session: connections frozen"
    with make_case(name, protocol, broker=proxied) as case, whole_again(proxied):
        network_faults.one_cut_off(case, proxied, Partition.FROZEN)
        case.check(duplicates=True)


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_member_is_cut_off_from_kafka(make_case: MakeCase, proxied: KafkaCluster, protocol: str) -> None:
    """What it sends once another member owns its partitions, that one sends too."""
    name = "one member cut off from Kafka, not from the API"
    with make_case(name, protocol, broker=proxied) as case, whole_again(proxied):
        network_faults.one_cut_off_from_kafka(case, proxied)
        case.check(duplicates=True)


@pytest.mark.parametrize("protocol", ["classic", pytest.param("consumer", marks=pytest.mark.chaos)])
def test_an_acknowledgement_is_lost(make_case: MakeCase, proxied: KafkaCluster, protocol: str) -> None:
    """The commit is made again, and costs nothing."""
    with make_case("commit acknowledgement lost", protocol, broker=proxied) as case, whole_again(proxied):
        network_faults.reconnect(case, proxied)
        case.check()


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_killed_without_the_acknowledgement(make_case: MakeCase, proxied: KafkaCluster, protocol: str) -> None:
    """What the commit says holds, though nobody was told that it is stored."""
    with make_case("commit acknowledgement lost, kill -9", protocol, broker=proxied) as case, whole_again(proxied):
        network_faults.kill(case, proxied)
        case.check()
