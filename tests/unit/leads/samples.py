"""A canonical lead, the reader schema and short ways to build mappers, for the tests of the mapping."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import orjson

from connector.leads.expressions import Compiler
from connector.leads.mapped import MappedLead
from connector.leads.mapper import Mapper, MappingError
from connector.leads.outcome import SetAside
from connector.leads.scope import Scope
from connector.leads.shapes import record_shape
from connector.leads.spec import Channel, MappingSpec, RouteSpec, SpecProblem, YamlValue

ROOT = Path(__file__).parents[3]
READER: Mapping[str, object] = json.loads((ROOT / "schemas" / "lead_event.avsc").read_text("utf-8"))
NOW_MS = 1_768_489_200_000
"""2026-01-15T15:00:00Z."""


def lead(**changes: object) -> dict[str, Any]:
    """A canonical lead as fastavro decodes it; a change replaces a top-level field, a dict is merged into a record."""
    base: dict[str, Any] = {
        "eventId": "event-1",
        "occurredAt": datetime(2026, 1, 15, 14, 59, 58, 123000, tzinfo=UTC),
        "receivedAt": None,
        "source": {
            "platform": "google",
            "accountId": None,
            "formId": "form-1",
            "campaignId": "campaign-1",
            "externalLeadId": None,
            "isTest": False,
        },
        "person": {
            "firstName": "Ana",
            "lastName": "Pérez",
            "phones": ["+59899123456", "+59829012345"],
            "email": "ana@example.com",
            "locale": "es-UY",
            "country": "UY",
            "timezone": "America/Montevideo",
        },
        "consent": [
            {"purpose": "call", "granted": True, "recordedAt": datetime(2026, 1, 15, 14, tzinfo=UTC)},
            {"purpose": "email", "granted": False, "recordedAt": None},
        ],
        "schedule": None,
        "priority": 5,
        "attributes": {"items": "two", "plan": "gold", "keys": "three"},
    }
    for name, value in changes.items():
        old = base.get(name)
        if isinstance(old, dict) and isinstance(value, dict) and name != "attributes":
            value = {**old, **value}
        base[name] = value
    return base


def route(contact: dict[str, YamlValue] | None = None, **changes: Any) -> RouteSpec:
    """A telephony route to the hub ``sales``."""
    base = RouteSpec("main", "sales", Channel.TELEPHONY, {"clientIds": "person.phones"} if contact is None else contact)
    return replace(base, **changes)


def mapper(*routes: RouteSpec, **changes: Any) -> Mapper:
    """A mapper of these routes over the canonical schema."""
    return Mapper(MappingSpec(routes, **changes), READER)


def mapped(event: dict[str, Any], *routes: RouteSpec, now_ms: int = NOW_MS, topic: str = "leads") -> MappedLead:
    """The mapped lead; an AssertionError when it was set aside."""
    result = mapper(*routes).map(event, topic, now_ms)
    assert isinstance(result, MappedLead), result
    return result


def contact_of(event: dict[str, Any], *routes: RouteSpec, now_ms: int = NOW_MS) -> dict[str, Any]:
    """The contact that would be sent."""
    return cast("dict[str, Any]", orjson.loads(mapped(event, *routes, now_ms=now_ms).body))


def set_aside(event: dict[str, Any], *routes: RouteSpec, now_ms: int = NOW_MS, topic: str = "leads") -> SetAside:
    """The reason the lead was set aside; an AssertionError when it was mapped."""
    result = mapper(*routes).map(event, topic, now_ms)
    assert isinstance(result, SetAside), result
    return result


def problems_of(*routes: RouteSpec, **changes: Any) -> list[SpecProblem]:
    """What a mapper refuses; empty when it accepts."""
    try:
        mapper(*routes, **changes)
    except MappingError as error:
        return error.problems
    return []


def evaluate(value: YamlValue, event: dict[str, Any] | None = None, topic: str = "leads") -> object:
    """The value of one expression over a lead; an AssertionError when it is refused at start."""
    compiler = Compiler(record_shape(READER))
    compiled = compiler.value(value, ("value",))
    assert not compiler.problems, compiler.problems
    return compiled.evaluate(Scope(lead() if event is None else event, topic))


def findings(value: YamlValue) -> list[SpecProblem]:
    """What is wrong with one expression."""
    compiler = Compiler(record_shape(READER))
    compiler.value(value, ("value",))
    return compiler.problems
