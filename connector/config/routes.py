"""The sections ``lead`` and ``routes``: which lead goes to which hub, as which contact."""

from __future__ import annotations

import re
from typing import Annotated, Any, TypeAlias, cast

from pydantic import BeforeValidator, Field, WithJsonSchema

from connector.config.names import Expression, Hub, Records, Text, Topics, as_list
from connector.config.problems import quote, refuse
from connector.config.quantities import Count, Duration, PositiveDuration
from connector.config.section import Section, Shown, default
from connector.leads.spec import (
    Channel,
    ContactWindow,
    Endpoint,
    ListSpec,
    PastDates,
    PhoneFormat,
    PhoneSpec,
    RouteSpec,
    ScheduleSpec,
    YamlValue,
)

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS_HINT = "Write mon, tue, wed, thu, fri, sat, sun, or a range such as mon-fri"
_TIME = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])")


def _days(value: Any) -> frozenset[int]:
    if isinstance(value, frozenset):
        return value
    entries = as_list(value)
    if not isinstance(entries, (list, tuple)) or not entries:
        raise refuse(f"{quote(value)} is not a list of days", _DAYS_HINT)
    days: set[int] = set()
    for entry in entries:
        first, dash, last = entry.lower().partition("-") if isinstance(entry, str) else ("", "", "")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise refuse(f"{quote(entry)} is not a day", _DAYS_HINT)
        begin, end = _DAYS.index(first), _DAYS.index(last or first)
        if end < begin:
            raise refuse(f"{quote(entry)} runs over the end of the week", "Write two, for example [sat-sun, mon]")
        days.update(range(begin + 1, end + 2))
    return frozenset(days)


def _minute(value: Any) -> int:
    match = _TIME.fullmatch(value) if isinstance(value, str) else None
    minute = int(match[1]) * 60 + int(match[2]) if match else None
    if minute is None or minute > 24 * 60:
        raise refuse(f"{quote(value)} is not a time of day", 'Write "09:00" to "24:00", with quotes')
    return minute


_TIME_SCHEMA = {"type": "string", "pattern": "^(?:[01][0-9]|2[0-3]):[0-5][0-9]$|^24:00$"}
_DAY_PATTERN = f"^(?:{'|'.join(_DAYS)})(?:-(?:{'|'.join(_DAYS)}))?$"

