"""A property whose type the check lets through can be sent; one that never can is refused, whatever the schema."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from connector.leads.mapped import MappedLead
from connector.leads.mapper import Mapper, MappingError
from connector.leads.spec import Channel, MappingSpec, RouteSpec, SpecProblem, YamlValue

VALUES: dict[str, tuple[Any, list[Any]]] = {
    "boolean": ("boolean", [True, False]),
    "int": ("int", [99123456, 1_790_000_000_000]),  # arithmetic on an int may give the second
    "long": ("long", [5, 1_790_000_000_000]),
    "float": ("float", [1.5, 3.0]),
    "double": ("double", [1.5, 3.0]),
    "bytes": ("bytes", [b"099123456"]),
    "fixed": ({"type": "fixed", "name": "F", "size": 9}, [b"099123456"]),
    "string": ("string", ["099123456", "ana@example.com", "2026-07-01T09:00:00Z", "America/Lima"]),
    "uuid": ({"type": "string", "logicalType": "uuid"}, [UUID(int=99123456)]),
    "enum": ({"type": "enum", "name": "E", "symbols": ["A", "UTC"]}, ["A", "UTC"]),
    "record": ({"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"}]}, [{"a": "099123456"}]),
    "walltime": (
        {"type": "record", "name": "W", "fields": [{"name": "local", "type": "string"}]},
        [{"local": "2026-07-01T09:00:00"}],
    ),
    "map": ({"type": "map", "values": "string"}, [{"a": "099123456"}]),
    "timestamp": ({"type": "long", "logicalType": "timestamp-millis"}, [datetime(2026, 7, 1, tzinfo=UTC)]),
    "local": ({"type": "long", "logicalType": "local-timestamp-millis"}, [datetime(2026, 7, 1)]),
    "date": ({"type": "int", "logicalType": "date"}, [date(2026, 7, 1)]),
    "time": ({"type": "int", "logicalType": "time-millis"}, [time(9)]),
    "decimal": ({"type": "bytes", "logicalType": "decimal", "precision": 9}, [Decimal(99123456)]),
    "texts": ({"type": "array", "items": "string"}, [["099123456", "ana@example.com"]]),
    "records": ({"type": "array", "items": {"type": "record", "name": "I", "fields": []}}, [[{}]]),
    "doubles": ({"type": "array", "items": "double"}, [[99123456.0]]),
    "blobs": ({"type": "array", "items": "bytes"}, [[b"099123456"]]),
}
"""A field of each type of Avro, and values that it can have."""

SCHEMA = {
    "type": "record",
    "name": "Lead",
    "fields": [
        {"name": "id", "type": "string"},
        {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        *({"name": name, "type": kind} for name, (kind, _) in VALUES.items()),
        {
            "name": "deep",
            "type": {
                "type": "record",
                "name": "Deep",
                "fields": [
                    {"name": "maybe", "type": ["null", "bytes"]},
                    {"name": "more", "type": {"type": "record", "name": "More", "fields": [
                        {"name": "raw", "type": ["bytes", "F"]}, {"name": "again", "type": ["null", "Deep"]}]}},
                ],
            },
        },
    ],
}  # fmt: skip
LEAD = {name: values[0] for name, (_, values) in VALUES.items()} | {
    "id": "lead-1",
    "at": datetime(2026, 1, 15, tzinfo=UTC),
}
NOW_MS = 1_768_489_200_000
PROPERTIES = [
    (Channel.TELEPHONY, "clientIds"),
    (Channel.SMS, "clientId"),
    (Channel.EMAIL, "clientId"),
    (Channel.TELEPHONY, "priority"),
    (Channel.TELEPHONY, "contactId"),
    (Channel.TELEPHONY, "data"),
    (Channel.TELEPHONY, "timezone"),
    (Channel.TELEPHONY, "scheduleDate"),
    (Channel.PREVIEW, "agent"),
    (Channel.EMAIL, "subject"),
    (Channel.SMS, "content"),
    (Channel.WHATSAPP, "template"),
    (Channel.EMAIL, "attachments"),
]
REQUIRED: dict[Channel, dict[str, YamlValue]] = {
    Channel.TELEPHONY: {"clientIds": "'099123456'"},
    Channel.PREVIEW: {"clientIds": "'099123456'"},
    Channel.SMS: {"clientId": "'099123456'"},
    Channel.WHATSAPP: {"clientId": "'099123456'"},
    Channel.EMAIL: {"clientId": "'ana@example.com'"},
}


def mapper_of(channel: Channel, contact: dict[str, YamlValue]) -> Mapper:
    """A mapper of one route. Raises MappingError."""
    return Mapper(MappingSpec((RouteSpec("a", "h", channel, contact),), "id", "at"), SCHEMA)


def problems_of(channel: Channel, contact: dict[str, YamlValue]) -> list[SpecProblem]:
    """What is wrong with a route's contact."""
    try:
        mapper_of(channel, contact)
    except MappingError as error:
        return error.problems
    return []


