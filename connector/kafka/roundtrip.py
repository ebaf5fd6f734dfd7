"""Puts one record on a topic and waits for its receipt, for `roundtrip`: joins no group, commits nothing."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from connector.delivery.position import Position
from connector.kafka.clients import Clients
from connector.kafka.probe import why
from connector.kafka.receipts import Receipt, read_receipt
from connector.kafka.settings import KafkaSettings

TIMEOUT = 10.0
"""Seconds for the brokers to answer a question."""
SLICE = 0.1
"""Seconds for which one poll waits."""

_UNKNOWN = (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError._UNKNOWN_TOPIC, KafkaError._UNKNOWN_PARTITION)


class RoundtripError(Exception):
    """The record could not be written, or there was no receipt; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Roundtrip:
    """What became of the record. ``seconds`` from its acknowledgement to the arrival of its receipt."""

    receipt: Receipt
    seconds: float


def roundtrip(settings: KafkaSettings, topic: str, receipts: str, value: bytes, *, timeout: float) -> Roundtrip:
    """Write ``value`` to a partition of ``topic``, taken at random, and wait for the first receipt of it.

    Blocks: for ``timeout`` seconds after the record was acknowledged, and some more for the brokers to answer before.
    Raises RoundtripError.
    """
    troubles: list[str] = []
    clients = Clients(settings, troubles.append)
    reader = clients.reader()
    at = topic
    try:
        partition = random.choice(_partitions(reader, topic))  # noqa: S311 - any will do
        at = receipts
        if partition not in _partitions(reader, receipts):
            raise RoundtripError(
                f"{receipts} has no partition {partition}, and {topic} has: give it at least as many partitions"
            )
        # From its end before the record is written, so that its receipt cannot be missed.
        _, end = reader.get_watermark_offsets(TopicPartition(receipts, partition), TIMEOUT)
        reader.assign([TopicPartition(receipts, partition, end)])
        at = topic
        position = _write(clients.producer(), topic, partition, value)
        at = receipts
        return _await(reader, position, receipts, timeout)
    except KafkaException as error:
        reader.poll(0)  # serves the callback that says what is behind it
        raise RoundtripError(_explained(error.args[0], at, troubles, settings)) from error
    finally:
        reader.close()


def _partitions(reader: Consumer, topic: str) -> list[int]:
    described = reader.list_topics(topic, TIMEOUT).topics[topic]
    if described.error is not None:
        raise KafkaException(described.error)
    return list(described.partitions)


def _write(producer: Producer, topic: str, partition: int, value: bytes) -> Position:
    """Where the record stands. Raises KafkaException; blocks until it is acknowledged, or the producer gives up."""
    answers: list[tuple[KafkaError | None, Message]] = []
    producer.produce(
        topic, value, partition=partition, on_delivery=lambda error, message: answers.append((error, message))
    )
    while not answers:
        producer.poll(SLICE)
    [(error, message)] = answers
    if error is not None:
        raise KafkaException(error)
    offset = message.offset()
    assert offset is not None, "an acknowledged record has an offset"  # noqa: S101
    return Position(topic, partition, offset)


def _await(reader: Consumer, position: Position, receipts: str, timeout: float) -> Roundtrip:
    started = time.monotonic()
    while (waited := time.monotonic() - started) < timeout:
        message = reader.poll(SLICE)
        if message is None:
            continue
        if (error := message.error()) is not None:
            if error.code() == KafkaError._PARTITION_EOF:
                continue
            raise KafkaException(error)
        receipt = read_receipt(message.value())
        if receipt is not None and receipt.position == position:
            return Roundtrip(receipt, waited)
    raise RoundtripError(
        f"no receipt of {position} on {receipts} within {timeout:g} s: does a connector with this configuration run, "
        "and does its hub take leads? Its log and /readyz say more"
    )


def _explained(error: KafkaError, topic: str, troubles: list[str], settings: KafkaSettings) -> str:
    if error.code() in _UNKNOWN:
        return f"there is no topic {topic} at {settings.bootstrap_servers}"
    if error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
        return f"this principal may not do that with the topic {topic}: it has to write the lead and read the receipt"
    return why(error, troubles, settings.bootstrap_servers, TIMEOUT)
