"""Tables: how they are read, and what the filter makes of them."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.leads.expressions import Compiler
from connector.leads.mapped import MappedLead
from connector.leads.mapper import Mapper
from connector.leads.property_checks import check_required
from connector.leads.scope import Scope
from connector.leads.shapes import record_shape
from connector.leads.spec import MappingSpec, SpecProblem
from connector.leads.tables import MAX_CELL, SLICE, NotATable, read_csv
from tests.unit.leads.samples import NOW_MS, READER, evaluate, lead, route

TABLES = {"campaigns": {"campaign-1": "Spring", "5": "five", "true": "yes", "": "empty"}, "numbers": {"1": "one"}}


def looked_up(value: str, tables: dict[str, dict[str, str]] = TABLES) -> object:
    """The value of an expression over the canonical lead."""
    compiler = Compiler(record_shape(READER), tables)
    compiled = compiler.value(value, ("value",))
    assert not compiler.problems, compiler.problems
    return compiled.evaluate(Scope(lead(), "leads"))


def problems(value: str) -> list[SpecProblem]:
    """What is wrong with an expression."""
    compiler = Compiler(record_shape(READER), TABLES)
    compiler.value(value, ("value",))
    return compiler.problems


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("source.campaignId | lookup('campaigns')", "Spring"),
        ("source.campaignId | upper | lookup('campaigns')", None),
        ("source.campaignId | upper | lower | lookup('campaigns')", "Spring"),
        ("source.accountId | lookup('campaigns')", None),
        ("source.formId | lookup('campaigns') | default('other')", "other"),
        ("priority | lookup('campaigns')", "five"),
        ("(priority - 4) | lookup('numbers')", "one"),
        ("(not source.isTest) | lookup('campaigns')", "yes"),
        ("{{ source.campaignId | lookup('campaigns') }}!", "Spring!"),
        ("{% for n in [1, 2] %}[{{ n | lookup('numbers') }}]{% endfor %}", "[one][]"),
        ("[1, 2] | map('lookup', 'numbers') | list", ["one", None]),
        ("source.campaignId | lookup(table='campaigns')", "Spring"),
    ],
)
def test_what_stands_for_a_value(value: str, expected: object) -> None:
    """By direct calls and in Jinja2; exactly that text; else it is absent."""
    assert looked_up(value) == expected


@pytest.mark.parametrize("value", ["'x' | lookup('t')", "{{ 'x' | lookup('t') }}", "('x' | lookup('t'))[:9]",
                                   "{% if true %}{{ 'x' | lookup('t') }}{% endif %}"])  # fmt: skip
def test_a_table_that_changes_is_asked_again(value: str) -> None:
    """Also where the value is constant, which Jinja2 would compute once for all leads."""
    table = {"x": "before"}
    compiler = Compiler(record_shape(READER), {"t": table})
    compiled = compiler.value(value, ("value",))
    assert not compiled.constant and compiled.evaluate(Scope(lead(), "")) == "before"
    table["x"] = "after"
    assert compiled.evaluate(Scope(lead(), "")) == "after"


def test_two_mappings_have_tables_of_their_own() -> None:
    """As a preview has, that compares two configurations."""
    for value in ("'x' | lookup('t')", "('x' | lookup('t'))[:9]"):
        first, second = (
            Compiler(record_shape(READER), {"t": {"x": name}}).value(value, ("value",)) for name in ("one", "two")
        )
        assert [each.evaluate(Scope(lead(), "")) for each in (first, second)] == ["one", "two"]


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ("source.campaignId | lookup('campains')", "there is no table 'campains'", "did you mean campaigns?"),
        ("source.campaignId | lookup('zzz')", "there is no table 'zzz'", "tables: {zzz: its-file.csv}"),
        ("[1] | map('lookup', 'zzz') | list", "there is no table 'zzz'", "tables:"),
        ("source.campaignId | lookup(topic)", "the table of lookup is named here, not by the event", "lookup('"),
        ("source.campaignId | lookup(5)", "the table of lookup is named here, not by the event", "lookup('"),
        ("source.campaignId | lookup", "wrong arguments for the filter 'lookup'", "it takes: table"),
        ("source.campaignId | lookup('numbers', 'x')", "wrong arguments for the filter 'lookup'", "it takes: table"),
        ("source | lookup('numbers')", "lookup takes text, not record", "string"),
        ("person.phones | lookup('numbers')", "lookup takes text, not array", "string"),
        ("(source.campaignId | lookup('campaigns')) == 5", "== compares string with long", "| int"),
    ],
)
def test_what_cannot_be_looked_up_is_found_at_the_start(value: str, message: str, hint: str) -> None:
    """One problem, with the way out."""
    (problem,) = problems(value)
    assert problem.message.startswith(message) and hint in problem.hint


def test_the_check_knows_that_nothing_may_stand_there() -> None:
    """So a required property needs a word."""
    for value, wrong in (
        ("source.formId | lookup('campaigns')", ["agent is required, and this may be null"]),
        ("source.formId | lookup('campaigns') | default('x')", []),
        ("source.formId | lookup('campaigns') | required", []),
    ):
        compiler = Compiler(record_shape(READER), TABLES)
        compiled = compiler.value(value, ("agent",))
        assert compiled.shapes is not None
        check_required(compiler, compiled, ("agent",))
        assert [each.message for each in compiler.problems] == wrong


def test_a_hub_by_table() -> None:
    """A route's hub, its condition and a filter may look up too."""
    one = route(hub="{{ source.campaignId | lookup('hubs') }}", when="source.campaignId | lookup('hubs')")
    mapper = Mapper(MappingSpec((one,)), READER, {}, {"hubs": {"campaign-1": "spring-hub"}})
    mapped = mapper.map(lead(), "leads", NOW_MS)
    assert isinstance(mapped, MappedLead) and mapped.destination.hub == "spring-hub"


