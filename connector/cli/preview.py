"""``lead-connector preview``."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path

import typer

from connector.cli import lead_file, moments
from connector.cli.diff_output import DiffReport
from connector.cli.output import Output
from connector.cli.preview_output import Report
from connector.cli.problems import load_and_plan, load_and_plan_both
from connector.config import Loaded
from connector.kafka.peek import PeekError, Position, peek
from connector.kafka.registry import Registry, RegistryUnavailable
from connector.leads.decode import Decoder, Format, SchemaKey
from connector.parts import kafka_settings, registry
from connector.plan import Connection, Plan
from connector.preview import Preview, Sample, SchemaUnavailable
from connector.preview_diff import compare

FROM_TOPIC = 50
"""Leads read of a topic when no limit is given."""
_AVRO_FILE = b"Obj\x01"


def preview(
    config: Path,
    *,
    file: Path | None,
    topic: str | None,
    start: str | None,
    limit: int | None,
    batch: int | None,
    now: str | None,
    as_topic: str | None,
    diff: Path | None,
    output: Output,
) -> int:
    """Print what would be sent, or what ``diff``, another configuration, would change. ``file`` or ``topic`` must be
    given. Returns the exit code, which says nothing of the differences: they are a result, and 1 is a failure."""
    if (file is None) == (topic is None):
        raise typer.BadParameter("give one of --input FILE and --topic TOPIC")
    if file is not None and start is not None:
        raise typer.BadParameter("goes with --topic: a file is read from its beginning", param_hint="--from")
    if topic is not None and as_topic is not None:
        raise typer.BadParameter("goes with --input: records of a topic have one", param_hint="--as-topic")
    if diff is not None and batch is not None:
        raise typer.BadParameter("goes without --diff: leads are compared one by one", param_hint="--batch")
    now_ms = time.time_ns() // 1_000_000 if now is None else moments.instant_ms(now, "--now")
    position = moments.position(start or "earliest", "--from")
    # Neither the token nor, for a file, anything on the network is needed.
    needed = frozenset() if topic is None else frozenset({Connection.KAFKA, Connection.REGISTRY})
    content = None if file is None else _content(file)
    both: list[tuple[Loaded, Plan]] = []
    if diff is None:
        both.append(load_and_plan(config, check_files=False, connections=needed))
    else:
        # The leads are read from where the first finds them.
        others = needed - {Connection.KAFKA}
        both += load_and_plan_both(config, diff, connections=needed, others_connections=others)
    loaded = both[0][0]
    try:
        with ExitStack() as stack:
            made = [
                stack.enter_context(previewing(*each, now_ms, batch or 1, of_file=file is not None)) for each in both
            ]
            if content is not None:
                samples = _from_file(loaded, content, as_topic, limit)
            else:
                samples = _from_topic(loaded, topic or "", position, limit or FROM_TOPIC)
            if diff is None:
                _print(made[0], samples, output)
            else:
                _note_on(both, diff)
                _print_diff(made[0], made[1], samples, output)
    except (PeekError, SchemaUnavailable) as error:
        typer.echo(str(error), err=True)
        return 1
    return 0


@contextmanager
def previewing(loaded: Loaded, plan: Plan, now_ms: int, batch: int = 1, *, of_file: bool = False) -> Iterator[Preview]:
    """What a configuration makes of leads at ``now_ms``, milliseconds since the epoch. ``of_file``: they are JSON."""
    url, most = loaded.settings.ucontact.url, loaded.settings.delivery.batch.max_bytes
    if of_file:
        decoder = Decoder(plan.reader, others=plan.readers[1:], default=Format.JSON)  # which asks for no schema
        yield Preview(decoder, plan.mapper, url, now_ms, batch, most, lambda _key: None)
    else:
        with _learning(loaded, plan.decoder) as learn:
            yield Preview(plan.decoder, plan.mapper, url, now_ms, batch, most, learn)


def _note_on(both: list[tuple[Loaded, Plan]], diff: Path) -> None:
    """What changes for every lead in the same way is said once."""
    one, other = (loaded.settings.ucontact.url for loaded, _ in both)
    if one != other:
        typer.echo(f"note: with {diff} all requests go to {other} instead of {one}", err=True)


def _print_diff(before: Preview, after: Preview, samples: Iterator[Sample], output: Output) -> None:
    report = DiffReport(output, sys.stdout.buffer.write)
    try:
        for sample in samples:
            report.show(compare(sample.place, before.parts(sample), after.parts(sample)))
        report.end()
    finally:
        sys.stdout.flush()
    typer.echo(report.counts(), err=True)


def _print(preview: Preview, samples: Iterator[Sample], output: Output) -> None:
    report = Report(output, sys.stdout.buffer.write)
    try:
        for result in preview.results(samples):
            report.show(result)
    finally:
        sys.stdout.flush()
    typer.echo(report.counts(), err=True)


def _content(file: Path) -> bytes:
    """The whole of a file, or of standard input for ``-``. Raises typer.BadParameter."""
    if str(file) == "-":
        content = sys.stdin.buffer.read()
    else:
        try:
            content = file.read_bytes()
        except OSError as error:
            reason = (error.strerror or "cannot be read").lower()
            raise typer.BadParameter(f"{file}: {reason}", param_hint="--input") from None
    if content.startswith(_AVRO_FILE):
        raise typer.BadParameter(f"{file} is an Avro file; JSON is expected", param_hint="--input")
    return content


def _from_file(loaded: Loaded, content: bytes, as_topic: str | None, limit: int | None) -> Iterator[Sample]:
    topic = as_topic
    if topic is None:
        # Whatever the topic is called, it decides only where routes ask for it.
        topic = next((name for name in loaded.settings.kafka.topics if not name.startswith("^")), "")
        if any(route.topics for route in loaded.settings.routes):
            told = f"as leads of the topic {topic}" if topic else "as leads of no topic"
            typer.echo(f"note: routes ask for topics; taken {told} (--as-topic names another)", err=True)
    for lead in islice(lead_file.leads(content), limit):
        yield Sample(f"line {lead.line}", topic, lead.value)


def _from_topic(loaded: Loaded, topic: str, position: Position, limit: int) -> Iterator[Sample]:
    settings = kafka_settings(loaded)
    typer.echo(f"reading {topic} at {settings.bootstrap_servers} …", err=True)
    for record in peek(settings, topic, position, limit):
        yield Sample(record.place, topic, record.value, record.headers)


@contextmanager
def _learning(loaded: Loaded, decoder: Decoder) -> Iterator[Callable[[SchemaKey], None]]:
    """A way for the decoder to learn schemas: from the registry, if there is one."""
    found = registry(loaded)
    if found is None:  # as the service has it
        yield lambda key: decoder.learn(key, None)
        return
    with asyncio.Runner() as runner:
        try:
            yield lambda key: _learn(runner, found, decoder, key)
        finally:
            runner.run(found.aclose())


def _learn(runner: asyncio.Runner, found: Registry, decoder: Decoder, key: SchemaKey) -> None:
    try:
        fetched = runner.run(found.fetch(key))
    except RegistryUnavailable as error:
        raise SchemaUnavailable(str(error)) from error
    if fetched is None:
        decoder.learn(key, None)
    else:
        decoder.learn(key, fetched.text, fetched.references, fetched.kind)
