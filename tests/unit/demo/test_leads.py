"""The demo's leads: repeatable, of every kind, and ending as their maker says."""

from __future__ import annotations

import io
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import fastavro
import phonenumbers
import pytest

from connector.config import load
from connector.demo.configuration import Places, reader_schema, write_configuration
from connector.demo.leads import MISTAKE_EVERY, Lead, LeadFactory, Mistake
from connector.leads.decode import SchemaKey
from connector.leads.mapped import MappedLead, Parts
from connector.leads.outcome import Outcome, Reason, SetAside
from connector.plan import Plan, make_plan

NOW = 1_780_000_000_000
SCHEMA_ID = 7
PLACES = Places(
    bootstrap_servers="localhost:9092",
    topic="leads",
    dead_letters="leads.dead",
    group="demo",
    embedded=True,
    registry="http://localhost:8081",
    sandbox="http://localhost:8090",
    listen="127.0.0.1:9464",
)


def made(count: int, seed: int = 1, now_ms: int = NOW) -> list[Lead]:
    """The first leads of a seed."""
    factory = LeadFactory(seed)
    return [factory.make(now_ms) for _ in range(count)]


def written(lead: Lead) -> bytes | None:
    """The record's value, framed as Confluent's serializer does."""
    buffer = io.BytesIO()
    buffer.write(b"\0" + SCHEMA_ID.to_bytes(4, "big"))
    fastavro.schemaless_writer(buffer, fastavro.schema.load_schema(str(reader_schema())), lead.event)
    return lead.written(buffer.getvalue())


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """The demo's own configuration, compiled; the registry has said what it knows."""
    plan = make_plan(load(write_configuration(tmp_path, PLACES), {}))
    plan.decoder.learn(SchemaKey("id", SCHEMA_ID), reader_schema().read_text())
    return plan


def ending(plan: Plan, lead: Lead) -> tuple[Outcome, Reason | None]:
    """What the connector makes of a lead, without an API."""
    decoded = plan.decoder.decode("leads", written(lead), None)
    if isinstance(decoded, SchemaKey):
        plan.decoder.learn(decoded, None)
        decoded = plan.decoder.decode("leads", written(lead), None)
        assert not isinstance(decoded, SchemaKey)
    mapped = decoded if isinstance(decoded, SetAside) else plan.mapper.map(decoded, "leads", NOW)
    assert not isinstance(mapped, Parts)
    return (Outcome.DELIVERED, None) if isinstance(mapped, MappedLead) else (mapped.outcome, mapped.reason)


def test_a_seed_makes_the_same_leads_again_and_another_seed_others() -> None:
    """Repeatable by seed."""
    assert made(100) == made(100)
    assert [lead.id for lead in made(100)] != [lead.id for lead in made(100, seed=2)]


def test_mistakes_do_not_depend_on_the_time() -> None:
    """What has to become of the leads is known before the demo runs."""
    assert [lead.mistake for lead in made(500)] == [lead.mistake for lead in made(500, now_ms=NOW + 86_400_000)]


@pytest.mark.parametrize("seed", range(5))
def test_every_mistake_comes_once_before_any_comes_again(seed: int) -> None:
    """A short demo shows them all."""
    mistakes = Counter(lead.mistake for lead in made(MISTAKE_EVERY * len(Mistake), seed))
    assert {mistakes[mistake] for mistake in Mistake} == {1}


def test_numbers_are_valid_and_of_the_person_s_country() -> None:
    """Phones are E.164 numbers that the country's plan allows."""
    for lead in made(500):
        person = lead.event["person"]
        assert isinstance(person, dict)
        if lead.mistake in {Mistake.NO_PHONE, Mistake.REFUSED_PHONE}:
            continue
        number = phonenumbers.parse(person["phones"][0])
        assert phonenumbers.is_valid_number_for_region(number, person["country"])


def test_a_quarter_wants_to_be_called_later_half_of_them_at_a_wall_time() -> None:
    """Instants and wall times, all in the future."""
    wanted = [lead.event["schedule"] for lead in made(2000) if lead.mistake is not Mistake.NO_SUCH_ZONE]
    times = [schedule["at"] for schedule in wanted if isinstance(schedule, dict)]
    instants = [at for at in times if isinstance(at, int)]
    assert 400 < len(times) < 600
    assert 0.4 < len(instants) / len(times) < 0.6
    assert all(at > NOW for at in instants)


def test_the_connector_ends_every_lead_as_its_maker_says(plan: Plan) -> None:
    """Outcome and reason of each, by the demo's own configuration; only the API itself refuses REFUSED_PHONE."""
    factory = LeadFactory(3)
    for lead in islice(iter(lambda: factory.make(NOW), None), 1000):
        expected: tuple[Outcome, Reason | None] = (Outcome.DELIVERED, None)
        if lead.mistake not in {None, Mistake.REFUSED_PHONE}:
            assert lead.mistake is not None
            expected = (lead.mistake.outcome, lead.mistake.reason)
        assert ending(plan, lead) == expected, lead


def test_every_hub_gets_leads(plan: Plan) -> None:
    """No route is there for show."""
    routes = set()
    for lead in made(500, now_ms=time.time_ns() // 1_000_000):
        decoded = plan.decoder.decode("leads", written(lead), None)
        mapped = plan.mapper.map(decoded, "leads", NOW) if isinstance(decoded, dict) else None
        if isinstance(mapped, MappedLead):
            routes.add(mapped.route)
    assert routes == {"brazil", "google-sales", "meta-sales", "business", "everything-else"}
