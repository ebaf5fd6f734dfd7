"""Compiled expressions and Jinja2 give the same."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jinja2.parser import Parser

from connector.leads import direct, jinja
from connector.leads.filters import OWN_FILTERS
from connector.leads.scope import Evaluate, Scope
from connector.leads.tables import Table, lookup_in

FIELDS = ("person", "items", "at", "n", "list")
TABLES: dict[str, Table] = {"table": {"Ana": "x y", "1": "one"}}
KNOWN = direct.Known(frozenset(FIELDS), {**OWN_FILTERS, "lookup": lookup_in(TABLES)})
ENVIRONMENT = jinja.LeadEnvironment(TABLES)
names = st.sampled_from([*FIELDS, "keys", "values", "get", "upper", "year", "date", "local", "first_name"])
leaves = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["", "Ana", "x y"])
    | st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))
)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=12
)
leads = st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, values))

steps = st.one_of(
    names.map(".{}".format),
    names.map("['{}']".format),
    st.integers(-4, 4).map("[{}]".format),
    st.integers(0, 3).map(".{}".format),
)
starts = st.sampled_from([*FIELDS, "topic"])
paths = st.builds(lambda first, rest: first + "".join(rest), starts, st.lists(steps, max_size=4))
filters = st.sampled_from(
    ["epoch_ms", "epoch_s", "iso", "digits", "lower", "upper", "title", "trim", "first", "last", "string",
     "default('d')", "default(0, true)", "join('-')", "join(separator=', ')", "e164('UY')", "replace('a', 'b')", "int",
     "pick('local', 'Ana')", "pick('upper', n)", "date('%-d.%m.%Y %H:%M', 'America/Montevideo')", "date('%A %F')",
     "date('%p', n, 'es')", "money('EUR', 'de')", "money(n)", "lookup('table')", "lookup(n)"]
)  # fmt: skip
literals = st.sampled_from(["'Ana'", "''", "0", "1", "true", "none", "1.5"])
operands = paths | literals | st.builds("{} | {}".format, paths, filters)
operators = st.sampled_from(["==", "!=", "<", ">=", "in", "not in", "and", "or", "~"])
forms = st.sampled_from(
    ["({0}) {operator} ({1})", "not ({0})", "({0}) if ({1}) else ({2})", "({0}) if ({1})", "[{0}, {1}] | join",
     "({0}) | {filter}", "({0}).{name}"]
)  # fmt: skip


@st.composite
def expressions(draw: st.DrawFn, depth: int = 2) -> str:
    """An expression of the kinds that are compiled to direct calls."""
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(operands)
    parts = [draw(expressions(depth - 1)) for _ in range(3)]
    return draw(forms).format(*parts, operator=draw(operators), filter=draw(filters), name=draw(names))


def _outcome(evaluate: Evaluate, lead: dict[str, Any]) -> tuple[str, object]:
    """The value with its type, or the error's type."""
    try:
        value = evaluate(Scope(lead, "leads"))
    except Exception as error:  # noqa: BLE001 - which error it is, is compared
        return "error", type(error)
    # A method that is read and not called is a new object every time.
    return type(value).__name__, getattr(value, "__name__", "") if callable(value) else value


@settings(max_examples=600)
@given(expressions(), leads)
def test_direct_calls_and_jinja2_agree(source: str, lead: dict[str, Any]) -> None:
    """The same value of the same type, or the same error, for the same expression over any lead."""
    compiled = direct.compile_direct(Parser(jinja.ENVIRONMENT, source, state="variable").parse_expression(), KNOWN)
    assert compiled is not None
    slow = jinja.compile_expression(Parser(jinja.ENVIRONMENT, source, state="variable").parse_expression(), ENVIRONMENT)
    assert _outcome(compiled, lead) == _outcome(slow, lead)


@settings(max_examples=300)
@given(
    st.lists(expressions().map("{{{{ {} }}}}".format) | st.sampled_from(["a ", " ", "é\n"]), min_size=1, max_size=3),
    leads,
)
def test_direct_templates_and_jinja2_agree(parts: list[str], lead: dict[str, Any]) -> None:
    """The same text, or the same error, for the same template over any lead."""
    source = "".join(parts)
    compiled = direct.compile_direct_template(jinja.ENVIRONMENT.parse(source), KNOWN)
    assert compiled is not None
    slow = jinja.compile_template(jinja.ENVIRONMENT.parse(source), ENVIRONMENT)
    assert _outcome(compiled, lead) == _outcome(slow, lead)


@settings(max_examples=300)
@given(paths, leads)
def test_reading_a_path_never_raises(source: str, lead: dict[str, Any]) -> None:
    """What is not there is None: a path has no way to fail."""
    node = Parser(jinja.ENVIRONMENT, source, state="variable").parse_expression()
    compiled = direct.compile_direct(node, KNOWN)
    assert compiled is not None
    assert _outcome(compiled, lead)[0] != "error"
