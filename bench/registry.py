"""The least that a schema registry is: one schema, id 1. Spares the benchmark the real one's download."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from bench.paths import READER
from testbed import provision


@dataclass(frozen=True)
class Registered:
    """Where the lead schema can be asked for, and under which id."""

    url: str
    schema_id: int


@contextmanager
def minimal() -> Iterator[Registered]:
    """Serves ``GET /schemas/ids/1`` from a thread of this process for as long as the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="registry", daemon=True)
        thread.start()
        try:
            yield Registered(f"http://127.0.0.1:{server.server_port}", 1)
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def real(topic: str) -> Iterator[Registered]:
    """The test bed's registry, with the lead schema registered for ``topic``."""
    with provision.registry() as registry:
        client = SchemaRegistryClient({"url": registry.url})
        schema = Schema(READER.read_text(encoding="utf-8"), "AVRO")
        schema_id = client.register_schema(f"{topic}-value", schema)
        client.close()
        yield Registered(registry.url, schema_id)


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        found = self.path.partition("?")[0] == "/schemas/ids/1"
        answer = {"schema": READER.read_text(encoding="utf-8")} if found else {"error_code": 40403, "message": "none"}
        body = json.dumps(answer).encode()
        self.send_response(200 if found else 404)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: it is asked once a run."""
