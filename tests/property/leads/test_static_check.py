"""What the static check says of types and nulls holds for every lead of the schema."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.leads.expressions import Compiled, Compiler
from connector.leads.scope import Scope
from connector.leads.shapes import nullable, record_shape, solid

INSTANT = {"type": "long", "logicalType": "timestamp-millis"}
PERSON = {
    "type": "record", "name": "Person", "fields": [
        {"name": "name", "type": "string"}, {"name": "age", "type": ["null", "int"]}],
}  # fmt: skip
SCHEMA = {
    "type": "record", "name": "Lead", "fields": [
        {"name": "kind", "type": {"type": "enum", "name": "Kind", "symbols": ["A", "B"]}},
        {"name": "text", "type": ["null", "string"]},
        {"name": "number", "type": "int"},
        {"name": "flag", "type": "boolean"},
        {"name": "at", "type": ["null", INSTANT]},
        {"name": "person", "type": ["null", PERSON]},
        {"name": "either", "type": ["string", "int", "Person"]}],
}  # fmt: skip
KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,), "enum": (str,), "int": (int,), "long": (int,), "double": (float,), "boolean": (bool,),
    "timestamp": (datetime,), "record": (dict,), "array": (list,), "map": (dict,),
}  # fmt: skip

texts = st.sampled_from(["", "A", "x", "5"])
people = st.fixed_dictionaries({"name": texts, "age": st.none() | st.integers(0, 3)})
leads = st.fixed_dictionaries({
    "kind": st.sampled_from(["A", "B"]),
    "text": st.none() | texts,
    "number": st.integers(-1, 2),
    "flag": st.booleans(),
    "at": st.none() | st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    "person": st.none() | people,
    "either": texts | st.integers(0, 2) | people,
})  # fmt: skip
paths = st.sampled_from(
    ["kind", "text", "number", "flag", "at", "person", "person.name", "person.age", "either", "either.age"]
)
literals = st.sampled_from(["'A'", "'x'", "''", "0", "1.5", "true", "none"])
operands = paths | literals | paths.map("({} | default('x'))".format) | paths.map("({} | default(none))".format)
conditions = st.one_of(
    paths, paths.map("{} is none".format), paths.map("{} is defined".format), paths.map("not {}".format),
    paths.map("{} != none".format), st.builds("{} == {}".format, paths, literals),
    st.builds("{} in [{}, 'A']".format, paths, literals),
)  # fmt: skip
conditions = conditions | st.builds("({} {} {})".format, conditions, st.sampled_from(["and", "or"]), conditions)
conditions = conditions | conditions.map("not ({})".format)
values = st.one_of(
    operands,
    st.builds("({} if {} else {})".format, operands, conditions, operands),
    st.builds("({} if {})".format, operands, conditions),
    st.builds("({} or {})".format, operands, operands),
    st.builds("({} and {})".format, conditions, operands),
    st.builds("({} or {})".format, conditions, operands),
    st.builds("[{}, {}] | first".format, operands, operands),
)


def compiled(source: str, when: str | None = None) -> tuple[Compiler, Compiled]:
    """An expression, in a route with a condition."""
    compiler = Compiler(record_shape(SCHEMA))
    with compiler.where(when):
        return compiler, compiler.value(source, ("value",))


@settings(max_examples=1500)
@given(values, st.none() | conditions, leads)
def test_a_value_is_of_the_types_and_null_only_where_the_check_says_so(
    source: str, when: str | None, lead: dict[str, Any]
) -> None:
    """For every lead that the route takes; a list's items are passed over (their place in it is not known)."""
    compiler, made = compiled(source, when)
    condition = compiled(when or "true")[1]
    if compiler.problems or made.shapes is None or not condition.evaluate(Scope(lead, "leads")):
        return
    value = made.evaluate(Scope(lead, "leads"))
    if value is None:
        assert nullable(made.shapes) or source.startswith("[")
    else:
        assert any(type(value) in KINDS[shape.kind] for shape in solid(made.shapes))


@settings(max_examples=1500)
@given(operands, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), operands, leads)
def test_a_comparison_that_is_refused_would_be_wrong_for_every_lead(
    left: str, operator: str, right: str, lead: dict[str, Any]
) -> None:
    """Never equal, or failing, wherever both sides are there."""
    if not compiled(f"{left} {operator} {right}")[0].problems:
        return
    here, there = (compiled(each)[1].evaluate(Scope(lead, "leads")) for each in (left, right))
    if here is None or there is None:
        return
    if operator in ("==", "!="):
        assert here != there
    else:
        with pytest.raises(TypeError):
            assert cast("Any", here) < there


@settings(max_examples=1000)
@given(conditions, operands, st.sampled_from(["<", ">="]), operands, leads)
def test_a_comparison_without_a_word_does_not_fail(
    condition: str, left: str, operator: str, right: str, lead: dict[str, Any]
) -> None:
    """No problem and no warning: it works, save where a branch of a union does not fit."""
    source = f"({condition}) and {left} {operator} {right}"
    compiler, made = compiled(source)
    if compiler.problems or compiler.warnings or "either" in source or "default" in source:
        return
    made.evaluate(Scope(lead, "leads"))
