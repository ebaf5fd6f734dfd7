from __future__ import annotations

import pytest

from tests.unit.config.conftest import VALID, Writer, changed


def test_the_environment_wins_over_the_file(config: Writer) -> None:
    environ = {
        "CONNECTOR__KAFKA__BOOTSTRAP_SERVERS": "broker:9093",
        "CONNECTOR__DELIVERY__BATCH__LINGER": "250ms",
        "CONNECTOR__TELEMETRY__LISTEN": "off",
        "OTHER": "x",
        "CONNECTOR_SERVICE_HOST": "10.0.0.1",
    }
    settings = config.load(VALID + "delivery: {batch: {linger: 1s, max_leads: 7}}\n", environ).settings
    assert settings.kafka.bootstrap_servers == "broker:9093"
    assert settings.delivery.batch.linger.total_seconds() == 0.25
    assert settings.delivery.batch.max_leads == 7
    assert settings.telemetry.listen is None


def test_a_required_key_may_come_from_the_environment_alone(config: Writer) -> None:
    text = changed("dead_letters: {topic: leads.dead}\n", "")
    environ = {"CONNECTOR__DEAD_LETTERS__TOPIC": "dead"}
    assert config.load(text, environ).settings.dead_letters.topic == "dead"


@pytest.mark.parametrize(
    "value", ["leads,leads.web", "[leads, leads.web]", '["leads", "leads.web"]', "- leads\n- leads.web"]
)
def test_lists_are_yaml_or_have_commas(config: Writer, value: str) -> None:
    assert config.load(VALID, {"CONNECTOR__KAFKA__TOPICS": value}).settings.kafka.topics == ("leads", "leads.web")


def test_sections_lists_and_maps_are_yaml(config: Writer) -> None:
    environ = {
        "CONNECTOR__ROUTES": '[{"name": "one", "hub": "a", "contact": {"clientIds": "person.phones"}}]',
        "CONNECTOR__ROUTES__0__HUB": "b",
        "CONNECTOR__ROUTES__0__CONTACT__clientIds": "[person.email]",
        "CONNECTOR__ROUTES__1": "{name: two, hub: c, contact: {clientIds: person.phones}}",
        "CONNECTOR__SCHEMAS__FORMATS__leads": "json",
        "CONNECTOR__KAFKA__PROPERTIES__SECURITY_PROTOCOL": "SASL_SSL",
        "CONNECTOR__KAFKA__PROPERTIES__client.id": "7",
    }
    settings = config.load(VALID, environ).settings
    assert [(route.name, route.hub) for route in settings.routes] == [("one", "b"), ("two", "c")]
    assert settings.routes[0].contact == {"clientIds": ["person.email"]}
    assert settings.schemas.formats == {"leads": "json"}
    assert settings.kafka.properties == {"security.protocol": "SASL_SSL", "client.id": "7"}


def test_an_empty_variable_counts_as_not_set(config: Writer) -> None:
    assert config.load(VALID, {"CONNECTOR__KAFKA__GROUP_ID": ""}).settings.kafka.group_id == "lead-connector"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("CONNECTOR__KAFKA__BOOTSTRAP_SERVER", "CONNECTOR__KAFKA__BOOTSTRAP_SERVERS"),
        ("CONNECTOR__KAFKA_TOPICS", "CONNECTOR__KAFKA__TOPICS"),
        ("CONNECTOR__ROUTES__X__HUB", "CONNECTOR__ROUTES__0__HUB"),
        ("CONNECTOR__DELIVERY__BATCH__LINGER__MS", "CONNECTOR__DELIVERY__BATCH__LINGER"),
        ("CONNECTOR__", ""),
        ("CONNECTOR__ZZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ", ""),
    ],
)
def test_an_unknown_variable_is_a_problem_with_the_nearest_name(config: Writer, name: str, hint: str) -> None:
    [problem] = config.problems(VALID, {name: "s3cret"})
    assert (problem.file, problem.line, problem.column) == (name, None, None)
    assert hint in problem.hint
    assert "s3cret" not in str(problem)


@pytest.mark.parametrize(
    ("name", "value", "path", "words"),
    [
        ("CONNECTOR__UCONTACT__TIMEOUT", "10", "ucontact.timeout", "not a duration"),
        ("CONNECTOR__DELIVERY__MAX_IN_FLIGHT", "many", "delivery.max_in_flight", "whole number"),
        ("CONNECTOR__ROUTES", "[{name: a, contact: {x: y}}]", "routes[0].hub", "required"),
        ("CONNECTOR__ROUTES", "[{name: a", "", "line 1, column 2 of the value"),
        ("CONNECTOR__ROUTES__5__HUB", "a", "", "routes[5]"),
        ("CONNECTOR__KAFKA__PROPERTIES__SASL_PASSWORD", "s3cret", "kafka.properties[sasl.password]", "secret"),
        ("CONNECTOR__KAFKA__TOPICS", "\udcff", "", "UTF-8"),
    ],
)
def test_a_wrong_value_is_told_at_its_variable(config: Writer, name: str, value: str, path: str, words: str) -> None:
    [problem] = config.problems(VALID, {name: value})
    assert (problem.file, problem.line, problem.path) == (name, None, path)
    assert words in problem.message
    assert "s3cret" not in str(problem)


def test_problems_of_the_file_come_before_those_of_the_environment(config: Writer) -> None:
    problems = config.problems(changed("acme", "a.b"), {"CONNECTOR__NOPE": "x"})
    assert [problem.line for problem in problems] == [7, None]
