"""Makes an event by its Avro schema, as natural JSON, and changes it as is wished.

The size is bounded: when many values have been made, what may be absent is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from jinja2 import nodes

from connector.leads.avro_schema import RECORDS, AvroSchema, Node, kind_of, logical_of
from connector.samples.grant import granting
from connector.samples.made_up import MadeUp, Role, means_yes, role_of, tokens
from connector.samples.places import Pick, Place, settled
from connector.samples.wishes import Want, Wish

LARGEST = 2_000
"""Values of an event from which on only what must be there is made."""
DEEPEST = 12
"""Levels from which on the same holds."""
MOST_ITEMS = 20
"""Items that a list may get so that one at a wished index is there."""

Names: TypeAlias = "tuple[str, ...]"
"""The names on the way to a value, and what a picked item is about."""
_Change: TypeAlias = Callable[[Node, Any, Names], Any]
_TEXT_TIMES = {"time-millis": "10:00:00", "time-micros": "10:00:00"}
_UUID = "00000000-0000-4000-8000-000000000001"


class EventMaker:
    """Makes events of one reader schema. ``made`` counts the values, over all of them."""

    def __init__(self, schema: AvroSchema, made_up: MadeUp) -> None:
        self._schema = schema
        self._made_up = made_up
        self._largest = 0
        self._item = 0
        self.made = 0

    def event(self, wishes: Iterable[Wish]) -> dict[str, Any]:
        """An event with the wishes granted one after another, as far as the schema allows."""
        self._largest = self.made + LARGEST
        document: dict[str, Any] = self._make(self._schema.root, (), 0)
        for wish in wishes:
            place = settled(wish.place, document)
            if place is not None:
                self._change(self._schema.root, document, place, (), granting(self, wish))
        return document

    def make(self, node: Node, names: Names, role: Role | None = None) -> Any:
        """A value, as there as it can be."""
        return self._make(node, names, len(names), role)

    def definition(self, node: Node) -> Node:
        """What a type's name stands for."""
        return self._schema.definition(node)

    def _make(self, node: Node, names: Names, depth: int, role: Role | None = None) -> Any:
        self.made += 1
        node = self._schema.definition(node)
        match kind_of(node):
            case "union":
                return self._make_union(node, names, depth, role)
            case kind if kind in RECORDS:
                return self._make_record(node, names, depth)
            case "array":
                return [] if self._sparing(depth) else [self._make(node["items"], names, depth + 1, role)]
            case "map":
                return {}
            case "enum":
                return node.get("default") or node["symbols"][0]
            case "fixed" | "bytes" as kind:
                if logical_of(node) == "uuid":
                    return _UUID
                return (
                    _decimal(node) if logical_of(node) == "decimal" else "s" * (node["size"] if kind == "fixed" else 6)
                )
            case "boolean":
                return bool(names) and means_yes(names)
            case "null":
                return None
            case kind:
                return self._make_plain(kind, logical_of(node), names, role)

    def _make_union(self, node: list[Node], names: Names, depth: int, role: Role | None) -> Any:
        if "null" in node and self._sparing(depth):
            return None
        return self._make(next((branch for branch in node if branch != "null"), "null"), names, depth, role)

    def _make_record(self, node: dict[str, Node], names: Names, depth: int) -> dict[str, Any]:
        record = {}
        for field in node["fields"]:
            if "default" in field and self._sparing(depth):
                continue
            record[field["name"]] = self._make(field["type"], (*names, field["name"]), depth + 1)
        return record

    def _make_plain(self, kind: str, logical: str | None, names: Names, role: Role | None) -> Any:
        role = role or role_of(names)
        if logical == "uuid":
            return _UUID
        if logical == "date":
            return self._made_up.moment(role).date().isoformat()
        if logical in _TEXT_TIMES:
            return _TEXT_TIMES[logical]
        if logical is not None and "timestamp" in logical:
            text = self._made_up.moment(role).strftime("%Y-%m-%dT%H:%M:%S")
            return text if logical.startswith("local") else f"{text}Z"
        is_id = bool(names) and "id" in tokens(names[-1]) and self._item > 0
        if kind == "string":
            text = self._made_up.text(names, role)
            return f"{text} {self._item}" if is_id and role is None else text
        if kind == "long" and role in (Role.EARLIER, Role.LATER):
            return int(self._made_up.moment(role).timestamp()) * 1000
        if kind == "long" and role is Role.PHONE:
            return int(self._made_up.text(names, role).removeprefix("+"))
        return 1 + self._item if is_id else 1

    def _sparing(self, depth: int) -> bool:
        return depth >= DEEPEST or self.made >= self._largest

    def _change(self, node: Node, value: Any, place: Place, names: Names, change: _Change) -> Any:
        """The value with what is at ``place`` in it changed; made where it is absent, as it was where that cannot be.

        Objects and lists are changed in place.
        """
        node = self._schema.definition(node)
        if not place:
            return change(node, value, names)
        if isinstance(node, list):
            branch = self._branch(node, value, place[0])
            if branch is None:
                return value
            fresh = value if _is_of(self._schema.definition(branch), value) else self.make(branch, names)
            return self._change(branch, fresh, place, names, change)
        step, rest = place[0], place[1:]
        if isinstance(step, Pick):
            return self._change_picked(node, value, place, names, change)
        if kind_of(node) in RECORDS:
            field = next((each for each in node["fields"] if each["name"] == step), None)
            if field is not None:
                inside = (*names, str(step))
                before = value[step] if step in value else self.make(field["type"], inside)
                value[step] = self._change(field["type"], before, rest, inside, change)
        elif kind_of(node) == "map" and isinstance(step, str):
            inside = (*names, step)
            before = value[step] if step in value else self.make(node["values"], inside)
            value[step] = self._change(node["values"], before, rest, inside, change)
        elif kind_of(node) == "array" and isinstance(step, int) and -MOST_ITEMS <= step < MOST_ITEMS:
            while not -len(value) <= step < len(value):
                value.append(self.make(node["items"], names))
            value[step] = self._change(node["items"], value[step], rest, names, change)
        return value

    def _change_picked(self, node: Node, value: Any, place: Place, names: Names, change: _Change) -> Any:
        step = place[0]
        if kind_of(node) != "array" or not isinstance(step, Pick) or not isinstance(step.wanted, nodes.Const):
            return value
        wanted, inside = step.wanted.value, (*names, *step.about)
        found = next((each for each in value if isinstance(each, dict) and each.get(step.field) == wanted), None)
        if found is None:
            self._item = len(value)  # its ids differ from those of the others
            found = self.make(node["items"], inside)
            self._item = 0
            wish = granting(self, Wish((), Want.EQUAL, wanted))
            found = self._change(node["items"], found, (step.field,), inside, wish)
            value.append(found)
        at = next(index for index, each in enumerate(value) if each is found)
        value[at] = self._change(node["items"], found, place[1:], inside, change)
        return value

    def _branch(self, branches: list[Node], value: Any, step: object) -> Node | None:
        """The branch that has the step; the value's own if that has."""
        fitting = [branch for branch in branches if _takes(self._schema.definition(branch), step)]
        own = [branch for branch in fitting if _is_of(self._schema.definition(branch), value)]
        return next(iter(own or fitting), None)


def _takes(node: Node, step: object) -> bool:
    match kind_of(node):
        case kind if kind in RECORDS:
            return any(field["name"] == step for field in node["fields"])
        case "map":
            return isinstance(step, str)
        case "array":
            return isinstance(step, int | Pick)
        case _:
            return False


def _is_of(node: Node, value: Any) -> bool:
    match kind_of(node):
        case kind if kind in RECORDS:
            return isinstance(value, dict) and value.keys() <= {field["name"] for field in node["fields"]}
        case "map":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case _:
            return False


def _decimal(node: Node) -> str:
    return "1" if node["precision"] > node.get("scale", 0) else "0"
