"""The demo as people see it: a live screen on a terminal, plain lines anywhere else."""

from __future__ import annotations

import sys
import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterable
from types import TracebackType

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.segment import Segment, Segments
from rich.table import Table
from rich.text import Text

from connector.demo.progress import Links, Progress
from connector.leads.outcome import Outcome

_LINE_EVERY = 2.0
_NOTEWORTHY = (Outcome.DEAD_LETTER, Outcome.EXPIRED, Outcome.FILTERED, Outcome.DUPLICATE, Outcome.PARKED)
_WARNINGS_SHOWN = 3
_BARS = "▁▂▃▄▅▆▇█"
_HISTORY = 60


class View(ABC):
    """Shows progress from ``__enter__`` to ``__exit__``. One thread."""

    interval: float
    """Seconds between two looks."""

    @abstractmethod
    def show(self, progress: Progress) -> None:
        """Show a moment."""

    @abstractmethod
    def __enter__(self) -> View: ...

    @abstractmethod
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def make_view(console: Console, links: Links) -> View:
    """The view that fits where the output goes."""
    return LiveView(console, links) if console.is_terminal and not console.is_dumb_terminal else LineView(console)


class LineView(View):
    """A line every two seconds, and one for each warning of the connector."""

    interval = 0.2

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: tuple[float, str] | None = None

    def show(self, progress: Progress) -> None:
        """Write what is new. A change of state is written at once."""
        for warning in progress.warnings:
            self._write(f"connector: {warning}")
        now = time.monotonic()
        if self._last is None or self._last[1] != progress.state or now - self._last[0] >= _LINE_EVERY:
            self._last = now, progress.state
            self._write(line(progress))

    def __enter__(self) -> LineView:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def _write(self, text: str) -> None:
        self._console.out(text, highlight=False)


class LiveView(View):
    """The whole terminal, redrawn in place and given back in the end."""

    interval = 0.2

    def __init__(self, console: Console, links: Links) -> None:
        self._console = console
        self._links = links
        self._live = Live(console=console, auto_refresh=False, screen=True)
        self._rate = _Rate()
        self._warnings: deque[str] = deque(maxlen=_WARNINGS_SHOWN)

    def show(self, progress: Progress) -> None:
        """Redraw."""
        self._rate.note(progress.counts.of(Outcome.DELIVERED))
        self._live.update(self.drawn(progress), refresh=True)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def drawn(self, progress: Progress) -> RenderableType:
        """A moment, as high as the terminal at most: the least important parts are left out where it is low."""
        self._warnings.extend(progress.warnings)
        inside = self._console.options.update(width=self._console.width - 4)
        room = self._console.height - 2
        shown: list[RenderableType] = []
        for part in (
            _numbers(progress, self._rate.history),
            _links(self._links),
            _arrivals(progress),
            _hubs(progress),
            _said(self._warnings),
        ):
            if part is None:
                continue
            spaced = Group(Text(), part) if shown else part
            height = len(self._console.render_lines(spaced, inside))
            if height <= room:
                room -= height
                shown.append(spaced)
            elif not shown:  # the numbers: what fits of them, rather than none
                lines = self._console.render_lines(spaced, inside)[:room]
                shown.append(Segments(segment for line in lines for segment in (*line, Segment.line())))
                room = 0
        title = f"lead-connector demo · {_clock(progress.seconds)} · {progress.state}"
        return Panel(Group(*shown), title=title, title_align="left", border_style="cyan", padding=(0, 1))


def line(progress: Progress) -> str:
    """A moment in one line."""
    counts = progress.counts
    parts = [f"in {progress.made}", f"read {counts.read}", f"delivered {counts.of(Outcome.DELIVERED)}"]
    for outcome in _NOTEWORTHY:
        if number := counts.of(outcome):
            reasons = ", ".join(f"{reason} {n}" for reason, n in counts.reasons(outcome).items())
            name = "dead letters" if outcome is Outcome.DEAD_LETTER else outcome.value
            parts.append(f"{name} {number} ({reasons})")
    parts.append(f"on their way {progress.on_their_way}")
    if progress.p50 is not None:
        parts.append(f"time to lead p50 {progress.p50} ms p99 {progress.p99} ms")
    return f"{_clock(progress.seconds)} {progress.state}: {', '.join(parts)}"


