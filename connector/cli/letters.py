"""``lead-connector dlq`` and ``lead-connector review``: what is on a topic of letters, and what shall become of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from enum import Enum
from functools import partial
from pathlib import Path

import typer

from connector.cli.letters_output import Listing, show_letter
from connector.cli.output import Output
from connector.cli.preview import previewing
from connector.cli.problems import load_and_plan
from connector.cli.progress import bars
from connector.config import Loaded
from connector.config.names import topic_matches
from connector.delivery.position import Position, read_position
from connector.kafka.decisions import Decision, Mark
from connector.kafka.found_letters import FoundLetter
from connector.kafka.handover import Handed, Handover, HandoverError
from connector.kafka.reading import PeekError, Reader
from connector.kafka.receipts import name_of
from connector.leads.mapped import MappedLead
from connector.parts import kafka_settings, own_topics
from connector.plan import Connection, Plan
from connector.preview import Refused, SchemaUnavailable
from connector.repair.desk import Desk
from connector.repair.masking import symbols
from connector.repair.replay import BATCH, Replay, Tally, Way, sample_of
from connector.repair.selection import OPEN, Selection
from connector.repair.wording import each, number

_WINDOW_MS = 3_600_000
"""Receipts are looked at from so long before a lead's own time on: clocks differ."""


class Kind(Enum):
    """Whose letters."""

    DEAD = "dead_letters"
    REVIEW = "review"


def positions(texts: list[str] | None, topic: str) -> frozenset[Position]:
    """``topic/partition/offset``, of a letter or of the record that it was made of; ``partition/offset``, of a letter.
    Raises typer.BadParameter."""
    found: set[Position] = set()
    for text in texts or ():
        position = read_position(text if text.count("/") == 2 else f"{topic}/{text}")
        if position is None:
            raise typer.BadParameter(f"{text!r} is no position such as {topic}/0/17", param_hint="POSITION")
        found.add(position)
    return frozenset(found)


def load(config: Path, kind: Kind, connections: frozenset[Connection]) -> tuple[Loaded, Plan, str]:
    """The configuration, its plan, and the topic of these letters. Exits 2 where there are problems."""
    loaded, plan = load_and_plan(config, check_files=False, connections=connections)
    topics = own_topics(loaded)
    topic = topics.dead_letters if kind is Kind.DEAD else topics.review
    if topic is None:
        raise typer.BadParameter("the configuration has no review.topic: nothing is parked for review")
    return loaded, plan, topic


_KAFKA = frozenset({Connection.KAFKA})
_WITH_SCHEMAS = frozenset({Connection.KAFKA, Connection.REGISTRY})


def list_letters(config: Path, kind: Kind, selection: Callable[[str], Selection], limit: int, output: Output) -> int:
    """Print the letters that are selected. Returns the exit code."""
    loaded, _, topic = load(config, kind, _KAFKA)
    wanted = selection(topic)
    listing = Listing(limit)
    try:
        with Reader(kafka_settings(loaded)) as reader, bars() as bar:
            read = bar(f"reading {topic}")
            desk = Desk(reader, topic, _only(wanted, topic))
            read(0, 2 * desk.offsets)
            desk.survey(read)
            for letter, decision in desk.letters(read):
                listing.add(letter, decision, wanted=wanted.takes(letter, decision))
    except PeekError as error:
        return _failed(error)
    listing.write(output, sys.stdout.buffer.write)
    sys.stdout.flush()
    return 0


def _only(wanted: Selection, topic: str) -> frozenset[Position]:
    """Where to look alone; nowhere in particular, where letters are meant by the records that they were made of."""
    return wanted.positions if all(each.topic == topic for each in wanted.positions) else frozenset()


