"""What the stages are measured with: mappings by size, and leads that fit them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count, cycle
from typing import Any, Final

import phonenumbers

from bench.data import lead
from bench.paths import READER
from connector.leads.mapper import Mapper
from connector.leads.reader_schema import ReaderSchema
from connector.leads.spec import Channel, MappingSpec, PhoneFormat, PhoneSpec, RouteSpec, YamlValue

Lead = dict[str, Any]

PATHS_ONLY: Final[dict[str, YamlValue]] = {
    "clientIds": "person.phones",
    "priority": "priority",
    "data": {
        "id": "eventId",
        "email": "person.email",
        "campaign": "source.campaignId",
        "product": "attributes.product",
    },
}
"""Six paths and nothing else."""
JINJA: Final[dict[str, YamlValue]] = {
    "name": "{{ person.firstName[:1] }}. {{ person.lastName.upper() }}",
    "score": "(priority or 0) * 20 + 10",
}
"""Two expressions that only Jinja2 can run: the dearest kind."""
DIRECT: Final[dict[str, YamlValue]] = {
    "name": "{{ person.firstName }} {{ person.lastName | title }}",
    "score": "'hot' if priority > 2 else 'cold'",
}
"""Two that are compiled to direct calls."""
SCHEDULE: Final[dict[str, YamlValue]] = {
    "timezone": ["person.timezone", "phone", "America/Montevideo"],
    "scheduleDate": "schedule.at",
}
E164: Final = PhoneSpec(PhoneFormat.E164, "person.country")


def contact(
    expressions: dict[str, YamlValue] | None = JINJA, schedule: dict[str, YamlValue] | None = SCHEDULE
) -> dict[str, YamlValue]:
    """The canonical contact: six paths, one number, two expressions, a schedule in a zone. None leaves these out."""
    data: dict[str, YamlValue] = {
        "id": "eventId",
        "email": "person.email",
        "campaign": "source.campaignId",
        "form": "source.formId",
        "product": "attributes.product",
        **(expressions or {}),
    }
    return {"clientIds": ["person.phones[0]"], "priority": "priority", "data": data, **(schedule or {})}


def mapper(reader: ReaderSchema, contact: dict[str, YamlValue], phones: PhoneSpec = E164) -> Mapper:
    """A mapper of one route, as the service makes it."""
    route = RouteSpec("all", "sales", Channel.TELEPHONY, contact, phones=phones)
    return Mapper(MappingSpec(routes=(route,)), reader.raw)


def reader() -> ReaderSchema:
    """The canonical reader schema."""
    return ReaderSchema.parse(READER.read_text(encoding="utf-8"))


def scheduled_leads(leads: int) -> list[Lead]:
    """Leads of `bench.data` that have a call-back time, half an instant and half a wall time. No two have the same
    number; a quarter each writes it nationally and with blanks, as people do."""
    now = datetime.now(UTC)
    found: list[Lead] = []
    for number in count():
        if len(found) == leads:
            break
        if (made := lead(number, now))["schedule"]:
            found.append(_as_people_write(made, len(found) // 12 % 4))
    return found


def worldwide(leads: list[Lead]) -> list[Lead]:
    """The same leads with numbers of all regions in turn, each region's example with other last digits."""
    return [
        {**each, "person": {**each["person"], "phones": [number]}}
        for each, number in zip(leads, _numbers_of_the_world(), strict=False)
    ]


def without_zone(leads: list[Lead]) -> list[Lead]:
    """The same leads, each with an instant for a call-back time and no word of the zone."""
    instants = cycle(each["schedule"] for each in leads if not isinstance(each["schedule"]["at"], dict))
    return [
        {**each, "person": {**each["person"], "timezone": None}, "schedule": instant}
        for each, instant in zip(leads, instants, strict=False)
    ]


def _as_people_write(made: Lead, way: int) -> Lead:
    form = {2: phonenumbers.PhoneNumberFormat.NATIONAL, 3: phonenumbers.PhoneNumberFormat.INTERNATIONAL}.get(way)
    if form is not None:
        person = made["person"]
        person["phones"] = [phonenumbers.format_number(phonenumbers.parse(each), form) for each in person["phones"]]
    return made


def _numbers_of_the_world() -> Iterator[str]:
    """Valid numbers in E.164 without end, no two of one region in a row."""
    examples = [
        example
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        if (example := phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)) is not None
    ]
    for turn, example in zip(count(), cycle(examples)):
        text = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        other = f"{text[:-2]}{turn // len(examples) % 100:02d}"
        yield other if phonenumbers.is_valid_number(phonenumbers.parse(other)) else text
