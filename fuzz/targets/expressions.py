"""Text as an expression or a template: checked against the schema, then computed for leads small and large."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson

from connector.leads.decode import Format
from connector.leads.expressions import is_template
from connector.leads.filters import JINJA_FILTERS, OWN_FILTERS
from connector.leads.mapped import MappedLead
from connector.leads.mapper import Mapper, MappingError
from connector.leads.outcome import SetAside
from connector.leads.paths import DATE_METHODS, TEXT_METHODS
from connector.leads.spec import Channel, MappingSpec, RouteSpec
from fuzz import samples
from fuzz.claims import bounded, claim
from fuzz.inputs import AS_IT_IS, Source, choices
from fuzz.outcomes import check_reason

LONGEST = 1_024
WORDS = (
    *(f" | {name}".encode() for name in sorted({*OWN_FILTERS, *JINJA_FILTERS})),
    *(f".{name}(".encode() for name in sorted({*TEXT_METHODS, *DATE_METHODS})),
    b"person.firstName", b"person.phones", b"consent", b"attributes", b"occurredAt", b"schedule.at", b"priority",
    b"topic",
    b"{{ ", b" }}", b"{% set a = ", b"{% for a in ", b"{% for b in a %}", b"{% if ", b" %}", b"{% endfor %}",
    b"{% endif %}",
    b"range(1000)", b"{% set a = a ~ a %}", b"{% set a = a + a %}", b"{% set a = [a, a] %}", b"loop.index", b" ~ ",
    b" + ",
    b" * ", b" ** ", b" % ", b" // ", b" == ", b" in ", b" not in ", b" is ", b" if ", b" else ", b"[::-1]", b"[1:]",
    b"[0]",
    b"(a, a)", b"{'a': 1}", b"'aaaaaaaa'", b"('a', 'aaaaaaaa')", b"999999999", b"1e308", b".__class__",
    b"['__class__']",
    b"'{0.__class__}'.format(1)", b"none", b"map(attribute='purpose')", b"selectattr('granted')", b" | sum(start=[])",
    b"strftime('%999999999Y')", b"{%- ", b"{# ", b" #}", b"**{'a': 1}", b"*[1]", b"caller", b"self", b"varargs",
)  # fmt: skip


def one(data: bytes) -> None:
    """It is refused at the start, or gives a request or a reason for every lead; never more than its time and room."""
    source = Source(data)
    how = source.number()
    text = source.stretched().decode("utf-8", "replace")
    with bounded():
        try:
            mapper = Mapper(_spec(text, how), _reader())
        except MappingError as error:
            claim(error.problems, "a refusal without a problem")
            claim(all(problem.message for problem in error.problems), "a problem says nothing")
            return
    for lead in _leads():
        with bounded():
            result = mapper.map(lead, "leads", samples.NOW_MS)
            if isinstance(result, SetAside):
                check_reason(result)
            else:
                claim(isinstance(result, MappedLead), "neither a request nor a reason")


def seeds() -> Iterable[bytes]:
    """Expressions and templates from the documentation, and known tricks."""
    texts = (
        "person.phones[0]", "occurredAt | epoch_ms", "source.accountId | default('none')", "priority + 1",
        "source.platform == 'google' and not source.isTest", "person.firstName[:2] ~ '.'", "'a' * 1000000000",
        "consent | selectattr('granted') | map(attribute='purpose') | join(',')", "person.firstName.replace('a', 'b')",
        "{{ person.firstName }} {{ person.lastName | title }}", "occurredAt.strftime('%d/%m/%Y')", "9 ** 99999999",
        "{% for c in consent if c.granted %}{{ c.purpose }}{{ ';' if not loop.last }}{% endfor %}",
        "{% set a = person.firstName %}{% set b = a ~ a %}{{ b ~ b }}", "attributes | dictsort | list | length",
        "{% for a in range(9) %}{% for b in range(9) %}{{ a * b }}{% endfor %}{% endfor %}",
        "[[1, 2], [3]] | sum(start=[])",
        "person.country if source.isTest else (topic | upper)", "schedule.at.local", "{{ [1, 2] | sum }}{# x #}",
        "(person.firstName ~ 'aaaa') | replace('a', person.firstName) | truncate(20)", "''.__class__.__mro__",
    )  # fmt: skip
    for place, text in enumerate(texts):
        yield choices(place) + AS_IT_IS + text.encode()
    yield choices(2, 6, 0, 1) + b"0"  # a megabyte of zeros


def _spec(text: str, how: int) -> MappingSpec:
    """The text stands where it is a value of any kind, a condition, or the lead's id."""
    contact: dict[str, Any] = {"clientIds": "'+59899123456'", "data": {"value": text}}
    if how % 4 == 1 and not is_template(text):
        return MappingSpec((RouteSpec("route", "hub", Channel.TELEPHONY, contact, when=text),))
    if how % 4 == 2:
        return MappingSpec((RouteSpec("route", "hub", Channel.TELEPHONY, contact),), lead_id=text)
    if how % 4 == 3:
        contact = {**contact, "scheduleDate": text, "timezone": [text, "America/Montevideo"]}
    return MappingSpec((RouteSpec("route", "hub", Channel.TELEPHONY, contact),))


@cache
def _reader() -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(samples.CANONICAL)
    return found


@cache
def _leads() -> tuple[dict[str, object], ...]:
    """As they come, and about as large as a record can be: of one huge text, of many items and keys."""
    contract = samples.contracts()[0]
    decoded = [contract.decoder.decode(Format.JSON, each, None) for place, each in samples.documents() if place == 0]
    usual = [lead for lead in decoded if isinstance(lead, dict)][:2]
    first: dict[str, Any] = usual[0]
    person = {**first["person"], "firstName": "aA 9," * 100_000}
    consent = [{"purpose": "call", "granted": True, "recordedAt": datetime(2026, 1, 1, tzinfo=UTC)}] * 20_000
    phones = [f"+5989912{number:04}" for number in range(20_000)]
    attributes = {f"key {number}": "a" for number in range(20_000)}
    return (
        *usual,
        {**first, "person": person, "eventId": "a" * 500_000},
        {**first, "consent": consent, "person": {**first["person"], "phones": phones}, "attributes": attributes},
    )
