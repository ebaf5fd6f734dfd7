"""Answer classes: every status, header and body ends in exactly one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.leads.answer import Answer, AnswerClass
from connector.ucontact.answers import EXCERPT, classify

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """What the classifier makes of it with the default error bodies."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return classify(status, fields, body, frozenset({"0"}), NOW, 0.5)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (200, AnswerClass.ACCEPTED),
        (201, AnswerClass.ACCEPTED),
        (204, AnswerClass.ACCEPTED),
        (301, AnswerClass.UNAVAILABLE),
        (400, AnswerClass.REJECTED),
        (401, AnswerClass.UNAUTHORIZED),
        (403, AnswerClass.UNAUTHORIZED),
        (404, AnswerClass.UNKNOWN_HUB),
        (405, AnswerClass.UNAVAILABLE),
        (413, AnswerClass.TOO_LARGE),
        (422, AnswerClass.REJECTED),
        (429, AnswerClass.THROTTLED),
        (500, AnswerClass.UNAVAILABLE),
        (502, AnswerClass.AMBIGUOUS),
        (503, AnswerClass.UNAVAILABLE),
        (504, AnswerClass.AMBIGUOUS),
    ],
)
def test_each_status_has_its_class(status: int, kind: AnswerClass) -> None:
    """The table of DESIGN.md, and for what it does not name the class that loses nothing."""
    assert answer(status).kind is kind


def test_503_with_retry_after_is_throttling() -> None:
    """Only then does it say how long."""
    assert answer(503, retry_after="3") == Answer(AnswerClass.THROTTLED, 503, 3.0, "", 0.5)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 120 ", 120.0),
        ("Sun, 22 Nov 2026 12:01:00 GMT", 60.0),
        ("Sun, 22 Nov 2026 11:00:00 GMT", 0.0),
        ("-5", None),
        ("soon", None),
        ("", None),
        ("1.5", None),
        ("٣", None),
        ("9" * 5000, 999999999.0),
    ],
)
def test_retry_after_in_both_forms(text: str, seconds: float | None) -> None:
    """Seconds or a date; anything else is as if it were not there."""
    assert answer(429, retry_after=text).retry_after == seconds


def test_a_body_of_0_is_a_refusal_only_where_configured() -> None:
    """Older uContact versions answer 200 with 0 for an error."""
    assert answer(200, b" 0\n").kind is AnswerClass.REJECTED
    assert answer(200, b'{"ok":true}').kind is AnswerClass.ACCEPTED
    assert classify(200, {}, b"0", frozenset(), NOW, 0.0).kind is AnswerClass.ACCEPTED


@given(st.integers(100, 999), st.binary(max_size=2000), st.text(max_size=60))
def test_any_answer_has_a_class_and_a_bounded_excerpt(status: int, body: bytes, retry_after: str) -> None:
    """Bytes of any kind, a Retry-After of any kind."""
    result = classify(status, {"retry-after": retry_after}, body, frozenset({"0"}), NOW, 0.0)
    assert isinstance(result.kind, AnswerClass)
    assert len(result.excerpt) <= EXCERPT
    assert result.retry_after is None or result.retry_after >= 0


@given(st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(9999, 12, 30)))
def test_retry_after_dates_are_never_negative(when: datetime) -> None:
    """A clock of theirs that is off makes no negative wait."""
    text = when.strftime("%a, %d %b %Y %H:%M:%S GMT")
    seconds = answer(429, retry_after=text).retry_after
    assert seconds is None or seconds == max(
        0.0, (when.replace(tzinfo=UTC, microsecond=0) - NOW) / timedelta(seconds=1)
    )


@pytest.mark.parametrize(
    "page",
    [
        "The SSL certificate error",
        "No required SSL certificate was sent",
        "The plain HTTP request was sent to HTTPS port",
    ],
)
def test_a_proxy_that_refuses_our_certificate_says_nothing_against_the_leads(page: str) -> None:
    """nginx finishes the handshake and answers 400 itself: the leads are not bad, they never came to the API."""
    body = f"<html>\r\n<head><title>400 {page}</title></head>\r\n<body>\r\n<center><h1>400 Bad Request</h1></center>"
    assert answer(400, body.encode()).kind is AnswerClass.UNAVAILABLE
    assert answer(400, page.encode()).kind is AnswerClass.REJECTED
