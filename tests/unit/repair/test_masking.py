"""Nothing of a person is left, and its shape is."""

from __future__ import annotations

from datetime import UTC, date, datetime

import orjson
from hypothesis import given
from hypothesis import strategies as st

from connector.repair.masking import masked, masked_answer, masked_text, printable, symbols


def test_the_shape_stays() -> None:
    """Letters where digits belong are seen."""
    assert masked_text("+598 99 O23") == "+000 00 x00"
    assert masked_text("Ana María <ana@x.uy>") == "xxx xxxxx <xxx@x.xx>"


def test_what_is_shown_of_a_lead() -> None:
    """Enum symbols, small numbers and times; no texts, no document numbers, no birthdays."""
    when = datetime(2026, 1, 1, tzinfo=UTC)
    lead = {
        "platform": "GOOGLE",
        "name": "Ana",
        "ok": True,
        "n": 12,
        "id": 12345678,
        "at": when,
        "born": date(1990, 5, 6),
    }
    assert masked({**lead, "list": ["a1", None], "raw": b"abc"}, {"GOOGLE"}) == {
        "platform": "GOOGLE",
        "name": "xxx",
        "ok": True,
        "n": 12,
        "id": "00000000",
        "at": when,
        "born": "0000-00-00",
        "list": ["x0", None],
        "raw": "3 bytes",
    }
    schema = {"fields": [{"type": ["null", {"type": "enum", "symbols": ["A", "B"]}]}]}
    assert set(symbols(schema)) == {"A", "B"}


def test_an_answer_quotes_nobody() -> None:
    """Numbers and addresses in any form, and what the lead itself holds."""
    answer = '{"error":"Ana Paz, 099 123 456 or +59899123456, ana@example.com: code 17"}'
    assert masked_answer(answer, {"person": {"name": "Ana Paz"}}) == (
        '{"error":"xxx xxx, 000 000 000 or +00000000000, xxx@xxxxxxx.xxx: code 17"}'
    )


@given(st.text())
def test_texts_are_hidden_and_lines_stay_lines(text: str) -> None:
    """Whatever the text."""
    hidden = masked_text(text)
    assert len(hidden) == len(text) and not any(c.isalnum() and c not in "x0" for c in hidden)
    shown = printable(text)
    assert len(shown.splitlines()) <= 1 and "\x1b" not in shown
    orjson.dumps(shown)
