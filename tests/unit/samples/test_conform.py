"""Whatever the schema and whatever is wished, an event conforms (property)."""

from __future__ import annotations

import json
from itertools import count
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from connector.leads.reader_schema import ReaderSchema
from connector.samples.event import EventMaker
from connector.samples.made_up import MadeUp, Role
from connector.samples.places import Pick
from connector.samples.wishes import Want, Wish

NAMES = st.sampled_from(
    ["phone", "email", "id", "created_at", "callTime", "timezone", "country", "name", "x", "birthday"]
)
LOGICAL: list[Any] = [
    {"type": kind, "logicalType": logical, **more}
    for kind, logical, more in (
        ("long", "timestamp-millis", {}), ("long", "timestamp-nanos", {}), ("long", "local-timestamp-micros", {}),
        ("int", "date", {}), ("int", "time-millis", {}), ("long", "time-micros", {}), ("string", "uuid", {}),
        ("bytes", "decimal", {"precision": 3, "scale": 3}), ("bytes", "decimal", {"precision": 9}),
    )
]  # fmt: skip
SIMPLE = st.sampled_from(
    ["null", "boolean", "int", "long", "float", "double", "bytes", "string", *LOGICAL]
) | st.sampled_from(
    [
        {"type": "enum", "name": "?", "symbols": ["x", "sample", "B"]},
        {"type": "fixed", "name": "?", "size": 16, "logicalType": "uuid"},
        {"type": "fixed", "name": "?", "size": 5},
        {"type": "fixed", "name": "?", "size": 5, "logicalType": "decimal", "precision": 4, "scale": 2},
    ]
)


def _record(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "record", "name": "?", "fields": [{"name": name, "type": kind} for name, kind in fields.items()]}


def _tag(kind: Any) -> str:
    return kind if isinstance(kind, str) else str(kind["type"])


def _grow(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    solid = inner.filter(lambda kind: not isinstance(kind, list))
    return (
        st.dictionaries(NAMES, inner, min_size=1, max_size=4).map(_record)
        | inner.map(lambda kind: {"type": "array", "items": _record({"x": kind, "name": "int"})})
        | inner.map(lambda kind: {"type": "map", "values": kind})
        | st.lists(solid, min_size=1, max_size=3, unique_by=_tag)
    )


def _named(kind: Any, numbers: Any) -> Any:
    """The same with a name of its own for each type that needs one."""
    if isinstance(kind, list):
        return [_named(each, numbers) for each in kind]
    if not isinstance(kind, dict):
        return kind
    made = {key: _named(value, numbers) if key in ("items", "values", "type") else value for key, value in kind.items()}
    if "fields" in kind:
        made["fields"] = [{**field, "type": _named(field["type"], numbers)} for field in kind["fields"]]
    return {**made, "name": f"N{next(numbers)}"} if kind.get("name") == "?" else made


SCHEMAS = st.dictionaries(NAMES, st.recursive(SIMPLE, _grow, max_leaves=8), min_size=1, max_size=5).map(_record)
VALUES = st.sampled_from([None, True, False, 0, 3, 2.5, "x", "sample", "2026-01-01T00:00:00Z", 1 << 40])
STEPS = (
    NAMES
    | st.integers(-2, 25)
    | st.builds(lambda name, value: Pick(name, nodes.Const(value), ("phone",)), NAMES, VALUES)
)
WISHES = st.builds(
    lambda place, want, value, role: Wish(tuple(place), want, role if want is Want.ROLE else value),
    st.lists(STEPS, min_size=1, max_size=4),
    st.sampled_from(Want),
    VALUES,
    st.sampled_from(Role),
)


@given(SCHEMAS, st.lists(WISHES, max_size=6))
def test_an_event_conforms(schema: dict[str, Any], wishes: list[Wish]) -> None:
    """As the decoder checks JSON; and no wish makes it otherwise than it was asked to be twice."""
    reader = ReaderSchema.parse(json.dumps(_named(schema, count())))
    made_up = MadeUp("UY", "America/Montevideo", 1_795_400_000_000)
    document = EventMaker(reader.plain, made_up).event(wishes)
    reader.check(json.loads(json.dumps(document)))
    assert EventMaker(reader.plain, made_up).event(wishes) == document
