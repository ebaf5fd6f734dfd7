"""The floor: the least that one Python process pays for the same leads. ``python -m bench.floor``.

One loop that consumes, decodes with fastavro, makes the same contacts by hand and serializes them in batches. No HTTP,
no commits, no checks, no outcomes: nobody should run this. Prints one line of JSON.
"""

from __future__ import annotations

import argparse
import json
import time
from io import BytesIO
from typing import Any, cast
from uuid import uuid4

import fastavro
import orjson
from confluent_kafka import Consumer
from whenever import Instant, PlainDateTime

from bench.paths import READER

_FRAME = 5  # bytes: magic byte and schema id
_ENVELOPE = len(b'{"leads":[]}')


def contact(lead: dict[str, Any]) -> dict[str, Any]:
    """What `bench.program.CONTACT` makes of a lead, written by hand."""
    person = lead["person"]
    made: dict[str, Any] = {
        "clientIds": person["phones"],
        "priority": lead["priority"],
        "data": {
            "id": lead["eventId"],
            "name": f"{person['firstName']} {person['lastName']}",
            "campaign": lead["source"]["campaignId"],
        },
        "timezone": person["timezone"],
    }
    if schedule := lead["schedule"]:
        at = schedule["at"]
        if isinstance(at, dict):
            made["timezone"] = at["timezone"]
            moment = PlainDateTime(at["local"]).assume_tz(at["timezone"])
        else:
            moment = Instant(at).to_tz(person["timezone"])
        made["scheduleDate"] = moment.to_plain().format_iso(sep=" ", unit="second")
    return made


def drain(bootstrap: str, topic: str, leads: int, batch: int) -> dict[str, float]:
    """Read so many leads from the beginning of the topic; time and CPU count from the first records on."""
    schema = fastavro.parse_schema(json.loads(READER.read_text(encoding="utf-8")))
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"floor-{uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe([topic])
    done = size = 0
    started = cpu = 0.0
    while done < leads:
        messages = [message for message in consumer.consume(500, 0.1) if message.error() is None]
        if not messages:
            continue
        if not started:
            started, cpu = time.perf_counter(), time.process_time()
        for first in range(0, len(messages), batch):
            contacts = []
            for message in messages[first : first + batch]:
                stream = BytesIO(message.value() or b"")
                stream.seek(_FRAME)
                lead = cast("dict[str, Any]", fastavro.schemaless_reader(stream, schema, None))
                contacts.append(contact(lead))
            size += len(orjson.dumps({"leads": contacts})) - _ENVELOPE - (len(contacts) - 1)
        done += len(messages)
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    consumer.close()
    return {"leads": done, "seconds": seconds, "cpu_seconds": cpu, "contact_bytes": size}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m bench.floor")
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--topic", required=True)
    parser.add_argument("--leads", type=int, required=True)
    parser.add_argument("--batch", type=int, default=50)
    options = parser.parse_args()
    print(orjson.dumps(drain(options.bootstrap, options.topic, options.leads, options.batch)).decode())


if __name__ == "__main__":
    main()
