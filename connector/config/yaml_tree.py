"""YAML as people mean it, with the place of every value.

PyYAML reads YAML 1.1, where ``on`` is a boolean, ``09:00`` is the number 540 and a key given twice is silently the
second one. Here PyYAML only scans and parses; what a scalar means follows the core schema of YAML 1.2, a little
stricter: ``007`` stays text, so do ``.inf`` and ``.nan``, and nothing becomes a date.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from yaml.parser import Parser
from yaml.reader import Reader, ReaderError
from yaml.scanner import Scanner

from connector.config.problems import Finding, KeyPath, quote
from connector.config.yaml_nodes import (
    MAX_DEPTH,
    MAX_VALUES,
    Document,
    Entry,
    Mistake,
    Node,
    Scalar,
    Unreadable,
)
from connector.config.yaml_scalars import resolve
from connector.config.yaml_words import begins_where_it_is_wrong, in_plain_words

MAX_BYTES = 1024 * 1024
"""Largest configuration: that of a Kubernetes ConfigMap."""
_CORE = "tag:yaml.org,2002:"


class _Events(Reader, Scanner, Parser):
    """PyYAML's own scanner and parser, without its resolver and constructor."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


def parse(source: bytes) -> Document:
    """Read one YAML document. Raises Unreadable for anything that is not one."""
    return parse_text(_decode(source))


def parse_text(text: str) -> Document:
    """Read one YAML document from text (used for environment variables too). Raises Unreadable."""
    try:
        events = _Events(text)
    except ReaderError as error:
        line, column = _place_in(text, error.position)
        raise Unreadable(line, column, f"the character U+{ord(text[error.position]):04X} is not allowed") from None
    try:
        return _Builder(events).document()
    except yaml.MarkedYAMLError as error:
        unclosed = begins_where_it_is_wrong(error.problem or "")
        mark = (unclosed and error.context_mark) or error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message, hint = in_plain_words(error.problem or error.context or "unknown", text, line, column)
        raise Unreadable(line, column, message, hint) from None
    except (ValueError, OverflowError):
        # PyYAML's scanner lets these through for escapes and %YAML numbers that are out of range.
        mark = events.get_mark()
        raise Unreadable(mark.line + 1, mark.column + 1, "not valid YAML: a number is out of range here") from None


class _Builder:
    def __init__(self, events: _Events) -> None:
        self.events: Iterator[yaml.Event] = iter(events.get_event, None)
        self.anchors: dict[str, Node] = {}
        self.mistakes: list[Mistake] = []
        self.merged = 0

    def document(self) -> Document:
        root: Node | None = None
        event: Any
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                if root is not None:
                    raise self._stop(event, "a second document begins here", "Keep one document, without ---")
                root = self._node(next(self.events), (), 0)
        return Document(root or Node(1, 1, None), self.mistakes)

    def _stop(self, event: Any, message: str, hint: str = "") -> Unreadable:
        return Unreadable(*_at(event), message, hint)

    def _node(self, event: Any, path: KeyPath, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self._stop(event, f"more than {MAX_DEPTH} levels deep")
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self.anchors:
                raise self._stop(event, f"the alias *{event.anchor} has no anchor &{event.anchor} complete before it")
            return self.anchors[event.anchor]
        line, column = _at(event)
        node = Node(line, column, None)
        if isinstance(event, yaml.ScalarEvent):
            node.value = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            node.value = self._sequence(event, path, depth)
        else:
            node.value = self._mapping(event, path, depth)
        if event.anchor is not None:
            # Registered only now: an alias inside its own anchor would be a value without end.
            self.anchors[event.anchor] = node
        return node

    def _sequence(self, start: Any, path: KeyPath, depth: int) -> list[Node]:
        if start.tag not in (None, "!", _CORE + "seq"):
            raise self._stop(start, f"the tag {quote(start.tag)} is not understood", "Remove it")
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return items

    def _mapping(self, start: Any, path: KeyPath, depth: int) -> dict[str, Entry]:
        if start.tag not in (None, "!", _CORE + "map"):
            raise self._stop(start, f"the tag {quote(start.tag)} is not understood", "Remove it")
        entries: dict[str, Entry] = {}
        merged: list[Node] = []
        event: Any
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            if not isinstance(event, yaml.ScalarEvent):
                raise self._stop(
                    event,
                    "a key must be plain text",
                    'Text that begins with { or [ needs quotes, for example "{{ person.firstName }}"',
                )
            key, line, column = event.value, *_at(event)
            _check_characters(key, line, column)
            if event.anchor is not None:
                self.anchors[event.anchor] = Node(line, column, key)
            node = self._node(next(self.events), (*path, key), depth + 1)
            if key == "<<" and event.style is None:
                merged.append(node)
            elif (first := entries.get(key)) is not None:
                finding = Finding(
                    (*path, key),
                    f"this key was given before, on line {first.line}",
                    "Keep one of the two",
                )
                self.mistakes.append(Mistake(line, column, finding))
            else:
                entries[key] = Entry(line, column, node)
        for node in merged:
            self._merge(entries, node, path)
        return entries

    def _merge(self, entries: dict[str, Entry], node: Node, path: KeyPath) -> None:
        for source in node.value if isinstance(node.value, list) else [node]:
            if isinstance(source.value, dict):
                self.merged += len(source.value)
                if self.merged > MAX_VALUES:
                    raise Unreadable(node.line, node.column, f"<< merges more than {MAX_VALUES:,} keys")
                for key, entry in source.value.items():
                    entries.setdefault(key, entry)
            else:
                finding = Finding((*path, "<<"), "<< takes a section, or a list of sections", "Use an alias: <<: *name")
                self.mistakes.append(Mistake(node.line, node.column, finding))

    def _scalar(self, event: Any) -> Scalar:
        text, tag = event.value, event.tag
        _check_characters(text, *_at(event))
        if tag in ("!", _CORE + "str") or (tag is None and not event.implicit[0]):
            return str(text)
        value = resolve(text)
        if tag is None:
            return value
        kinds: dict[str, tuple[type, ...]] = {
            "null": (type(None),),
            "bool": (bool,),
            "int": (int,),
            "float": (int, float),
        }
        kind = kinds.get(tag.removeprefix(_CORE))
        if kind is None or not isinstance(value, kind):
            raise self._stop(event, f"the tag {quote(tag)} does not fit here", "Remove it")
        return value


def _at(event: Any) -> tuple[int, int]:
    return event.start_mark.line + 1, event.start_mark.column + 1


def _decode(source: bytes) -> str:
    if len(source) > MAX_BYTES:
        raise Unreadable(1, 1, f"the file has more than {MAX_BYTES:,} bytes", "Is this the right file?")
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = source[: error.start].decode("utf-8-sig", errors="replace")
        line, column = _place_in(before, len(before))
        message = f"the byte 0x{source[error.start]:02X} is not UTF-8"
        raise Unreadable(line, column, message, "Save the file as UTF-8") from None


def _place_in(text: str, position: int) -> tuple[int, int]:
    before = text[:position]
    return before.count("\n") + 1, position - (before.rfind("\n") + 1) + 1


def _check_characters(text: str, line: int, column: int) -> None:
    if any("\ud800" <= character <= "\udfff" or character == "\0" for character in text):
        raise Unreadable(line, column, "a character here is not valid in text (NUL, or half of a surrogate pair)")
