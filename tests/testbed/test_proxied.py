"""A cluster behind proxies: its clients can be parted from it, while tests and brokers go on."""

import pytest
from confluent_kafka import KafkaException

from testbed.kafka import KafkaCluster
from testbed.proxy import TcpProxy
from testbed.topics import admin_client
from testbed.waiting import until
from tests.testbed.clients import LIMIT, consume, produce, values


def test_a_partition_parts_clients_only() -> None:
    """Who starts at the proxies hears of nothing else; all cut or all frozen part it, and it comes back by itself."""
    with KafkaCluster(3, proxied=True) as cluster:
        cluster.create_topic("leads", 6)
        inside = admin_client(cluster.proxied_servers)
        brokers = inside.list_topics(timeout=LIMIT).brokers
        assert {node: broker.port for node, broker in brokers.items()} == {
            node: proxy.port for node, proxy in zip(cluster.nodes, cluster.proxies, strict=True)
        }
        for part in (TcpProxy.cut, TcpProxy.freeze):
            for proxy in cluster.proxies:
                part(proxy)
            with pytest.raises(KafkaException):
                inside.list_topics(timeout=2)
            produce(cluster.bootstrap_servers, "leads", ["a"])
            for proxy in cluster.proxies:
                proxy.heal()
            inside.list_topics(timeout=LIMIT)
        assert values(consume(cluster.proxied_servers, "leads", 2)) == ["a", "a"]


def test_a_restarted_broker_is_found_through_its_proxy() -> None:
    """Its address for clients outlives it."""
    with KafkaCluster(proxied=True) as cluster:
        cluster.create_topic("leads", 1)
        cluster.kill()
        cluster.start()
        produce(cluster.proxied_servers, "leads", ["a"])
        assert values(consume(cluster.proxied_servers, "leads", 1)) == ["a"]
        until(lambda: cluster.proxies[0].connections == 0, limit=LIMIT, what="all clients gone")


def test_without_proxies_there_are_none() -> None:
    """A plain cluster says so instead of giving an empty address."""
    cluster = KafkaCluster()
    assert cluster.proxies == []
    with pytest.raises(RuntimeError, match="no proxies"):
        _ = cluster.proxied_servers
