"""An animated terminal as SVG: no script, nothing from elsewhere, readable in light and dark.

All frames stand below one another on a strip that is moved in steps. A row that is the same in several frames is in the
file once. Whoever asks for less motion sees the last frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 8.0, 17
"""Of a character, in user units."""
_MARGIN, _TITLE, _BASE = 14, 34, 13
_COLOURS = {  # by the terminal's names, as pyte has them: light, dark
    "red": ("#b3261e", "#ff8a80"),
    "green": ("#1a7332", "#6fdc8c"),
    "brown": ("#8a5a00", "#f1c21b"),
    "blue": ("#1f5fbf", "#78a9ff"),
    "magenta": ("#8a2a96", "#d7a1f9"),
    "cyan": ("#0b6e7c", "#5fd3e0"),
    "faint": ("#d3d6da", "#3a4046"),
}


@dataclass(frozen=True)
class Run:
    """Characters of one look, from a column on."""

    column: int
    text: str
    colour: str = "default"
    bold: bool = False
    dim: bool = False


Row = tuple[Run, ...]


@dataclass(frozen=True)
class Frame:
    """A picture of the terminal, and how long it is to be seen (seconds)."""

    seconds: float
    rows: Sequence[Row]


def drawing(frames: Sequence[Frame], columns: int, title: str, description: str) -> str:
    """The file. ``description`` is for people who do not see it."""
    rows = max(len(frame.rows) for frame in frames)
    inner = rows * HEIGHT
    width, height = round(columns * WIDTH) + 2 * _MARGIN, inner + _TITLE + _MARGIN
    names: dict[Row, str] = {}
    strip = []
    for number, frame in enumerate(frames):
        for line, row in enumerate(frame.rows):
            if row:
                name = names.setdefault(row, f"r{len(names)}")
                strip.append(f'<use href="#{name}" y="{number * inner + line * HEIGHT + _BASE}"/>')
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(title)}</title><desc id="d">{escape(description)}</desc>',
        f"<style>{_style(frames, inner)}</style>",
        f'<rect class="box" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>',
        f'<text class="dim" x="{_MARGIN}" y="22">{escape(title)}</text>',
        "<defs>",
        *(f'<g id="{name}">{"".join(map(_run, row))}</g>' for row, name in names.items()),
        "</defs>",
        f'<svg x="{_MARGIN}" y="{_TITLE}" width="{width - 2 * _MARGIN}" height="{inner}"><g class="strip">',
        *strip,
        "</g></svg>",
        "</svg>",
        "",
    ])  # fmt: skip


def _run(run: Run) -> str:
    """``textLength`` keeps the columns whatever font there is."""
    looks = [run.colour] if run.colour in _COLOURS else []
    looks += [name for name, wanted in (("bold", run.bold), ("dim", run.dim)) if wanted]
    look = f' class="{" ".join(looks)}"' if looks else ""
    place = f'x="{run.column * WIDTH:g}" textLength="{len(run.text) * WIDTH:g}"'
    return f"<text {place}{look}>{escape(run.text)}</text>"


def _style(frames: Sequence[Frame], inner: int) -> str:
    whole = sum(frame.seconds for frame in frames)
    last = -(len(frames) - 1) * inner
    steps, passed = [], 0.0
    for number, frame in enumerate(frames):
        steps.append(f"{passed / whole:.3%}{{transform:translateY({-number * inner}px)}}")
        passed += frame.seconds
    steps.append(f"100%{{transform:translateY({last}px)}}")
    light, dark = (
        "".join(f".{name}{{fill:{both[which]}}}" for name, both in _COLOURS.items()) for which in (0, 1)
    )  # fmt: skip
    return "".join([
        "text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1f2328;"
        "white-space:pre}",
        f".box{{fill:#fbfbfa;stroke:#c9ccd1}}.bold{{font-weight:700}}{light}.dim{{fill:#5c636b}}",
        f".strip{{animation:run {whole:.2f}s step-end infinite}}",
        f"@keyframes run{{{''.join(steps)}}}",
        f"@media(prefers-color-scheme:dark){{text{{fill:#e6e8eb}}.box{{fill:#14171a;stroke:#3a4046}}{dark}"
        ".dim{fill:#a0a7af}}",
        f"@media(prefers-reduced-motion:reduce){{.strip{{animation:none;transform:translateY({last}px)}}}}",
    ])  # fmt: skip
