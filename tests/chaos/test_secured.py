"""Brokers that demand TLS and a password: the connector reads from them, and says what is wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed.kafka import KafkaCluster
from tests.chaos import secured_faults
from tests.chaos.broker_faults import whole_again
from tests.chaos.conftest import MakeCase
from tests.chaos.secured_faults import ADVICE, secured
from tests.unit.cli.support import cli, configuration


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaCluster]:
    """One broker that lets clients in by SASL_SSL only."""
    with KafkaCluster(secured=True) as cluster:
        yield cluster


@pytest.mark.chaos
def test_the_broker_is_restarted(make_case: MakeCase, cluster: KafkaCluster) -> None:
    """The members log in again."""
    with make_case("SASL_SSL broker restarted", broker=cluster) as case, whole_again(cluster):
        secured_faults.restart(case, cluster)
        case.check()


@pytest.mark.chaos
def test_a_wrong_password(make_case: MakeCase, cluster: KafkaCluster) -> None:
    """The member says what to do, and does no harm."""
    with make_case("SASL_SSL: a member with a wrong password", broker=cluster) as case:
        secured_faults.wrong_password(case, cluster)
        case.check()


@pytest.mark.parametrize("right", [True, False], ids=["right password", "wrong password"])
def test_check_online(cluster: KafkaCluster, tmp_path: Path, right: bool) -> None:
    """``check --online`` gets in with the password, and says which file to look at without."""
    name, dead = f"leads-{right}", f"dead-{right}"
    for topic in (name, dead):
        cluster.create_topic(topic, 1)
    password = tmp_path / "password"
    password.write_text(cluster.security.password if right else "wrong")
    kafka = secured(cluster, password)["kafka"]
    config = configuration(tmp_path, kafka={**kafka, "topics": [name]}, dead_letters={"topic": dead})
    report = json.loads(cli("check", "-c", config, "--online", "--output", "json").out)
    brokers = next(each for each in report["online"] if each["what"] == "brokers")
    assert brokers["ok"] is right
    assert right or ADVICE in brokers["message"]
