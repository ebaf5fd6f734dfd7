"""Faults of the network between connectors and brokers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testbed.kafka import KafkaCluster
from tests.chaos import network
from tests.chaos.bed import PROTOCOLS
from tests.chaos.conftest import MakeCase


@pytest.fixture(scope="module")
def proxied() -> Iterator[KafkaCluster]:
    """One broker behind a proxy."""
    with KafkaCluster(proxied=True) as cluster:
        yield cluster


@pytest.mark.chaos
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_member_is_cut_off_from_kafka(make_case: MakeCase, proxied: KafkaCluster, protocol: str) -> None:
    """What it sends once another member owns its partitions, that one sends too."""
    with make_case("one member cut off from Kafka, not from the API", protocol, broker=proxied) as case:
        network.one_member_cut_off(case, proxied)
        case.check(duplicates=True)
