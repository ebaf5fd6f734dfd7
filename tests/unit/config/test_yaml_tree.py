from __future__ import annotations

import pytest

from connector.config.yaml_nodes import Unreadable
from connector.config.yaml_tree import MAX_BYTES, parse, parse_text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("09:00", "09:00"),
        ("12:30:45", "12:30:45"),
        ("007", "007"),
        ("7", 7),
        ("-7", -7),
        ("0x1F", 31),
        ("0o17", 15),
        ("1_000", "1_000"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        (".nan", ".nan"),
        (".inf", ".inf"),
        ("2026-03-08", "2026-03-08"),
        ("~", None),
        ("", None),
        ("null", None),
        ("'7'", "7"),
        ("!!str 7", "7"),
        ("!!int 7", 7),
        ("9" * 5000, "9" * 5000),
        ("{on: 1, 1: x}", {"on": 1, "1": "x"}),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    plain = parse_text(text).plain()
    assert plain == value
    assert type(plain) is type(value)


def test_every_value_has_its_place() -> None:
    document = parse(b"a:\n  b: 1\n  c:\n    - x\n    - {d: 2}\n")
    assert document.place(("a", "b")) == (2, 6)
    assert document.place(("a", "b"), at_key=True) == (2, 3)
    assert document.place(("a", "c", 1, "d")) == (5, 11)
    assert document.place(("a", "missing")) == (1, 1)
    assert document.place(("a", "c", 1, "missing")) == (5, 7)


def test_aliases_and_merge_keys_work_and_explicit_keys_win() -> None:
    document = parse(b"base: &b {x: 1, y: 2}\nother:\n  <<: *b\n  y: 3\n")
    assert document.plain()["other"] == {"x": 1, "y": 3}
    assert document.place(("other", "x")) == (1, 14)


def test_a_key_given_twice_is_a_mistake_with_both_lines() -> None:
    document = parse(b"a: 1\nb: 2\na: 3\n")
    [mistake] = document.mistakes
    assert (mistake.line, mistake.column) == (3, 1)
    assert "line 1" in mistake.finding.message
    assert document.plain() == {"a": 1, "b": 2}


def test_aliases_of_aliases_cannot_fill_the_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    with pytest.raises(Unreadable, match="more than 100,000 values"):
        parse("\n".join(lines).encode()).plain()


def test_merge_keys_cannot_fill_the_memory() -> None:
    big = "{" + ", ".join(f"k{n}: 1" for n in range(2000)) + "}"
    lines = [f"a: &a {big}"] + [f"b{n}: {{<<: *a}}" for n in range(100)]
    with pytest.raises(Unreadable, match="merges more than"):
        parse("\n".join(lines).encode()).plain()


def test_levels_are_bounded_with_and_without_aliases() -> None:
    with pytest.raises(Unreadable, match="levels"):
        parse(b"[" * 1000)
    nested = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [[[[[[[[[[*a{n - 1}]]]]]]]]]]" for n in range(1, 200)]
    with pytest.raises(Unreadable, match="levels"):
        parse("\n".join(nested).encode()).plain()


@pytest.mark.parametrize(
    ("source", "place", "words"),
    [
        (b"a: 1\nb:\n\t- x\n", (3, 1), "tab"),
        (b"a: 1\n  b: 2\n", (2, 4), "indentation"),
        (b"a: x: y\n", (1, 5), "': '"),
        (b"a: \xff\n", (1, 4), "0xFF is not UTF-8"),
        (b"a: 1\nb: \x07\n", (2, 4), "U+0007"),
        (b"a: 'x\n", (1, 4), "does not end"),
        (b"a: {{ x }}\n", (1, 5), "key must be plain text"),
        (b"a: %x\n", (1, 4), "begin with %"),
        (b"a: @x\n", (1, 4), "begin with @"),
        (b"a: [1, 2\n", (1, 4), "not closed"),
        (b"a: *b\n", (1, 4), "no anchor"),
        (b"a: &a [*a]\n", (1, 8), "no anchor"),
        (b"a: !!python/object:os.system x\n", (1, 4), "tag"),
        (b"a: 1\n---\nb: 1\n", (2, 1), "second document"),
        (b'a: "\\UFFFFFFFF"\n', None, "out of range"),
        (b'a: "\\uD800"\n', (1, 4), "surrogate"),
        (b'a: "\\0"\n', (1, 4), "NUL"),
    ],
)
def test_what_is_not_yaml_says_where_and_why(source: bytes, place: tuple[int, int] | None, words: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(source)
    assert words in caught.value.message
    if place is not None:
        assert (caught.value.line, caught.value.column) == place


def test_a_byte_order_mark_is_fine_and_a_huge_file_is_not() -> None:
    assert parse(b"\xef\xbb\xbfa: 1\n").plain() == {"a": 1}
    with pytest.raises(Unreadable, match="bytes"):
        parse(b"#" * (MAX_BYTES + 1))
