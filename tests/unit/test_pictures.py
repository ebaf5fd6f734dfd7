"""The README's animated terminal: small, safe where it is shown, for every eye, and what was recorded is drawn."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pictures.recording import Size, record
from pictures.svg import Frame, Run, drawing

DEMO = Path(__file__).parents[2] / "docs" / "demo.svg"
SVG = "{http://www.w3.org/2000/svg}"
ONE, TWO = (Run(0, "one"),), (Run(2, "two & <3", "green", bold=True),)
FRAMES = [Frame(1.0, (ONE, ())), Frame(3.0, (ONE, TWO))]


def test_a_row_is_in_the_file_once() -> None:
    """However many frames show it; text is escaped, and keeps its columns in any font."""
    root = ElementTree.fromstring(drawing(FRAMES, 20, "$ it", "said"))  # noqa: S314  our own
    rows = root.findall(f"{SVG}defs/{SVG}g")
    texts = [text for row in rows for text in row]
    assert [text.text for text in texts] == ["one", "two & <3"]
    assert texts[1].attrib == {"x": "16", "textLength": "64", "class": "green bold"}
    assert [use.attrib for use in root.iter(f"{SVG}use")] == [
        {"href": "#r0", "y": "13"},
        {"href": "#r0", "y": "47"},
        {"href": "#r1", "y": "64"},
    ]


def test_each_frame_has_its_time() -> None:
    """In steps; the last one is what stands still where less motion is asked for."""
    text = drawing(FRAMES, 20, "$ it", "said")
    assert "animation:run 4.00s step-end infinite" in text
    assert "0.000%{transform:translateY(0px)}25.000%{transform:translateY(-34px)}" in text
    assert "@media(prefers-reduced-motion:reduce){.strip{animation:none;transform:translateY(-34px)}}" in text


def test_a_command_is_recorded_in_a_terminal_of_the_size() -> None:
    """It sees a terminal, and characters of several bytes are whole."""
    code = "import os, sys; print(sys.stdout.isatty(), *os.get_terminal_size(), 'ñ' * 9000)"
    recording = record([sys.executable, "-X", "utf8", "-c", code], Size(50, 20))
    assert "".join(text for _, text in recording.pieces) == f"True 50 20 {'ñ' * 9000}\r\n"
    times = [at for at, _ in recording.pieces]
    assert times == sorted(times)


def test_a_command_that_fails_is_no_picture() -> None:
    """What it said is told."""
    with pytest.raises(RuntimeError, match=r"ended with 3:\nwhy"):
        record(["sh", "-c", "echo why; exit 3"], Size(50, 20))


def test_the_demo_is_small_and_needs_nothing() -> None:
    """No script, no address that is asked, light and dark, and still for those who want it so."""
    text = DEMO.read_text("utf-8")
    assert len(text.encode()) < 150_000
    root = ElementTree.fromstring(text)  # noqa: S314  our own
    assert {each.tag.removeprefix(SVG) for each in root.iter()} == {
        "svg", "title", "desc", "style", "rect", "text", "defs", "g", "use",
    }  # fmt: skip
    assert {use.attrib["href"][0] for use in root.iter(f"{SVG}use")} == {"#"}
    assert "url(" not in text and "@import" not in text
    assert "prefers-color-scheme:dark" in text and "prefers-reduced-motion:reduce" in text


def test_the_demo_adds_up() -> None:
    """The recorded run ended well, and so it says in words for those who do not see it."""
    told = ElementTree.fromstring(DEMO.read_text("utf-8")).findtext(f"{SVG}desc")  # noqa: S314  our own
    assert told is not None and "it adds up: every lead read has exactly one outcome" in told
