"""A parsed YAML file: every value and key with its place."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from connector.config.problems import Finding, KeyPath

MAX_DEPTH = 50
MAX_VALUES = 100_000
"""Values after aliases are expanded, so that aliases of aliases cannot fill the memory."""

Scalar: TypeAlias = "bool | int | float | str | None"


@dataclass(slots=True)
class Node:
    """A value with its place (line and column from 1). ``value`` is a scalar, a list of nodes, or entries by key."""

    line: int
    column: int
    value: Scalar | list[Node] | dict[str, Entry]


@dataclass(slots=True)
class Entry:
    """A key with its own place, and its value."""

    line: int
    column: int
    node: Node


class Unreadable(Exception):
    """Not YAML at all; nothing after this place was read. ``line`` and ``column`` from 1."""

    def __init__(self, line: int, column: int, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.line, self.column, self.message, self.hint = line, column, message, hint


@dataclass(slots=True)
class Mistake:
    """Something wrong in the file's form that does not stop the reading."""

    line: int
    column: int
    finding: Finding


@dataclass(slots=True)
class Document:
    """A parsed file: the tree, and the mistakes of form found on the way."""

    root: Node
    mistakes: list[Mistake] = field(default_factory=list)

    def plain(self) -> Any:
        """Return the tree as plain values; shared aliases become separate values.

        Raises Unreadable when aliases multiply into more than MAX_VALUES values.
        """
        return _plain(self.root, [MAX_VALUES], 0)

    def place(self, path: KeyPath, at_key: bool = False) -> tuple[int, int]:
        """Return line and column of the value at ``path``, or of the deepest part of the path that the file has.

        With ``at_key``, and where the value itself is missing, that is the place of the (parent's) key.
        """
        node, key = self.root, (self.root.line, self.root.column)
        for part in path:
            inner: Node | None = None
            if isinstance(node.value, dict) and (entry := node.value.get(str(part))) is not None:
                inner, key = entry.node, (entry.line, entry.column)
            elif isinstance(node.value, list) and isinstance(part, int) and 0 <= part < len(node.value):
                inner = node.value[part]
                key = (inner.line, inner.column)
            if inner is None:
                return key
            node = inner
        return key if at_key else (node.line, node.column)


def _plain(node: Node, left: list[int], depth: int) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise Unreadable(node.line, node.column, f"more than {MAX_VALUES:,} values, aliases expanded")
    if depth > MAX_DEPTH:
        raise Unreadable(node.line, node.column, f"more than {MAX_DEPTH} levels deep, aliases expanded")
    if isinstance(node.value, dict):
        return {key: _plain(entry.node, left, depth + 1) for key, entry in node.value.items()}
    if isinstance(node.value, list):
        return [_plain(item, left, depth + 1) for item in node.value]
    return node.value
