"""A secured cluster lets in who knows the password and the authority, and nobody else."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from testbed.kafka import KafkaCluster
from testbed.security import write_authority
from testbed.waiting import until
from tests.testbed.clients import LIMIT, consume, produce, values


@pytest.fixture(scope="module")
def cluster() -> Iterator[KafkaCluster]:
    """One node that demands TLS and a password, behind a proxy."""
    with KafkaCluster(secured=True, proxied=True) as cluster:
        cluster.create_topic("leads", 1)
        yield cluster


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_who_knows_the_password_reads_and_writes(cluster: KafkaCluster, mechanism: str) -> None:
    """Both mechanisms let the user in, through the proxy."""
    topic = f"leads-{mechanism}"
    cluster.create_topic(topic, 1)
    client = {**cluster.client_properties, "sasl.mechanism": mechanism}
    assert client["bootstrap.servers"] == cluster.proxied_servers
    produce(client["bootstrap.servers"], topic, ["a"], settings=client)
    assert values(consume(client["bootstrap.servers"], topic, 1, settings=client)) == ["a"]


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-512"])
def test_a_wrong_password_is_refused(cluster: KafkaCluster, mechanism: str) -> None:
    """The broker says no to the password, not to the connection."""
    wrong = {**cluster.client_properties, "sasl.mechanism": mechanism, "sasl.password": "wrong"}
    assert _refusal(wrong) == KafkaError._AUTHENTICATION


def test_an_unknown_authority_is_refused(cluster: KafkaCluster, tmp_path: Path) -> None:
    """A client that trusts somebody else does not talk to the broker."""
    write_authority(tmp_path / "ca.pem", tmp_path / "key.pem")
    assert _refusal({**cluster.client_properties, "ssl.ca.location": str(tmp_path / "ca.pem")}) == KafkaError._SSL


def test_without_tls_nobody_comes_in(cluster: KafkaCluster) -> None:
    """A client without any of it gets no answer."""
    plain = AdminClient({"bootstrap.servers": cluster.proxied_servers, "log_level": 0})
    with pytest.raises(KafkaException):
        plain.list_topics(timeout=2)


def test_secured_data_remembers_its_user(tmp_path: Path) -> None:
    """The next cluster on the same folder has the same authority and password; without proxies it works too."""
    with KafkaCluster(secured=True, data_dir=tmp_path / "kafka") as cluster:
        cluster.create_topic("leads", 1)
        before = cluster.security
        assert cluster.client_properties["bootstrap.servers"] != cluster.bootstrap_servers
    with KafkaCluster(secured=True, data_dir=tmp_path / "kafka") as cluster:
        assert cluster.security == before
        client = {**cluster.client_properties, "sasl.mechanism": "SCRAM-SHA-512"}
        produce(client["bootstrap.servers"], "leads", ["a"], settings=client)


def test_an_open_cluster_has_no_password() -> None:
    """A plain cluster says so."""
    with pytest.raises(RuntimeError, match="not secured"):
        _ = KafkaCluster().security


def _refusal(client: Mapping[str, str]) -> int:
    """The code of the first error that a client meets other than that all brokers are down."""
    errors: list[KafkaError] = []
    settings: dict[str, Any] = {**client, "log_level": 0, "error_cb": errors.append}
    admin = AdminClient(settings)

    def refused() -> list[int]:
        admin.poll(0.1)
        return [error.code() for error in errors if error.code() != KafkaError._ALL_BROKERS_DOWN]

    return until(refused, limit=LIMIT, what="a refusal", interval=0)[0]
