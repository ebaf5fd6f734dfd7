"""Trace contexts in records' headers, and what tracing costs where it is off."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from connector.delivery.batch import Batch
from connector.delivery.nagle import Flush
from connector.delivery.progress import PartitionProgress
from connector.delivery.record import Claim, Headers, Record, Shipment
from connector.leads.answer import Answer
from connector.leads.mapped import Destination, MappedLead
from connector.traces import Traces, context_of, links

ROOT = Path(__file__).parents[2]
GOOD = b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def shipment(headers: Headers | None) -> Shipment:
    """A lead whose record has these headers."""
    record = Record(Claim("leads", 0, PartitionProgress(0)), 0, None, None, b"x", headers)
    return Shipment(record, MappedLead("lead-1", None, "main", Destination("sales"), b"{}"), 0.0)


def test_the_trace_context_of_a_record() -> None:
    """As W3C writes it, with the state that tracers add."""
    context = context_of([("traceparent", GOOD), ("tracestate", b"vendor=1")])
    assert context is not None and context.is_remote
    assert (context.trace_id, context.span_id) == (0x0AF7651916CD43DD8448EB211C80319C, 0xB7AD6B7169203331)
    assert context.trace_flags.sampled and context.trace_state.get("vendor") == "1"


@pytest.mark.parametrize(
    "headers",
    [
        None,
        [],
        [("traceparent", None)],
        [("tracestate", b"vendor=1")],
        [("traceparent", b"")],
        [("traceparent", GOOD.replace(b"00-", b"ff-", 1))],
        [("traceparent", b"00-" + b"0" * 32 + GOOD[35:])],
        [("traceparent", GOOD + b"-x")],
        [("traceparent", b"\xff" * 55)],
        [("traceparent", GOOD), ("traceparent", b"nonsense")],
    ],
)
def test_what_is_no_trace_context_is_none(headers: Headers | None) -> None:
    """And never stops a lead."""
    assert context_of(headers) is None


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_no_header_raises(parent: bytes, state: bytes) -> None:
    """Whatever its producer wrote."""
    context_of([("traceparent", parent), ("tracestate", state)])
    assert context_of([("traceparent", GOOD), ("tracestate", state)]) is not None


def test_leads_of_one_trace_are_one_link() -> None:
    """The parts of an event, or a batch job's leads."""
    assert len(links([shipment([("traceparent", GOOD)]), shipment([("traceparent", GOOD)]), shipment(None)])) == 1


def test_a_request_that_is_abandoned_ends_its_span() -> None:
    """And goes on being cancelled."""
    said: list[str] = []
    spans = InMemorySpanExporter()
    traces = Traces("0", said.append, spans)

    async def never() -> Answer:
        answer: Answer = await asyncio.get_running_loop().create_future()
        return answer

    async def abandoned() -> None:
        batch = Batch([shipment(None)], Flush.IDLE, 0.0, 1)
        task = asyncio.ensure_future(traces.around(Destination("sales"), batch, never()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(abandoned())
    traces.close().join()
    [span] = spans.get_finished_spans()
    assert span.attributes is not None and span.attributes["lead_connector.answer"] == "abandoned"
    assert not span.status.is_ok and not said


def test_where_it_is_off_nothing_of_it_is_imported() -> None:
    """The image does without the extra, and start-up without its time."""
    code = "import sys, connector.cli.run; sys.exit(any(m.split('.')[0] == 'opentelemetry' for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_spans_that_cannot_be_made_are_a_problem_of_the_configuration(tmp_path: Path) -> None:
    """Before anything connects: with its place and the way out."""
    (tmp_path / "token").write_text("a-token")
    config = {
        "kafka": {"bootstrap_servers": "127.0.0.1:1", "topics": ["leads"]},
        "schemas": {"reader": str(ROOT / "schemas" / "lead_event.avsc")},
        "ucontact": {"base_url": "http://127.0.0.1:1", "token_file": str(tmp_path / "token")},
        "routes": [{"name": "all", "hub": "sales", "contact": {"clientIds": "person.phones"}}],
        "dead_letters": {"topic": "dead"},
        "telemetry": {"listen": "off", "traces": True},
    }
    (tmp_path / "connector.yaml").write_text(yaml.safe_dump(config))
    code = (
        "import sys; sys.modules['opentelemetry'] = None; from pathlib import Path; from connector.cli.run import run; "
    )
    code += f"sys.exit(run(Path({str(tmp_path / 'connector.yaml')!r})))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 2, ended.stderr
    assert "telemetry.traces" in ended.stderr and "lead-connector[otel]" in ended.stderr