def test_without_tables() -> None:
    """There is none to name; and in Jinja2 none to find."""
    with pytest.raises(AssertionError):
        evaluate("priority | lookup('t')")


def test_reading_csv() -> None:
    """Quoted cells, other separators, a byte order mark, line ends of every kind, empty lines and cells."""
    for separator in (",", ";", "\t"):
        for end in ("\n", "\r\n", "\r"):
            lines = ["key,value", "a, b ", "", '"c, d","e ""f"""', "g,", 'h,"two\nlines"', "ñ,'x'"]
            content = "\ufeff" + end.join(lines).replace(",", separator) + end
            assert read_csv(content.encode()) == {
                "a": "b", f"c{separator} d": 'e "f"', "g": "", "h": "two\nlines", "ñ": "'x'",
            }  # fmt: skip
    assert read_csv(b'"key";"value"\na;b') == {"a": "b"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: the header is key,value (or key;value)"),
        (b"campaign,name\nsecret,b\n", "line 1: the header is key,value (or key;value)"),
        (b"secret,b\nc,d\n", "line 1: the header is key,value (or key;value)"),
        (b"key,value\n", "line 1: the table has no entry"),
        (b"key,value\n\n", "line 1: the table has no entry"),
        (b"key,value\na,b\n\nsecret,b,c\n", "line 4: 3 cells, not 2 (one with ',' in it needs quotes)"),
        (b"key;value\nsecret,b\n", "line 2: 1 cells, not 2 (one with ';' in it needs quotes)"),
        (b'key,value\na,"x\ny"\nb,c\na,secret\n', "line 5: this key was given before, on line 2"),
        (b'key,value\na,"x\ny"secret\nb,c\n', "line 2: ',' expected after '\"'"),
        (b'key,value\na,"secret\n', "line 2: unexpected end of data"),
        (b"key,value\n,secret\n", "line 2: the key is empty"),
        (b"key,value\na,secret\xe9\n", "line 2: not UTF-8 text"),
        (b"key,value\na," + b"s" * (MAX_CELL + 1), "line 2: more than 10,000 characters"),
        (b"key,value\na," + b"s" * 200_000, "line 2: field larger than field limit (131072)"),
    ],
)
def test_a_table_that_is_none_is_told_with_its_line(content: bytes, message: str) -> None:
    """And without what is in it."""
    with pytest.raises(NotATable) as caught:
        read_csv(content)
    assert str(caught.value) == message and "secret" not in str(caught.value)


def test_a_long_table_is_read_with_pauses() -> None:
    """So that the leads go on meanwhile."""
    pauses: list[None] = []
    content = b"key,value\n" + b"".join(b"%d,%d\n" % (n, n) for n in range(5 * SLICE))
    assert len(read_csv(content, lambda: pauses.append(None))) == 5 * SLICE and len(pauses) == 5


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8).map(str.strip)


@given(st.dictionaries(cells.filter(bool), cells, min_size=1, max_size=5), st.sampled_from(",;\t"))
def test_what_was_written_is_read(table: dict[str, str], separator: str) -> None:
    """With every cell in quotes."""
    rows = [("key", "value"), *table.items()]
    lines = [separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    assert read_csv("\n".join(lines).encode()) == table


@given(st.binary(max_size=60) | st.binary(max_size=60).map(b"key,value\n".__add__))
def test_any_bytes_are_a_table_or_none(content: bytes) -> None:
    """And nothing else is raised."""
    try:
        assert read_csv(content)
    except NotATable as error:
        assert str(error).startswith("line ")


def test_a_uuid_is_found_by_its_text() -> None:
    """As every value that has one."""
    token = UUID(int=5)
    compiler = Compiler(record_shape(READER), {"t": {str(token): "found"}})
    assert compiler.value("eventId | lookup('t')", ()).evaluate(Scope({"eventId": token}, "")) == "found"
