"""What an OpenTelemetry collector is to its clients: it takes spans as protobuf over HTTP."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.trace.v1.trace_pb2 import Span


class Collector:
    """Its spans, in the order in which they came, and the attributes of the resource that each came from."""

    def __init__(self) -> None:
        self.spans: list[tuple[Span, dict[str, Any]]] = []
        self.status = 200
        """What it answers from now on."""
        self.refused = 0
        self.url = ""

    def take(self, path: str, content_type: str, body: bytes) -> bytes:
        """One export. Raises AssertionError for what OTLP over HTTP does not say."""
        assert (path, content_type) == ("/v1/traces", "application/x-protobuf"), (path, content_type)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            of = attributes(resource.resource)
            self.spans += [(span, of) for scope in resource.scope_spans for span in scope.spans]
        answer: bytes = ExportTraceServiceResponse().SerializeToString()
        return answer


def attributes(of: Any) -> dict[str, Any]:
    """Those of a span or resource, as Python values."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in of.attributes}


@contextmanager
def collector() -> Iterator[Collector]:
    """One that listens on a free port of the loopback, until the end of the block."""
    made = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            answer = b""
            if made.status == 200:
                answer = made.take(self.path, self.headers["content-type"], body)
            else:
                made.refused += 1
            self.send_response(made.status)
            self.send_header("content-type", "application/x-protobuf")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_arguments: object) -> None:
            """Nothing: what came is in ``spans``."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