def can_be_sent(channel: Channel, name: str, field: str) -> bool:
    """Whether some value of the field becomes the property, by a route that the check knows nothing about."""
    chosen: YamlValue = {"python": "tests.unit.leads.functions_for_tests:chosen"}
    mapper = mapper_of(channel, {"timezone": "UTC", **REQUIRED[channel], name: chosen})
    results = [mapper.map({**LEAD, "chosen": value}, "leads", NOW_MS) for value in VALUES[field][1]]
    return any(isinstance(each, MappedLead) and f'"{name}"'.encode() in each.body for each in results)


@pytest.mark.parametrize(("channel", "name"), PROPERTIES)
@pytest.mark.parametrize("field", VALUES)
def test_a_type_is_accepted_where_some_value_of_it_can_be_sent_and_only_there(
    channel: Channel, name: str, field: str
) -> None:
    """The table of types against what becomes of leads."""
    problems = problems_of(channel, {"timezone": "UTC", **REQUIRED[channel], name: field})
    assert bool(problems) is not can_be_sent(channel, name, field)
    for problem in problems:
        assert problem.path == ("routes", 0, "contact", name)
        assert problem.message.startswith((f"{name} cannot be made from ", "this is bytes"))
        assert problem.hint


@pytest.mark.parametrize(
    ("channel", "contact", "path", "message"),
    [
        (Channel.TELEPHONY, {"clientIds": ["string", "records"]}, ("clientIds", 1), "clientIds cannot be made"),
        (Channel.TELEPHONY, {"clientIds": ["string", ["texts", "map"]]}, ("clientIds", 1, 1), "clientIds cannot be"),
        (Channel.TELEPHONY, {"clientIds": ["string", "'ask Ana'"]}, ("clientIds", 1), "clientIds: none of its"),
        (Channel.TELEPHONY, {"clientIds": ["string", None]}, ("clientIds", 1), "this never has a value"),
        (Channel.TELEPHONY, {"clientIds": []}, ("clientIds",), "this never has a value"),
        (Channel.EMAIL, {"attachments": ["string", "double"]}, ("attachments", 1), "attachments cannot be made"),
        (Channel.EMAIL, {"attachments": ["'a.pdf'", 1.5]}, ("attachments", 1), "attachments: text is expected"),
        (Channel.SMS, {"data": {"a": {"b": "bytes"}}}, ("data", "a", "b"), "this is bytes"),
        (Channel.SMS, {"data": {"a": ["string", "fixed"]}}, ("data", "a", 1), "this is bytes"),
        (Channel.SMS, {"data": "deep"}, ("data",), "its field 'more.raw' is bytes"),
        (Channel.SMS, {"timezone": ["string", "int"]}, ("timezone", 1), "timezone cannot be made from int"),
    ],
)  # fmt: skip
def test_what_is_wrong_inside_a_list_or_an_object_has_its_own_place(
    channel: Channel, contact: dict[str, YamlValue], path: tuple[str | int, ...], message: str
) -> None:
    """Each item is looked at for itself."""
    (problem,) = problems_of(channel, {**REQUIRED[channel], **contact})
    assert problem.path == ("routes", 0, "contact", *path)
    assert problem.message.startswith(message)


@pytest.mark.parametrize("value", [{"a": "deep.maybe"}, {"a": "blobs"}, {"a": "deep.more.again"}, "map"])
def test_what_may_be_without_bytes_is_accepted_in_data(value: YamlValue) -> None:
    """A null, an empty list: there are leads that can be sent."""
    assert not problems_of(Channel.SMS, {**REQUIRED[Channel.SMS], "data": value})
