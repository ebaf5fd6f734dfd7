"""What the tests of documents look at in a page: links, anchors, fences, headings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")
_HTML_TARGET = re.compile(r"""\b(?:href|src|srcset)\s*=\s*["']([^"']+)["']""")
_HTML_ANCHOR = re.compile(r"""\b(?:id|name)\s*=\s*["']([^"']+)["']""")
_NOT_IN_ANCHOR = re.compile(r"[^\w\- ]")


@dataclass(frozen=True)
class Link:
    """A link or an image; ``line`` counts from 1 and is that of its paragraph or row."""

    target: str
    line: int


@dataclass(frozen=True)
class Fence:
    """A fenced block: its language with what stands behind it, and its text."""

    kind: str
    text: str


class Page:
    """A Markdown text, read by CommonMark's rules with tables, as GitHub does."""

    def __init__(self, text: str) -> None:
        self.tokens = _PARSER.parse(text)

    @classmethod
    def read(cls, path: Path) -> Page:
        """Of a file."""
        return cls(path.read_text("utf-8"))

    @cached_property
    def links(self) -> list[Link]:
        """Every link and image, those in pieces of HTML too."""
        return list(self._links())

    @cached_property
    def anchors(self) -> frozenset[str]:
        """What ``#…`` may name: headings by GitHub's rule, and ``id`` of HTML."""
        seen: Counter[str] = Counter()
        found = set()
        for _, text in self.headings:
            name = anchor(text)
            found.add(f"{name}-{seen[name]}" if seen[name] else name)
            seen[name] += 1
        for token in _flat(self.tokens):
            if token.type in ("html_block", "html_inline"):
                found.update(_HTML_ANCHOR.findall(token.content))
        return frozenset(found)

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """Level and text, without its marks."""
        return [
            (int(token.tag[1]), _plain(self.tokens[at + 1]))
            for at, token in enumerate(self.tokens)
            if token.type == "heading_open"
        ]

    @cached_property
    def fences(self) -> list[Fence]:
        """In the order of the page."""
        return [Fence(token.info.strip(), token.content) for token in _flat(self.tokens) if token.type == "fence"]

    def _links(self) -> Iterator[Link]:
        line = 0
        for token in _flat(self.tokens):
            line = token.map[0] + 1 if token.map else line
            if token.type in ("html_block", "html_inline"):
                yield from (Link(target, line) for target in _HTML_TARGET.findall(token.content))
            target = token.attrGet("href") or token.attrGet("src")
            if target is not None:
                yield Link(str(target), line)


def anchor(heading: str) -> str:
    """The name that GitHub gives a heading: lower case, without punctuation, blanks as hyphens."""
    return _NOT_IN_ANCHOR.sub("", heading.strip().lower()).replace(" ", "-")


def _plain(inline: Token) -> str:
    return "".join(each.content for each in inline.children or () if each.type in ("text", "code_inline"))


def _flat(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _flat(token.children or [])
