"""``lead-connector roundtrip``."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import orjson
import typer

from connector.cli.problems import load_and_plan
from connector.config import Loaded
from connector.config.names import topic_matches
from connector.config.quantities import parse_positive_duration
from connector.kafka.receipts import Receipt
from connector.kafka.roundtrip import RoundtripError
from connector.kafka.roundtrip import roundtrip as through_kafka
from connector.leads.decode import Format
from connector.leads.outcome import Outcome
from connector.parts import kafka_settings
from connector.plan import Connection

_JSON = (Format.AUTO, Format.JSON)


def roundtrip(config: Path, *, file: Path, topic: str | None, timeout: str, expect: Collection[Outcome]) -> int:
    """Write a lead and print what became of it. Returns the exit code."""
    seconds = _seconds(timeout)
    lead = _lead(file)
    loaded, _ = load_and_plan(config, check_files=False, connections=frozenset({Connection.KAFKA}))
    receipts = loaded.settings.receipts
    if receipts is None:
        raise typer.BadParameter("the configuration has no receipts.topic, which tells what became of the lead")
    written_to = _topic(loaded, topic)
    schemas = loaded.settings.schemas
    if schemas.formats.get(written_to, schemas.format) not in _JSON:
        raise typer.BadParameter(
            f"{written_to} does not take JSON (schemas.format), which is all that this command writes",
            param_hint="--topic",
        )
    typer.echo(f"writing a lead to {written_to} at {loaded.settings.kafka.bootstrap_servers} …", err=True)
    try:
        done = through_kafka(kafka_settings(loaded), written_to, receipts.topic, lead, timeout=seconds)
    except RoundtripError as error:
        typer.echo(str(error), err=True)
        return 1
    typer.echo(f"{told(done.receipt)}, after {done.seconds:.1f} s")
    if done.receipt.outcome in expect:
        return 0
    typer.echo(f"expected: {', '.join(expect)}", err=True)
    return 1


def told(receipt: Receipt) -> str:
    """A receipt in a line."""
    text = f"{receipt.position}: {receipt.outcome.value}"
    if receipt.hub is not None:
        text += f", hub {receipt.hub}, route {receipt.route}"
    if receipt.reason is not None:
        text += f", {receipt.reason}"
    return text if receipt.filter is None else f"{text} by {receipt.filter}"


def filled(content: bytes, now: datetime, new_id: str) -> bytes:
    """A lead in JSON with each text ``$ID`` and ``$NOW`` replaced. Raises ValueError for what is no JSON object."""
    lead = orjson.loads(content)
    if not isinstance(lead, dict):
        raise TypeError("one JSON object is expected")
    moment = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps(_replaced(lead, {"$ID": new_id, "$NOW": moment}))


def _replaced(value: object, texts: dict[str, str]) -> object:
    if isinstance(value, dict):
        return {key: _replaced(each, texts) for key, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, texts) for each in value]
    return texts.get(value, value) if isinstance(value, str) else value


def _lead(file: Path) -> bytes:
    try:
        return filled(file.read_bytes(), datetime.now(UTC), f"test-{uuid4()}")
    except OSError as error:
        reason = (error.strerror or "cannot be read").lower()
        raise typer.BadParameter(f"{file}: {reason}", param_hint="--input") from None
    except (ValueError, TypeError) as error:
        raise typer.BadParameter(f"{file}: {error}", param_hint="--input") from None


def _topic(loaded: Loaded, wanted: str | None) -> str:
    entries = loaded.settings.kafka.topics
    if wanted is None:
        wanted = next((entry for entry in entries if not entry.startswith("^")), None)
        if wanted is None:
            raise typer.BadParameter("kafka.topics has only patterns: name a topic", param_hint="--topic")
    if not any(topic_matches(entry, wanted) for entry in entries):
        raise typer.BadParameter(f"{wanted} is none of kafka.topics: nobody would read it", param_hint="--topic")
    return wanted


def _seconds(text: str) -> float:
    try:
        return parse_positive_duration(text).total_seconds()
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--timeout") from None
