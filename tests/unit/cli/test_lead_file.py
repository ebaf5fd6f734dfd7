"""Files of leads, taken apart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.cli.lead_file import leads
from fuzz.claims import bounded

LEAD = {"a": 1, "b": [{"c": "x\ny { ["}]}


def lines(content: bytes) -> list[tuple[int, bytes]]:
    return [(found.line, found.value) for found in leads(content)]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("end", ["", "\n", "\r\n\r\n"])
def test_lines_objects_and_lists_hold_the_same_leads(indent: int | None, end: str) -> None:
    """One on each line, pretty-printed one after another, or in a list; with or without a line break at the end."""
    several = [LEAD, {"a": 2}, {}]
    one_after_another = "\n".join(json.dumps(each, indent=indent) for each in several) + end
    for text in (one_after_another, json.dumps(several, indent=indent) + end):
        assert [json.loads(found.value) for found in leads(text.encode())] == several
    assert [json.loads(found.value) for found in leads((json.dumps(LEAD, indent=indent) + end).encode())] == [LEAD]


def test_a_lead_keeps_its_bytes_and_knows_its_line() -> None:
    """Numbers, escapes and blanks inside are not touched; lines count from 1."""
    content = b'\xef\xbb\xbf\n{"a": 1.0e2,  "b": "\\u00f1"}\n\n[\n  {"a": 18446744073709551616},\n  2\n]\n'
    assert lines(content) == [(2, b'{"a": 1.0e2,  "b": "\\u00f1"}'), (5, b'{"a": 18446744073709551616}'), (6, b"2")]


def test_a_broken_line_costs_one_lead() -> None:
    """The lines before and after it are leads."""
    content = b'{"a":1}\nnonsense\n{"a":\n{"a":2}{"a":3}\n[1\n\xff\xfe\n{"a":4}\n'
    assert [value for _, value in lines(content)] == [
        b'{"a":1}', b"nonsense", b'{"a":', b'{"a":2}{"a":3}', b"[1", b"\xff\xfe", b'{"a":4}',
    ]  # fmt: skip


def test_a_broken_pretty_printed_lead_costs_one_lead() -> None:
    """It reaches to where the next one begins."""
    assert lines(b'{\n "a": 1,,\n "b": {\n }\n}\n{\n "a": 2\n}\n') == [
        (1, b'{\n "a": 1,,\n "b": {\n }\n}'),
        (6, b'{\n "a": 2\n}'),
    ]


def test_a_broken_list_ends_the_file() -> None:
    """What came before is kept; the rest is one broken lead."""
    assert lines(b'[\n {"a":1},\n {"a":2\n {"a":3}\n]') == [(2, b'{"a":1}'), (3, b'{"a":2\n {"a":3}\n]')]


@pytest.mark.parametrize("content", [b"", b" \n\t\r\n", b"[]", b"\xef\xbb\xbf[ ]\n"])
def test_nothing_is_no_lead(content: bytes) -> None:
    assert lines(content) == []


def test_deep_nesting_does_not_crash() -> None:
    """A hundred thousand brackets are one broken lead."""
    assert len(lines(b"[" * 100_000)) == 1
    assert len(lines(b'{"a":' * 100_000)) == 1


@given(st.binary())
def test_any_bytes(content: bytes) -> None:
    """Never raises, and gives nothing that was not there."""
    assert all(found.value in content for found in leads(content))


values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(st.lists(st.dictionaries(st.text(), values)), st.sampled_from([None, 0, 1, 4]), st.booleans(), st.booleans())
def test_any_leads(several: list[dict[str, Any]], indent: int | None, as_list: bool, ascii_only: bool) -> None:
    """What was written is read, however it was laid out."""
    if as_list:
        text = json.dumps(several, indent=indent, ensure_ascii=ascii_only)
    else:
        text = "\n".join(json.dumps(each, indent=indent, ensure_ascii=ascii_only) for each in several)
    content = text.encode()
    assert [json.loads(found.value) for found in leads(content)] == several


@pytest.mark.parametrize("line", [b'{"a": 1\n', b"x\n", b'"a\n', b"{\n"])
def test_a_file_of_broken_lines_is_taken_apart_soon(line: bytes) -> None:
    """The time for one does not grow with those before it."""
    with bounded():
        assert sum(1 for _ in leads(line * 200_000)) == 200_000
