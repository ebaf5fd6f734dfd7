"""Topic patterns: they take what Python's expressions take, and no pattern takes long."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.leads.topic_patterns import DEEPEST, PatternError, check_pattern, matches

ATOMS = st.sampled_from(["a", "b", "-", "\\.", ".", "[a-c]", "[^b-]", "[.x]", "\\d", "\\w", "$", "^", "(?!b)", "(?=a)"])
REPEATS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])


def _grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    sequence = st.lists(inner, max_size=4).map("".join)
    branches = st.lists(sequence, min_size=1, max_size=3).map("|".join)
    return st.tuples(st.sampled_from(["(", "(?:"]), branches, REPEATS).map(
        lambda parts: f"{parts[0]}{parts[1]}){parts[2]}"
    )


REPEATED = st.tuples(st.sampled_from(["a", "b", "-", "\\.", ".", "[a-c]", "[^b-]", "\\d"]), REPEATS).map("".join)
PATTERNS = st.lists(st.recursive(ATOMS | REPEATED, _grow, max_leaves=8), max_size=5).map(
    lambda parts: "^" + "".join(parts)
)


@given(PATTERNS, st.text("ab-.x1", max_size=12))
def test_as_python_matches(pattern: str, topic: str) -> None:
    """For short names, where Python ends in time."""
    assert matches(pattern, topic) is (re.match(pattern, topic) is not None)


@pytest.mark.parametrize(
    "pattern", ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "^(.*)*(.*)*x$", "^((a*)*)*$", "^(a?){200}a{200}$"]
)
def test_no_pattern_takes_long(pattern: str) -> None:
    """Where going back and trying again would take longer than the machine lasts. CPU time, so load does not count."""
    began = time.process_time()
    assert not matches(pattern, "a" * 248 + "b")
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("^(", "not a regular expression"),
        ("^(?i)a", "flags"),
        ("^(?i:a)", "flags"),
        (r"^a\b", r"\b"),
        (r"^(a)\1", "groupref"),
        ("^(?<=a)b", "assert"),
        ("^" + "(" * (DEEPEST + 2) + "a" + ")" * (DEEPEST + 2), "nested"),
    ],
)
def test_what_is_no_pattern_for_topics(pattern: str, message: str) -> None:
    """Told at the start, with what it is."""
    with pytest.raises(PatternError, match=re.escape(message)):
        check_pattern(pattern)