def _letter_of(reader: Reader, topic: str, place: Position) -> Position:
    """The newest letter that was made of the record at this place; the place itself where there is none."""
    found = [
        (letter.time_ms, letter.position)
        for letter, _ in Desk(reader, topic).letters()
        if letter.origin is not None and letter.origin.position == place
    ]
    if len(found) > 1:
        typer.echo(f"note: {number(len(found), 'letter')} of {place} on {topic}; this is the newest", err=True)
    return max(found)[1] if found else place


def show(config: Path, kind: Kind, place: str, output: Output, *, whole: bool) -> int:
    """Print one letter, unmasked if ``whole``. Returns the exit code."""
    loaded, plan, topic = load(config, kind, _WITH_SCHEMAS)
    [position] = positions([place], topic)
    try:
        with Reader(kafka_settings(loaded)) as reader:
            if position.topic != topic:
                position = _letter_of(reader, topic, position)
            desk = Desk(reader, topic, [position])
            desk.survey()
            found = [(each, state) for each, state in desk.letters() if each.position == position]
    except PeekError as error:
        return _failed(error)
    if not found:
        if position.topic != topic:
            return _failed(f"no letter was made of it: {topic} has none of {position}")
        return _failed(f"{position} is no letter: nothing is there any more, or not yet, or it is a decision")
    [(letter, decision)] = found
    known = frozenset(text for each in plan.readers for text in symbols(each.raw))
    lead, now = _looked_at(loaded, plan, letter)
    known |= {text for text in (letter.lead, letter.hub, letter.route) if text}
    sys.stdout.buffer.write(
        show_letter(
            letter,
            OPEN if decision is None else decision.value,
            desk.mark(position),
            lead,
            now,
            whole=whole,
            known=known,
            base_url=loaded.settings.ucontact.url,
            output=output,
        )
    )
    sys.stdout.flush()
    return 0


def _looked_at(loaded: Loaded, plan: Plan, letter: FoundLetter) -> tuple[object, list[MappedLead | Refused] | str]:
    """The lead as it is decoded, and what the mapping makes of it, or why that is not known."""
    if letter.origin is None:
        return None, letter.damage or "it is damaged"
    try:
        with previewing(loaded, plan, _now_ms()) as preview:
            results = preview.parts(sample_of(letter))
            return preview.lead(sample_of(letter)), results
    except SchemaUnavailable as error:
        return None, str(error)


def replay(config: Path, kind: Kind, selection: Callable[[str], Selection], *, yes: bool, dry_run: bool) -> int:
    """Send the selected letters again, or say what that would do. Returns the exit code."""
    loaded, plan, topic = load(config, kind, _WITH_SCHEMAS)
    wanted = selection(topic)
    way = _way(loaded)
    run = partial(_replay, loaded, plan, topic, way, wanted)
    written: list[Mark] = []
    try:
        if not yes or dry_run:
            tally = run(None, written)
            typer.echo(_told(tally, "would be", "would be"))
            if way.receipts is None and tally.replayed:
                typer.echo(
                    "note: there are no receipts, so nobody knows whether they were delivered meanwhile", err=True
                )
            if not tally.replayed + tally.delivered + tally.copies:
                return 0
            if dry_run:
                typer.echo("nothing was written: without --dry-run it asks, and sends them", err=True)
                return 0
            if not _confirmed("Send them again?"):
                typer.echo("nothing was written; --yes does it without a question", err=True)
                return 0
        tally = run(Handover(kafka_settings(loaded), topic), written)
    except (PeekError, HandoverError, SchemaUnavailable) as error:
        replayed = sum(mark.decision is Decision.REPLAYED for mark in written)
        typer.echo(f"{number(replayed, 'letter')} of {topic} went out before; replay again to go on", err=True)
        return _failed(error)
    typer.echo(_told(tally, "was", "were"))
    where = way.retries or "the topics that they came from"
    if tally.replayed:
        typer.echo(f"the running connector reads them from {where}; trace tells what becomes of a lead", err=True)
    return 0


