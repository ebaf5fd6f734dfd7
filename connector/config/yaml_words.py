"""PyYAML's complaints in plain words."""

from __future__ import annotations


def begins_where_it_is_wrong(problem: str) -> bool:
    """Say whether the place to look at is the beginning of the construct, not where the scanner gave up."""
    return "found unexpected end of stream" in problem or "expected ',' or" in problem


def in_plain_words(problem: str, text: str, line: int, column: int) -> tuple[str, str]:
    """Return message and hint. ``line`` and ``column`` (from 1) are the place in ``text``."""
    lines = text.splitlines()
    rest = lines[line - 1][column - 1 :] if line <= len(lines) else ""
    if "\\t" in problem or rest.startswith("\t"):
        return "a tab stands where YAML wants spaces", "Indent with spaces"
    if "mapping values are not allowed" in problem:
        return (
            "a second ': ' in one line, or a wrong indentation",
            "Quote text that has ': ' in it, and check the indentation",
        )
    if "cannot start any token" in problem and rest[:1] in ("%", "@", "`"):
        return f"text cannot begin with {rest[0]}", "Put it in quotes"
    if "could not find expected ':'" in problem:
        return "a key without its ':'", "Write key: value, with a space after the colon"
    if "found unexpected end of stream" in problem:
        return "a quoted text does not end", "Close the quotes"
    if "expected ',' or" in problem:
        return "a bracket that is not closed, or a comma is missing after it", "Close it, and put quotes around text"
    if "expected <block end>" in problem or "expected the node content" in problem:
        return "the structure breaks off here", "Check indentation, brackets and quotes in this line and the one before"
    return f"not valid YAML: {problem}", "Check indentation, brackets and quotes in this line and the one before"
