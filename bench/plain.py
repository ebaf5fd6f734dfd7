"""A plain consumer: when does a record come to a consumer that does nothing else? ``python -m bench.plain``.

Prints a lead's number and the instant (nanoseconds since the epoch) for each record, until it is ended.
"""

from __future__ import annotations

import argparse
import time
from uuid import uuid4

from confluent_kafka import Consumer

from bench.data import number_of


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.plain")
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    options = parser.parse_args()
    consumer = Consumer(
        {
            "bootstrap.servers": options.bootstrap,
            "group.id": f"plain-{uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([options.topic])
    while True:
        message = consumer.poll(1.0)
        now = time.time_ns()
        if message is not None and message.error() is None:
            print(number_of(message.value() or b""), now, flush=True)


if __name__ == "__main__":
    main()