def _replay(
    loaded: Loaded,
    plan: Plan,
    topic: str,
    way: Way,
    wanted: Selection,
    handover: Handover | None,
    written: list[Mark],
) -> Tally:
    settings = kafka_settings(loaded)
    with ExitStack() as stack:
        reader, receipts = stack.enter_context(Reader(settings)), stack.enter_context(Reader(settings))
        preview = stack.enter_context(previewing(loaded, plan, _now_ms()))
        read = stack.enter_context(bars())(f"{'reading' if handover is None else 'replaying'} {topic}")
        desk = Desk(reader, topic)
        read(0, 2 * desk.offsets)
        desk.survey(read, copies=True)
        run = Replay(receipts, desk, preview, way, handover, _now_ms)
        return run.run(wanted, read, written.extend)


def decide(
    config: Path,
    kind: Kind,
    selection: Callable[[str], Selection],
    decision: Decision,
    reason: str | None,
    *,
    yes: bool,
) -> int:
    """Write a decision about every selected letter that is open. Returns the exit code."""
    loaded, _, topic = load(config, kind, _KAFKA)
    wanted = selection(topic)
    settings = kafka_settings(loaded)
    word = decision.value
    try:
        with Reader(settings) as reader:
            if not yes:
                count = sum(1 for _ in _open(reader, topic, wanted))
                typer.echo(f"{number(count, 'letter')} would be {word}")
                if not count or not _confirmed(f"Have {'it' if count == 1 else 'them'} {word}?"):
                    typer.echo("nothing was written; --yes does it without a question", err=True)
                    return 0
            handover = Handover(settings, topic)
            done, batch = 0, list[Handed]()
            for letter in _open(reader, topic, wanted):
                batch.append(Handed(Mark(decision, letter.position, _now_ms(), reason, lead=_lead_of(letter))))
                if len(batch) >= BATCH:
                    done += len(handover.write(batch))
                    batch = []
            done += len(handover.write(batch))
    except (PeekError, HandoverError) as error:
        return _failed(error)
    typer.echo(f"{number(done, 'letter')} {word}")
    return 0


def _open(reader: Reader, topic: str, wanted: Selection) -> Iterator[FoundLetter]:
    desk = Desk(reader, topic, _only(wanted, topic))
    desk.survey()
    for letter, decision in desk.letters():
        if decision is None and wanted.takes(letter, decision):
            yield letter


def _lead_of(letter: FoundLetter) -> str | None:
    return None if letter.lead is None else name_of(letter.lead)


def _way(loaded: Loaded) -> Way:
    topics = own_topics(loaded)
    duplicates = loaded.settings.duplicates
    window_ms = 0 if duplicates is None else round(duplicates.window.total_seconds() * 1000)
    entries = loaded.settings.kafka.topics

    def reads(topic: str) -> bool:
        return any(topic_matches(entry, topic) for entry in entries)

    return Way(topics.retries, reads, topics.receipts, max(window_ms, _WINDOW_MS))


def _told(tally: Tally, was: str, were: str) -> str:
    def so_many(count: int) -> str:
        return f"{count:,} {was if count == 1 else were}"

    lines = [f"{number(tally.selected, 'letter')} selected"]
    lines.append(f"{so_many(tally.replayed)} sent again{f': {each(tally.by_route)}' if tally.replayed else ''}")
    if tally.copies:
        lines.append(f"{so_many(tally.copies)} done with these, as copies of them")
    if tally.delivered:
        lines.append(f"{so_many(tally.delivered)} marked as delivered meanwhile, and not sent")
    if tally.set_aside:
        lines.append(f"{tally.set_aside.total():,} would be set aside again, and stay: {each(tally.set_aside)}")
    lines += [f"{count:,} stay, cannot be sent: {why}" for why, count in tally.obstacles.most_common()]
    return "\n  ".join(lines)


def _confirmed(question: str) -> bool:
    return sys.stdin.isatty() and typer.confirm(question)


def _failed(error: object) -> int:
    typer.echo(str(error), err=True)
    return 1


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
