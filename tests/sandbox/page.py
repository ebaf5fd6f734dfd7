"""The sandbox's page as a person sees it: hubs with their leads, and lists, read from its HTML."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"meta", "link"})


@dataclass
class Node:
    """An element; ``parts`` are the texts and elements in it, in order."""

    tag: str
    attributes: Mapping[str, str]
    parts: list[str | Node] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, blanks made one."""
        return " ".join(" ".join(part if isinstance(part, str) else part.text for part in self.parts).split())

    def find(self, tag: str, **attributes: str) -> list[Node]:
        """The elements in it with this tag and these attributes (``data_hub`` is ``data-hub``), in order."""
        wanted = {name.replace("_", "-"): value for name, value in attributes.items()}
        found: list[Node] = []
        for part in self.parts:
            if isinstance(part, Node):
                if part.tag == tag and wanted.items() <= part.attributes.items():
                    found.append(part)
                found += part.find(tag, **attributes)
        return found

    def pairs(self) -> list[tuple[str, str]]:
        """Terms and descriptions in it, in order."""
        return [(term.text, what.text) for term, what in zip(self.find("dt"), self.find("dd"), strict=True)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Node("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].parts.append(node)
        if tag not in _VOID:
            self.open.append(node)

    def handle_endtag(self, tag: str) -> None:
        assert self.open[-1].tag == tag, f"</{tag}> where <{self.open[-1].tag}> is open"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].parts.append(data)


def read_page(html: str) -> Node:
    """The page as a tree. Fails where an element is not closed."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert len(reader.open) == 1, [node.tag for node in reader.open]
    return reader.open[0]
