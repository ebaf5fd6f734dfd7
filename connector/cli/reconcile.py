"""``lead-connector reconcile``."""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import orjson
import typer

from connector.cli import moments
from connector.cli.output import Output
from connector.cli.preview import previewing
from connector.cli.problems import load_and_plan
from connector.cli.progress import bars
from connector.cli.trace import places
from connector.kafka.reading import PeekError, Reader
from connector.leads.outcome import Outcome
from connector.parts import kafka_settings
from connector.plan import Connection
from connector.repair.masking import printable
from connector.repair.reconcile import Different, Reconciliation, Row, Sum
from connector.repair.wording import moment, number

_COLUMNS = (*(outcome.value for outcome in Outcome), *(each.value for each in Sum))


def command(config: Path, *, start: str, end: str | None, limit: int, output: Output) -> int:
    """Print how the events of a time ended. Returns the exit code: 1 where it does not add up, or failed."""
    now_ms = time.time_ns() // 1_000_000
    from_ms = moments.instant_ms(start, "--from")
    to_ms = now_ms if end is None else moments.instant_ms(end, "--to")
    if from_ms >= to_ms:
        raise typer.BadParameter("this is not before --to", param_hint="--from")
    loaded, plan = load_and_plan(
        config, check_files=False, connections=frozenset({Connection.KAFKA, Connection.REGISTRY})
    )
    where = places(loaded)
    if where.receipts is None:
        raise typer.BadParameter("the configuration has no receipts.topic, which tells what became of each event")
    try:
        with Reader(kafka_settings(loaded)) as reader, previewing(loaded, plan, now_ms) as preview, bars() as bar:
            run = Reconciliation(reader, preview, where.receipts, where.reads)
            run.run(from_ms, to_ms, bar)
    except PeekError as error:
        typer.echo(str(error), err=True)
        return 1
    show = _as_json if output is Output.JSON else _as_text
    sys.stdout.buffer.write(show(run, limit))
    sys.stdout.flush()
    return 0 if run.adds_up else 1


def _as_text(run: Reconciliation, limit: int) -> bytes:
    total: Counter[str] = Counter()
    for counts in run.rows.values():
        total += counts
    shown = [name for name in _COLUMNS if total[name]]
    lines = [_cells("hour", "route", ["events", *shown])] if run.rows else []
    for row, counts in sorted(run.rows.items()):
        lines.append(_cells(moment(row.hour_ms)[:16] + "Z", row.route, _numbers(counts, shown)))
    lines.append(_cells("all", "", _numbers(total, shown)) if run.rows else "no events")
    for each in run.different[:limit]:
        lead = "of unknown id" if each.lead is None else each.lead
        lines.append(f"{each.sum.value}: lead {lead} at {each.at}, {moment(each.time_ms)}")
    if len(run.different) > limit:
        lines.append(f"… and {number(len(run.different) - limit, 'more')} (--limit)".replace("mores", "more"))
    lines.append("it adds up" if run.adds_up else "it does not add up: trace tells more of a lead")
    return "".join(f"{printable(line)}\n" for line in lines).encode()


def _numbers(counts: Counter[str], shown: list[str]) -> list[str]:
    return [f"{counts.total():,}", *(f"{counts[name]:,}" for name in shown)]


def _cells(hour: str, route: str, numbers: list[str]) -> str:
    return f"{hour:<18}{route:<24}" + "".join(f"{each:>13}" for each in numbers)


def _as_json(run: Reconciliation, limit: int) -> bytes:
    rows: list[dict[str, object]] = [_row(row, counts) for row, counts in sorted(run.rows.items())]
    rows += [_different(each) for each in run.different[:limit]]
    total: Counter[str] = Counter()
    for counts in run.rows.values():
        total += counts
    rows.append({"kind": "summary", "adds_up": run.adds_up, "events": total.total(), **{c: total[c] for c in _COLUMNS}})
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def _row(row: Row, counts: Counter[str]) -> dict[str, object]:
    each = {name: counts[name] for name in _COLUMNS}
    return {"kind": "hour", "hour": moment(row.hour_ms), "route": row.route, "events": counts.total(), **each}


def _different(each: Different) -> dict[str, object]:
    about = {"position": str(each.at), "time": moment(each.time_ms), "lead": each.lead}
    return {"kind": each.sum.value, **about}
