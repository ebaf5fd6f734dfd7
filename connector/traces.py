"""OpenTelemetry traces: a span for each request with leads, linked to the traces of their records.

Part of the composition root, and alone imports opentelemetry (the extra ``otel``): import it only where
``telemetry.traces`` is on. Where spans go and how many, the SDK reads from the standard variables ``OTEL_*``. A span
holds counts, names of the configuration and the answer's class; never anything of a lead.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, SpanKind, StatusCode, get_current_span
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from connector.delivery.batch import Batch
from connector.delivery.record import Headers, Shipment
from connector.hub_gauges import label_of
from connector.leads.answer import Answer, AnswerClass
from connector.leads.mapped import Destination

SERVICE = "lead-connector"
_W3C = TraceContextTextMapPropagator()
_CONTEXT_HEADERS = ("traceparent", "tracestate")


class Traces:
    """Makes the spans and exports them, from a thread of its own. ``around`` belongs to the event loop."""

    def __init__(self, version: str, on_trouble: Callable[[str], None], exporter: SpanExporter | None = None) -> None:
        """``on_trouble`` is told on the exporting thread when spans could not be exported; they are gone. ``exporter``
        takes the place of OTLP (tests). Connects to nothing; of variables ``OTEL_*`` that cannot be, the SDK takes the
        default.
        """
        # What matters comes through on_trouble, with a way out; these lines repeat it in the SDK's words.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        ours = Resource({"service.name": SERVICE, "service.version": version})
        self._provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(_Told(exporter or OTLPSpanExporter(), on_trouble)))
        self._tracer = self._provider.get_tracer(SERVICE, version)

    async def around(self, destination: Destination, batch: Batch, asked: Awaitable[Answer]) -> Answer:
        """Implements ``delivery.Around``: the answer of this request, for which there is a span while it is awaited."""
        span = self._tracer.start_span(
            f"POST {destination.endpoint.value}",
            context=Context(),  # of its own: it belongs to as many traces as it has leads
            kind=SpanKind.CLIENT,
            links=links(batch.shipments),
            attributes={
                "http.request.method": "POST",
                "messaging.system": "kafka",
                "messaging.batch.message_count": len(batch.shipments),
                "lead_connector.hub": label_of(destination.hub),
                "lead_connector.flush": batch.flush.value,
                "lead_connector.probe": batch.probe,
            },
        )
        kind = "abandoned"
        try:
            answer = await asked
            kind = answer.kind.value
            if answer.status is not None:
                span.set_attribute("http.response.status_code", answer.status)
            return answer
        finally:
            span.set_attribute("lead_connector.answer", kind)
            if kind != AnswerClass.ACCEPTED.value:
                span.set_status(StatusCode.ERROR, kind)
            span.end()

    def close(self) -> threading.Thread:
        """Export what is left, in the thread that is given back. It may take as long as the exporter's time-out, and
        keeps no process from ending."""
        thread = threading.Thread(target=self._provider.shutdown, name="traces", daemon=True)
        thread.start()
        return thread


class _Told(SpanExporter):
    """Says when an export failed, in which the SDK only logs it."""

    def __init__(self, exporter: SpanExporter, on_trouble: Callable[[str], None]) -> None:
        self._exporter = exporter
        self._on_trouble = on_trouble

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        if result is not SpanExportResult.SUCCESS:
            self._on_trouble(f"{len(spans)} spans were not exported")
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def links(shipments: Iterable[Shipment]) -> list[Link]:
    """To the trace context of each record that has one, each once."""
    contexts = (context_of(shipment.record.headers) for shipment in shipments)
    once = {(context.trace_id, context.span_id): context for context in contexts if context is not None}
    return [Link(context) for context in once.values()]


def context_of(headers: Headers | None) -> SpanContext | None:
    """The trace context that a record's headers carry (W3C Trace Context: ``traceparent``, ``tracestate``; of several
    the last, as Kafka's clients read headers). None where there is none, or one that cannot be."""
    carrier = {
        name: content.decode("latin-1") if isinstance(content, bytes) else content
        for name, content in headers or ()
        if name in _CONTEXT_HEADERS and content is not None
    }
    if "traceparent" not in carrier:
        return None
    context = get_current_span(_W3C.extract(carrier, Context())).get_span_context()
    return context if context.is_valid else None