Days: TypeAlias = Annotated[
    frozenset[int],
    BeforeValidator(_days),
    WithJsonSchema(
        {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string", "pattern": _DAY_PATTERN}}]}
    ),
    Shown("list of days", yaml=True),
]
Minute: TypeAlias = Annotated[int, BeforeValidator(_minute), WithJsonSchema(_TIME_SCHEMA), Shown("time of day")]
Contact: TypeAlias = Annotated[dict[str, Expression], Shown("map of property to expression", yaml=True)]


class LeadSettings(Section):
    """Where a lead's identity and time stand in the event."""

    id: Expression = default("eventId")
    """Expression for the lead's id: names the lead in logs, dead letters and receipts; must be stable when an event \
is sent again."""
    event_time: Expression = default("occurredAt")
    """Expression for the time at which the person asked to be contacted: for `max_age` and the time-to-lead metric."""


class PastDatesSettings(Section):
    """What happens to a call-back time that has passed."""

    policy: PastDates = default("asap")
    """`asap`: send without a date, so that the person is called now; `keep`: send the date as it is; `reject`: \
dead-letter the lead."""
    grace: Duration = default("0s")
    """A date that passed by no more than this counts as now, whatever the policy."""


class ContactWindowSettings(Section):
    """When people may be called, on their own clock."""

    days: Days = default("mon-sun")
    """Days of the week: `mon` to `sun`, or ranges such as `mon-fri`."""
    start: Minute = Field(alias="from", examples=['"09:00"'])
    """From this time of day on."""
    end: Minute = Field(alias="to", examples=['"20:00"'])
    """Until this time of day; `"24:00"` is midnight."""


class ListSettings(Section):
    """The lists of a route with `endpoint: lists`: leads are collected, and a list is uploaded with one request. Each \
upload makes a list of its own in uContact."""

    name: Expression = Field(examples=["\"{{ source.campaignId }} {{ occurredAt.strftime('%Y-%m-%d') }}\""])
    """The list's name, a value: leads with the same name are collected together."""
    max_leads: Count = default(500, le=10_000)
    """A list with so many leads is uploaded."""
    max_wait: PositiveDuration = default("5m")
    """A list whose first lead was read so long ago is uploaded."""

    def spec(self) -> ListSpec:
        """Return the rule as the mapper takes it."""
        return ListSpec(yaml_value(self.name), self.max_leads, self.max_wait)


class PhonesSettings(Section):
    """How phone numbers are sent (`clientIds`, and `clientId` of SMS and WhatsApp): in order, each once."""

    format: PhoneFormat = default("as_given")
    """`as_given`: as the lead has them; `e164`: `+59899123456`; `national`: `099123456`, as dialled within the region \
(numbers of other countries in E.164). With `e164` and `national`, numbers that are not valid are left out."""
    region: Expression = Field(default=None, examples=["UY"])
    """Country of numbers without a country code: a code of ISO 3166-1 (`UY`), an expression (`person.country`), or a \
list of these, of which the first that gives a region counts."""

    def spec(self) -> PhoneSpec:
        """Return the rules as the mapper takes them."""
        return PhoneSpec(self.format, yaml_value(self.region))


class RouteSettings(Section):
    """One route. The first route that matches takes the lead, and with `continue` others below it too; `unmatched` \
says what becomes of a lead that none takes."""

    name: Text = Field(examples=["google-sales"])
    """Unique name, for logs and metrics."""
    topics: Topics = default([])
    """Only leads from these topics (names, or patterns that begin with `^`). Empty: from every topic."""
    record: Records = default([])
    """Only leads of these record types (full names of reader schemas, see `schemas.readers`). Empty: of every type."""
    when: Expression = Field(default=None, examples=["source.platform == 'google'"])
    """Condition: an expression over the event. Nothing: every lead."""
    goes_on: bool = default(False, alias="continue")
    """`true`: the routes below are tried too. A lead that several take is sent by each, and its offset is resolved \
when all are done."""
    hub: Hub = Field(examples=["sales"])
    """The hub: its name as in uContact, text with `{{ }}` that gives the name, or hubs with their weights, as in \
`{sales: 70, social: 30}`: a lead's id says to which of them it goes, the same one each time."""
    channel: Channel = default("telephony")
    """Kind of hub; it decides which contact properties there are."""
    endpoint: Endpoint = default("freshLeads")
    """`freshLeads` for leads to contact soon, `lists` to load into a list."""
    list: ListSettings | None = None
    """With `endpoint: lists` only."""
    contact: Contact = Field(
        min_length=1, examples=["{clientIds: [person.phones]}"], json_schema_extra={"additionalProperties": True}
    )
    """The contact's properties, each with the expression for its value."""
    phones: PhonesSettings = default({})
    paused: bool = False
    """`true`: its leads wait where they are; no other route gets them. Can be changed while the connector runs."""
    max_age: PositiveDuration | None = None
    """A lead older than this is not sent any more: its outcome is `expired`. Nothing: no limit."""
    past_dates: PastDatesSettings = default({})
    contact_window: ContactWindowSettings | None = None

    def schedule(self) -> ScheduleSpec:
        """Return the rules for call-back times as the mapper takes them."""
        window = self.contact_window
        return ScheduleSpec(
            past_dates=self.past_dates.policy,
            grace=self.past_dates.grace,
            window=ContactWindow(window.days, window.start, window.end) if window else None,
        )

    def spec(self) -> RouteSpec:
        """Return the route as the mapper takes it."""
        return RouteSpec(
            name=self.name,
            hub=yaml_value(self.hub),
            channel=self.channel,
            contact={name: yaml_value(value) for name, value in self.contact.items()},
            endpoint=self.endpoint,
            when=yaml_value(self.when),
            topics=self.topics,
            list=None if self.list is None else self.list.spec(),
            records=self.record,
            max_age=self.max_age,
            schedule=self.schedule(),
            phones=self.phones.spec(),
            goes_on=self.goes_on,
        )


def yaml_value(value: object) -> YamlValue:
    """Give a value that came out of YAML its type back."""
    return cast(YamlValue, value)
