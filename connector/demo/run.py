"""The demo from its first line to its summary."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

import orjson
from rich.console import Console

from connector.demo.arrivals import Arrivals
from connector.demo.configuration import reader_schema
from connector.demo.environment import keep_to_ourselves
from connector.demo.kafka import LeadProducer
from connector.demo.leads import LeadFactory
from connector.demo.options import Options
from connector.demo.progress import Links, Progress
from connector.demo.signals import Signals
from connector.demo.stage import LOG, Stage, StageError, stage
from connector.demo.stream import LeadStream
from connector.demo.summary import Summary, Times, render
from connector.demo.view import View, make_console, make_view

_SETTLE = 15.0
"""Seconds that leads on their way get to arrive when the demo is asked to end."""


def run(options: Options) -> int:
    """Run the demo in this process, in its main thread. Gives the exit code: 0 when everything adds up, else 1."""
    console = make_console()
    keep_to_ourselves()
    folder = Path(tempfile.mkdtemp(prefix="lead-connector-demo-"))
    keep = True
    try:
        summary = _run(options, folder, console)
        console.print(render(summary))
        keep = bool(summary.differences())
        if options.summary is not None:
            try:
                options.summary.write_bytes(orjson.dumps(summary.as_json(), option=orjson.OPT_INDENT_2))
            except OSError as error:
                raise DemoError(f"the summary cannot be written: {error}") from error
    except KeyboardInterrupt:
        console.out("stopped at once; there is no summary")
        keep = False
        return 1
    except (StageError, DemoError) as error:
        console.out(f"the demo cannot go on: {error}")
        keep = (folder / LOG).exists()
        return 1
    finally:
        if keep or options.keep:
            console.out(f"kept: {folder} (configuration, connector.log, the sandbox's ledger)")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return 1 if summary.differences() else 0


class DemoError(Exception):
    """What was started does not run any more; the message says why."""


def _run(options: Options, folder: Path, console: Console) -> Summary:
    with Signals() as signals, stage(options, folder, console.out) as running:
        demo = _Demo(options, running)
        links = Links(
            broker=f"{running.cluster.name} at {running.cluster.bootstrap_servers}",
            sandbox=running.sandbox_url,
            connector=running.connector.url,
            configuration=str(running.configuration),
        )
        console.out(f"watch the hubs at {running.sandbox_url}; Ctrl-C ends")
        with make_view(console, links) as view:
            signals.orderly = True
            demo.watch(view, signals)
        return demo.summary()


class _Demo:
    """Leads going through what runs, from the first to the summary."""

    def __init__(self, options: Options, running: Stage) -> None:
        self._options = options
        self._running = running
        self._connector = running.connector
        self._stream = LeadStream(
            LeadFactory(options.seed),
            lambda: LeadProducer(running.cluster, running.registry_url, reader_schema().read_text(encoding="utf-8")),
            leads=options.leads,
            rate=options.rate,
            trickle=not options.exit_when_done,
            seed=options.seed,
            read=lambda: running.connector.counts.read,
        )
        self._arrivals = Arrivals(running.sandbox_url, self._stream.times)
        self._began = time.monotonic()
        self._exit_code: int | None = None

    def watch(self, view: View, signals: Signals) -> None:
        """From the first lead until it is time to end, and the end in good order. Raises DemoError."""
        self._began = time.monotonic()
        self._stream.start()
        while not self._over():
            self._look(view, self._state())
            if signals.asked.wait(view.interval):
                break
        self._settle(view)
        self._exit_code = self._connector.stop(lambda: self._show(view, "the connector stops"))
        self._arrivals.look()

    def summary(self) -> Summary:
        """Everything counted once more. Blocks; after ``watch``."""
        cluster = self._running.cluster
        return Summary(
            produced=self._stream.produced,
            counts=self._connector.counts,
            times=Times(self._arrivals.percentile(0.5), self._arrivals.percentile(0.99)),
            sandbox=self._arrivals.stats(),
            dead_letter_records=cluster.records(cluster.dead_letters),
            committed=cluster.committed(),
            expected=self._stream.expected,
            exit_code=self._exit_code,
            seconds=time.monotonic() - self._began,
        )

    def _state(self) -> str:
        if not self._stream.first_leads_made:
            return "leads come in"
        return "the last leads arrive" if self._options.exit_when_done else "open, Ctrl-C ends"

    def _over(self) -> bool:
        limit = self._options.seconds
        if limit is not None and time.monotonic() - self._began >= limit:
            return True
        return self._options.exit_when_done and self._stream.ended and self._all_resolved()

    def _all_resolved(self) -> bool:
        return self._connector.counts.resolved >= self._stream.produced

    def _settle(self, view: View) -> None:
        """No more leads; those on their way arrive."""
        self._stream.stop()
        deadline = time.monotonic() + _SETTLE
        while not self._all_resolved() and time.monotonic() < deadline:
            self._look(view, "the last leads arrive; Ctrl-C ends at once")
            time.sleep(0.05)

    def _look(self, view: View, state: str) -> None:
        if self._stream.error is not None:
            raise DemoError(f"no more leads: {self._stream.error}") from self._stream.error
        if not self._connector.running:
            raise DemoError(f"the connector has ended by itself\n{self._connector.log_tail()}")
        self._connector.look()
        self._arrivals.look()
        self._show(view, state)

    def _show(self, view: View, state: str) -> None:
        arrivals = self._arrivals
        view.show(
            Progress(
                seconds=time.monotonic() - self._began,
                state=state,
                made=self._stream.made,
                wanted=self._options.leads,
                counts=self._connector.counts,
                p50=arrivals.percentile(0.5),
                p99=arrivals.percentile(0.99),
                hubs=arrivals.hubs,
                latest=arrivals.latest,
                warnings=self._connector.warnings(),
            )
        )
