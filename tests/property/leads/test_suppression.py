"""A suppression list: what counts as the same, and that nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.leads.suppression import SLICE, Entries, NotAList, normalised, read_entries

texts = st.text(st.characters(exclude_characters="\n\r#\0", exclude_categories=["Cs"]), max_size=20)
separators = st.sampled_from(["", " ", "-", ".", "/", " (", ") ", "\N{NON-BREAKING HYPHEN}", "\N{NO-BREAK SPACE}"])


@given(st.lists(texts), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_every_entry_is_found_again(entries: list[str], end: str, marked: bool) -> None:
    """However the lines end, with or without a byte-order mark; in another case, and between blanks."""
    content = end.join(entries).encode("utf-8-sig" if marked else "utf-8")
    found = read_entries(content.split(b"\n"))
    for entry in entries:
        if entry.strip():
            assert entry in found and f"\t{entry} " in found and entry.casefold() in found
    assert len(found) == len({normalised(entry) for entry in entries if entry.strip()})


@given(st.sets(texts), texts)
def test_nothing_else_is_found(entries: set[str], other: str) -> None:
    """What does not count as the same as an entry."""
    found = Entries()
    for entry in entries:
        found.add(entry)
    assert (other in found) is (normalised(other) in {normalised(entry) for entry in entries})


@given(st.text("0123456789", min_size=6, max_size=15), st.data())
def test_a_number_is_its_digits_however_it_is_written(digits: str, data: st.DataObject) -> None:
    """With blanks, dashes and parentheses between them."""
    written = "".join(digit + data.draw(separators) for digit in digits)
    prefix = data.draw(st.sampled_from(["+", "00", "+ ", " 00 "]))
    assert normalised(written) == normalised(digits)
    if not digits.startswith("00"):
        assert normalised(prefix + written) == digits


@given(texts)
def test_normalising_again_changes_nothing_for_what_is_no_number(text: str) -> None:
    """So an entry in the form that is compared stands for itself."""
    once = normalised(text)
    assert normalised(once) == once or once.isdigit()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ana@Example.com", " ana@example.COM ", True),
        ("12-3", "123", False),
        ("12 34 56", "123456", True),
        ("+598 99 123 456 ext 5", "+59899123456", False),
        ("7b0c9a52", "7-b0c9a52", False),
        ("STRASSE", "straße", True),
        ("\ud800", "\ud800", True),
    ],
)
def test_what_counts_as_the_same(one: str, other: str, same: bool) -> None:
    """Short numbers are text: 1.5 is not 15."""
    entries = Entries()
    entries.add(one)
    assert (other in entries) is same


def test_comments_and_empty_lines_are_no_entries() -> None:
    """A # inside a text belongs to it."""
    found = read_entries([b"# all", b"", b"   ", b"a # why", b"\t# so", b"b#c", b"+59899123456\t#x"])
    assert len(found) == 3 and all(each in found for each in ("a", "B#C", "59899123456"))


@pytest.mark.parametrize("line", [b"caf\xe9", b"a\0b", "a".encode("utf-16")])
def test_what_is_no_text_is_refused_with_its_line(line: bytes) -> None:
    """Which tells nothing of what is in it."""
    with pytest.raises(NotAList, match=r"^line 2 is not UTF-8 text$") as caught:
        read_entries([b"a", line])
    assert caught.value.__cause__ is None and caught.value.__context__ is None


def test_reading_pauses_every_some_lines() -> None:
    """Empty ones counted."""
    pauses: list[int] = []
    read_entries([b""] * (3 * SLICE), lambda: pauses.append(1))
    assert len(pauses) == 3