class _Rate:
    """Delivered leads in each second, for a little chart."""

    def __init__(self) -> None:
        self.history: deque[int] = deque(maxlen=_HISTORY)
        self._second = time.monotonic()
        self._before = 0

    def note(self, delivered: int) -> None:
        now = time.monotonic()
        if now - self._second >= 1.0:
            self.history.append(round((delivered - self._before) / (now - self._second)))
            self._second, self._before = now, delivered


def _numbers(progress: Progress, history: deque[int]) -> RenderableType:
    counts = progress.counts
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True, min_width=6)
    table.add_column(ratio=1)
    bar = ProgressBar(total=max(1, progress.wanted), completed=min(progress.made, progress.wanted), width=40)
    table.add_row("leads in", str(progress.made), bar)
    delivered = counts.of(Outcome.DELIVERED)
    table.add_row("delivered", Text(str(delivered), "bold green"), _chart(history))
    for outcome in _NOTEWORTHY:
        number = counts.of(outcome)
        if not number and outcome is not Outcome.DEAD_LETTER:
            continue
        reasons = ", ".join(f"{reason} {n}" for reason, n in counts.reasons(outcome).items())
        name = "dead letters" if outcome is Outcome.DEAD_LETTER else outcome.value
        table.add_row(name, Text(str(number), "yellow" if number else ""), Text(reasons, "dim"))
    table.add_row("on their way", str(progress.on_their_way), "")
    table.add_row("time to lead", _ms(progress.p50), Text("p50: half of the leads were there sooner", "dim"))
    table.add_row("", _ms(progress.p99), Text("p99", "dim"))
    return table


def _links(links: Links) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    table.add_row("sandbox page", Text(links.sandbox, f"underline cyan link {links.sandbox}"))
    table.add_row("connector", Text(links.connector, f"underline cyan link {links.connector}"))
    table.add_row("broker", links.broker)
    table.add_row("configuration", Text(links.configuration, "dim"))
    return table


def _arrivals(progress: Progress) -> RenderableType | None:
    if not progress.latest:
        return None
    table = Table.grid(padding=(0, 2), expand=True)
    for justify in ("left", "left", "left", "left", "left", "right"):
        table.add_column(justify=justify, no_wrap=True, overflow="ellipsis")
    for each in reversed(progress.latest):
        call = Text(each.call, "" if each.call == "now" else "magenta")
        late = Text("" if each.milliseconds is None else f"{each.milliseconds} ms", "green")
        table.add_row(Text(each.name), each.country, Text(each.platform, "dim"), f"→ {each.hub}", call, late)
    return Group(Rule("latest in the hubs: whom to call, and when", style="dim", align="left"), table)


def _hubs(progress: Progress) -> RenderableType | None:
    if not progress.hubs:
        return None
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify="right", no_wrap=True, min_width=6)
    table.add_column()
    most = max(progress.hubs.values())
    for hub, number in sorted(progress.hubs.items()):
        table.add_row(hub, str(number), Text("█" * max(1, round(40 * number / most)), "blue"))
    return Group(Rule("hubs", style="dim", align="left"), table)


def _said(warnings: Iterable[str]) -> RenderableType | None:
    shown = [Text(each, "yellow", no_wrap=True, overflow="ellipsis") for each in warnings]
    if not shown:
        return None
    return Group(Rule("the connector says", style="dim", align="left"), *shown)


def _chart(history: deque[int]) -> Text:
    if not history:
        return Text()
    most = max(1, *history)
    bars = "".join(_BARS[min(len(_BARS) - 1, round(each / most * (len(_BARS) - 1)))] for each in list(history)[-32:])
    return Text.assemble((bars, "green"), (f" {history[-1]} a second", "dim"))


def _ms(value: int | None) -> Text:
    return Text("-") if value is None else Text(f"{value} ms", "bold")


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"


def make_console() -> Console:
    """Standard output. Without a terminal lines are not wrapped, for whoever reads them there."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(file=sys.stdout, highlight=False, width=200, no_color=True)
