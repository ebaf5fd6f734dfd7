"""``lead-connector trace``."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import orjson
import typer

from connector.cli import moments
from connector.cli.output import Output
from connector.cli.preview import previewing
from connector.cli.problems import load_and_plan
from connector.cli.progress import bars
from connector.config import Loaded
from connector.config.names import topic_matches
from connector.kafka.reading import PeekError, Position, Reader
from connector.parts import kafka_settings, own_topics
from connector.plan import Connection
from connector.repair.masking import printable
from connector.repair.trace import Search, Trace, verdict
from connector.repair.tracing import Places, trace
from connector.repair.wording import moment

DAYS = 7
"""How far back is looked where nothing else is said."""


def command(config: Path, lead: str, *, start: str | None, output: Output) -> int:
    """Print what became of a lead. Returns the exit code: what is found is a result, also nothing."""
    now_ms = time.time_ns() // 1_000_000
    if not lead.strip():
        raise typer.BadParameter("no lead has an empty id", param_hint="LEAD_ID")
    since = Position(time_ms=now_ms - DAYS * 86_400_000) if start is None else moments.position(start, "--from")
    if since.at_end or (since.time_ms is None and since.offset):
        raise typer.BadParameter("earliest, or a time", param_hint="--from")
    loaded, plan = load_and_plan(
        config, check_files=False, connections=frozenset({Connection.KAFKA, Connection.REGISTRY})
    )
    try:
        with (
            Reader(kafka_settings(loaded)) as reader,
            previewing(loaded, plan, now_ms) as preview,
            bars() as bar,
        ):
            search = Search(reader, preview, lead, lambda text: typer.echo(f"note: {text}", err=True))
            found = sorted(trace(reader, search, places(loaded), since, bar), key=lambda each: each.time_ms)
    except PeekError as error:
        typer.echo(str(error), err=True)
        return 1
    show = _as_json if output is Output.JSON else _as_text
    sys.stdout.buffer.write(show(lead, found, "" if since.time_ms is None else moment(since.time_ms)))
    sys.stdout.flush()
    if loaded.settings.receipts is None:
        typer.echo("note: there are no receipts, so of leads that were delivered nothing is kept", err=True)
    return 0


def places(loaded: Loaded) -> Places:
    """Where the leads of a configuration are."""
    entries, topics = loaded.settings.kafka.topics, own_topics(loaded)

    def reads(topic: str) -> bool:
        return any(topic_matches(entry, topic) for entry in entries)

    from_end = loaded.settings.kafka.start.value == "latest"
    return Places(reads, from_end, topics.dead_letters, topics.review, topics.retries, topics.receipts)


def _as_text(lead: str, found: list[Trace], since: str) -> bytes:
    lines = [f"lead {lead}, looked for {f'from {since} on' if since else 'from the beginning'}"]
    for each in found:
        part = f" part {each.part}:" if each.part else ""
        lines.append(f"  {moment(each.time_ms)}  {each.at}:{part} {each.text}")
    lines += [text for _, text in verdict(found)]
    return "".join(f"{printable(line)}\n" for line in lines).encode()


def _as_json(_lead: str, found: list[Trace], since: str) -> bytes:
    rows: list[dict[str, object]] = [
        {
            "kind": "event",
            "time": moment(each.time_ms),
            "position": str(each.at),
            "what": each.what.value,
            "part": each.part,
            "text": each.text,
        }
        for each in found
    ]
    said = [{"what": "unknown" if what is None else what.value, "text": text} for what, text in verdict(found)]
    rows.append({"kind": "verdict", "from": since or None, "verdict": said})
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)
