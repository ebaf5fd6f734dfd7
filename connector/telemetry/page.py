"""The status page at ``/`` as HTML, made here, so that it can be read without a script too. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from connector.telemetry.history import MINUTES, Minute
from connector.telemetry.status import LATE, Partition, Status, Tone, duration, figures, verdict

HEIGHT = 40
"""Of a curve, in the units of its picture; it is ``MINUTES`` times 4 wide."""


def render(status: Status, nonce: str) -> str:
    """The whole page; ``nonce`` marks the page's own style and script."""
    return _PAGE.render(status=status, nonce=nonce, verdict=verdict(status), figures=figures(status))


def main(status: Status) -> str:
    """What changes of it."""
    return _MAIN.render(status=status, verdict=verdict(status), figures=figures(status))


def page_headers(nonce: str) -> dict[str, str]:
    """Nothing from elsewhere, and no script or style but the page's own: what leads hold is text to the browser."""
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; img-src data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return {"content-security-policy": policy, "cache-control": "no-store", "x-content-type-options": "nosniff"}


def bars(minutes: Sequence[Minute]) -> str:
    """Deliveries a minute as an SVG path, the last minute at the right."""
    most = max((minute.delivered for minute in minutes), default=0) or 1
    start = MINUTES - len(minutes)
    return " ".join(
        f"M{(start + place) * 4} {HEIGHT}v-{max(1, minute.delivered / most * HEIGHT):.1f}h3V{HEIGHT}z"
        for place, minute in enumerate(minutes)
        if minute.delivered
    )


def curve(minutes: Sequence[Minute]) -> str:
    """The 95th percentile of time to lead as an SVG path; it breaks where nothing was delivered."""
    most = max((minute.p95 or 0 for minute in minutes), default=0) or 1
    start = MINUTES - len(minutes)
    steps: list[str] = []
    drawing = False
    for place, minute in enumerate(minutes):
        if minute.p95 is None:
            drawing = False
            continue
        x, y = (start + place) * 4, HEIGHT - minute.p95 / most * (HEIGHT - 2)
        # A minute alone is a short line, for a point would not be seen.
        steps.append(f"{'L' if drawing else 'M'}{x} {y:.1f}h3")
        drawing = True
    return " ".join(steps)


def worst(minutes: Sequence[Minute]) -> str:
    """The highest of these 95th percentiles, for people."""
    return duration(max((minute.p95 or 0 for minute in minutes), default=0))


def peak(minutes: Sequence[Minute]) -> str:
    """Most deliveries within a minute, for people."""
    return f"{max((minute.delivered for minute in minutes), default=0):,.0f}"


def clock(milliseconds: int) -> str:
    """An instant's time of day in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%H:%M:%S")


_BREAKER_TONES: Mapping[str, Tone] = {"closed": "good", "half_open": "warn", "open": "bad", "refuses": "bad"}


def breaker_tone(state: str) -> Tone:
    """How a breaker's state is coloured."""
    return _BREAKER_TONES[state]


def breaker_name(state: str) -> str:
    """A breaker's state in words that need no book."""
    names = {"closed": "takes leads", "open": "takes nothing", "half_open": "is being tried", "refuses": "refuses them"}
    return names[state]


def in_short(partitions: Sequence[str]) -> str:
    """Partitions by topic, those that follow one another together: ``leads[0-5], web[1, 3]``."""
    numbers: dict[str, list[int]] = {}
    others: list[str] = []
    for name in partitions:
        topic, bracket, number = name.removesuffix("]").rpartition("[")
        if bracket and number.isdecimal():
            numbers.setdefault(topic, []).append(int(number))
        else:
            others.append(name)
    return ", ".join([*(f"{topic}[{_runs(sorted(those))}]" for topic, those in numbers.items()), *others])


def _runs(numbers: Sequence[int]) -> str:
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1][1:] = [number]
        else:
            runs.append([number])
    return ", ".join("-".join(map(str, run)) for run in runs)


def waits(partition: Partition) -> bool:
    """Whether its leads wait for so long that it is worth a word."""
    return partition.lag_seconds > LATE


_ENVIRONMENT = Environment(
    loader=PackageLoader("connector.telemetry", "web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True,
)  # fmt: skip
_ENVIRONMENT.filters.update(
    bars=bars, curve=curve, worst=worst, peak=peak, clock=clock, duration=duration, breaker_tone=breaker_tone,
    breaker_name=breaker_name, in_short=in_short, waits=waits, number="{:,.0f}".format,
)  # fmt: skip
_ENVIRONMENT.globals.update(width=MINUTES * 4, height=HEIGHT)
_PAGE = _ENVIRONMENT.get_template("page.html")
_MAIN = _ENVIRONMENT.get_template("main.html")
