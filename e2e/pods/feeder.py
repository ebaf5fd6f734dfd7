"""Writes leads to Kafka from within the cluster, and tells how far a group has come. It runs in a pod.

POST /start {"topic", "prefix", "partitions", "more"} makes the topics (`more` are names) where they are missing. With
"rate" it writes so many leads a second from then on, with "count" so many at once, to the topic's partitions in turn:
PREFIX-1, PREFIX-2, and so on.
POST /stop {"prefix"} ends the flow and answers when all of it is acknowledged: {"written", "acknowledged", "failed"}.
GET /lag?group=G&topic=T: records that the group has not committed.
"""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from typing import Any

import uvicorn
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

BOOTSTRAP = os.environ["BOOTSTRAP"]
WAIT = 60.0
"""Seconds for one answer of the brokers."""
FLUSH = 280.0
"""Seconds for the brokers to acknowledge what was written; they may have to come back first."""
_TURN = 0.05
_EXISTS = "TOPIC_ALREADY_EXISTS"


def lead(name: str, number: int) -> bytes:
    """A canonical lead event as JSON."""
    now = time.time_ns() // 1_000_000
    event = {
        "eventId": name,
        "occurredAt": now,
        "receivedAt": now,
        "source": {"platform": "web", "accountId": None, "formId": f"form-{number % 13}", "campaignId": None,
                   "externalLeadId": None, "isTest": False},
        "person": {"firstName": "Ana", "lastName": f"Paz {number}", "phones": [f"+5989{number % 10_000_000:07d}"],
                   "email": f"ana{number}@example.com", "locale": "es-UY", "country": "UY",
                   "timezone": "America/Montevideo"},
        "consent": [],
        "schedule": None,
        "priority": number % 5,
        "attributes": {"product": "solar"},
    }  # fmt: skip
    return json.dumps(event).encode()


class Flow:
    """Leads for one topic. `start` and `stop` are for one thread at a time."""

    def __init__(self, topic: str, prefix: str, partitions: int) -> None:
        self._topic, self._prefix, self._partitions = topic, prefix, partitions
        self._producer = Producer(
            {
                "bootstrap.servers": BOOTSTRAP,
                "enable.idempotence": True,
                "linger.ms": 5,
                "message.timeout.ms": 300_000,
            }
        )
        self._numbers = itertools.count(1)
        self._written = self._acknowledged = 0
        self._failures: list[str] = []
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, rate: int) -> None:
        self._thread = threading.Thread(target=self._run, args=(rate,))
        self._thread.start()

    def burst(self, count: int) -> None:
        """So many at once; they need not be acknowledged yet."""
        for _ in range(count):
            self._write()

    def stop(self) -> dict[str, Any]:
        """Blocks until all is acknowledged, or cannot be."""
        if self._thread is not None:
            self._end.set()
            self._thread.join()
        self._producer.flush(FLUSH)
        return self.state()

    def state(self) -> dict[str, Any]:
        return {"written": self._written, "acknowledged": self._acknowledged, "failed": self._failures[:5]}

    def _run(self, rate: int) -> None:
        began, sent = time.monotonic(), 0
        while not self._end.wait(_TURN):
            due = int((time.monotonic() - began) * rate)
            for _ in range(due - sent):
                self._write()
            sent = due
            self._producer.poll(0)

    def _write(self) -> None:
        number = next(self._numbers)
        self._written = number
        value = lead(f"{self._prefix}-{number}", number)
        while True:
            try:
                partition = number % self._partitions
                self._producer.produce(self._topic, value, partition=partition, on_delivery=self._told)
                return
            except BufferError:
                self._producer.poll(0.1)

    def _told(self, error: object, _message: object) -> None:
        if error is None:
            self._acknowledged += 1
        else:
            self._failures.append(str(error))


FLOWS: dict[str, Flow] = {}


def make_topics(*topics: NewTopic) -> None:
    """Topics that are there already are left as they are."""
    admin = AdminClient({"bootstrap.servers": BOOTSTRAP})  # by a name: it must live until the answers are there
    for made in admin.create_topics(list(topics)).values():
        try:
            made.result(WAIT)
        except KafkaException as error:
            if error.args[0].name() != _EXISTS:
                raise


def begin(asked: dict[str, Any]) -> dict[str, Any]:
    """A flow, with its topics made. A letter is written to the partition of its number, so all have as many."""
    topic, prefix, partitions = asked["topic"], asked["prefix"], asked["partitions"]
    names = [topic, *asked.get("more", ())]
    make_topics(*(NewTopic(name, num_partitions=partitions, replication_factor=1) for name in names))
    flow = FLOWS.setdefault(prefix, Flow(topic, prefix, partitions))
    if "count" in asked:
        flow.burst(asked["count"])
    if "rate" in asked:
        flow.start(asked["rate"])
    return flow.state()


def lag(group: str, topic: str) -> dict[str, int]:
    """Records of the topic that the group has not committed; where it never did, all of them."""
    consumer = Consumer({"bootstrap.servers": BOOTSTRAP, "group.id": group, "enable.auto.commit": False})
    try:
        partitions = consumer.list_topics(topic, WAIT).topics[topic].partitions
        total = 0
        for place in consumer.committed([TopicPartition(topic, each) for each in partitions], WAIT):
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, place.partition), WAIT)
            total += high - (place.offset if place.offset >= 0 else low)
    finally:
        consumer.close()
    return {"lag": total}


async def post_start(request: Request) -> Response:
    """As the module says."""
    asked = await request.json()
    return JSONResponse(await run_in_threadpool(begin, asked))


async def post_stop(request: Request) -> Response:
    """As the module says."""
    flow = FLOWS[(await request.json())["prefix"]]
    return JSONResponse(await run_in_threadpool(flow.stop))


async def get_lag(request: Request) -> Response:
    """As the module says."""
    query = request.query_params
    return JSONResponse(await run_in_threadpool(lag, query["group"], query["topic"]))


def unavailable(_: Request, error: Exception) -> Response:
    """Kafka does not answer as it should: the reason."""
    return JSONResponse({"error": str(error)}, 503)


if __name__ == "__main__":
    app = Starlette(
        routes=[
            Route("/start", post_start, methods=["POST"]),
            Route("/stop", post_stop, methods=["POST"]),
            Route("/lag", get_lag),
        ],
        exception_handlers={KafkaException: unavailable},
    )
    uvicorn.run(app, host="0.0.0.0", port=8080, log_level="warning")  # noqa: S104 - it is alone in its pod
